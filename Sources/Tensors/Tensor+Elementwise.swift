import CKernels

/// Element-wise functions with a gradient.
public enum Activation: String, Sendable, Codable {
    case relu
    /// The tanh approximation of GELU.
    case geluTanh = "gelu_tanh"
    /// x·Φ(x) with the error function.
    case gelu
    /// x·sigmoid(1.702 x), as in OpenAI's CLIP.
    case quickGELU = "quick_gelu"
    case silu
    case exp
    case absolute
    case tanh

    var kind: ck_activation {
        switch self {
        case .relu: CK_RELU
        case .geluTanh: CK_GELU_TANH
        case .gelu: CK_GELU_ERF
        case .quickGELU: CK_QUICK_GELU
        case .silu: CK_SILU
        case .exp: CK_EXP
        case .absolute: CK_ABS
        case .tanh: CK_TANH
        }
    }
}

extension Tensor {
    /// A new tensor whose pieces `body` computes from a start and a length.
    @inline(__always)
    static func computed(_ shape: [Int], _ body: (UnsafeMutablePointer<Float>, Int, Int) -> Void) -> Tensor {
        Tensor(uninitialized: shape) { buffer in
            guard let base = buffer.baseAddress else { return }
            inPieces(buffer.count) { start, length in body(base + start, start, length) }
        }
    }

    var base: UnsafeMutablePointer<Float> { storage.base }

    func requireSameShape(_ other: Tensor, _ operation: String) {
        precondition(shape == other.shape, "\(operation) of shapes \(shape) and \(other.shape)")
    }

    /// The sum without recording.
    func adding(_ other: Tensor) -> Tensor {
        requireSameShape(other, "sum")
        return .computed(shape) { out, start, length in kernels.add(out, base + start, other.base + start, length) }
    }

    func scaled(_ factor: Float, plus offset: Float = 0) -> Tensor {
        .computed(shape) { out, start, length in kernels.affine(out, base + start, factor, offset, length) }
    }

    public static func + (a: Tensor, b: Tensor) -> Tensor {
        a.adding(b).recorded(from: a, b) { { dy in [dy, dy] } }
    }

    public static func - (a: Tensor, b: Tensor) -> Tensor {
        a.requireSameShape(b, "difference")
        return Tensor.computed(a.shape) { out, start, length in
            kernels.subtract(out, a.base + start, b.base + start, length)
        }.recorded(from: a, b) { { dy in [dy, dy.scaled(-1)] } }
    }

    public static func * (a: Tensor, b: Tensor) -> Tensor {
        a.requireSameShape(b, "product")
        func times(_ x: Tensor, _ y: Tensor) -> Tensor {
            .computed(x.shape) { out, start, length in kernels.multiply(out, x.base + start, y.base + start, length) }
        }
        return times(a, b).recorded(from: a, b) {
            { dy in [a.isRecorded ? times(dy, b) : nil, b.isRecorded ? times(dy, a) : nil] }
        }
    }

    public static func * (a: Tensor, factor: Float) -> Tensor {
        a.scaled(factor).recorded(from: a) { { dy in [dy.scaled(factor)] } }
    }

    public static func + (a: Tensor, offset: Float) -> Tensor {
        a.scaled(1, plus: offset).recorded(from: a) { { dy in [dy] } }
    }

    /// The function applied to every value.
    public func applying(_ activation: Activation) -> Tensor {
        let kind = activation.kind
        return Tensor.computed(shape) { out, start, length in kernels.activate(kind, out, base + start, length) }
            .recorded(from: self) {
                { dy in
                    [
                        .computed(self.shape) { out, start, length in
                            kernels.activate_gradient(kind, out, self.base + start, dy.base + start, length)
                        }
                    ]
                }
            }
    }

    /// The values limited to `range`; the gradient passes where they lie inside.
    public func clamped(to range: ClosedRange<Float>) -> Tensor {
        Tensor.computed(shape) { out, start, length in
            for i in 0..<length { out[i] = min(max(base[start + i], range.lowerBound), range.upperBound) }
        }.recorded(from: self) {
            { dy in
                [
                    .computed(self.shape) { out, start, length in
                        for i in 0..<length {
                            out[i] = range.contains(self.base[start + i]) ? dy.base[start + i] : 0
                        }
                    }
                ]
            }
        }
    }

    /// This tensor [..., rows, width] plus a table of the trailing shape, repeated over the leading axes: a bias, or an
    /// embedding of positions.
    public func addingRepeated(_ table: Tensor) -> Tensor {
        precondition(
            shape.suffix(table.rank) == table.shape[...], "repeated sum of shapes \(shape) and \(table.shape)")
        let width = table.count
        let repeats = width == 0 ? 0 : count / width
        let sum = Tensor(uninitialized: shape) { buffer in
            guard let out = buffer.baseAddress else { return }
            inRows(repeats, width: width) { start, rows in
                kernels.add_row(out + start * width, base + start * width, table.base, rows, width)
            }
        }
        return sum.recorded(from: self, table) {
            { dy in [dy, table.isRecorded ? dy.summedOverLeading(shape: table.shape) : nil] }
        }
    }

    /// The sum over the leading axes down to the trailing `shape`, without recording.
    func summedOverLeading(shape trailing: [Int]) -> Tensor {
        let width = elementCount(of: trailing)
        let repeats = width == 0 ? 0 : count / width
        // Partial sums over fixed blocks of rows, added in order.
        let block = max(1, (repeats + 15) / 16)
        let blocks = (repeats + block - 1) / block
        let partial = Tensor(uninitialized: [max(blocks, 1), width]) { buffer in
            buffer.update(repeating: 0)
            guard let out = buffer.baseAddress else { return }
            parallelFor(blocks) { index in
                let start = index * block
                kernels.sum_columns(
                    out + index * width, base + start * width, min(block, repeats - start), width)
            }
        }
        return Tensor(uninitialized: trailing) { buffer in
            buffer.update(repeating: 0)
            guard let out = buffer.baseAddress else { return }
            kernels.sum_columns(out, partial.base, max(blocks, 1), width)
        }
    }

    /// x + gate ∘ y for x and y [batch, tokens, width], gate [batch, width].
    public func addingGated(_ y: Tensor, by gate: Tensor) -> Tensor {
        requireSameShape(y, "gated sum")
        precondition(
            rank == 3 && gate.shape == [shape[0], shape[2]], "gate of shape \(gate.shape) for tokens of shape \(shape)")
        let (batch, tokens, width) = (shape[0], shape[1], shape[2])
        let size = tokens * width
        let sum = Tensor(uninitialized: shape) { buffer in
            guard let out = buffer.baseAddress else { return }
            parallelFor(batch) { b in
                kernels.add_gated(
                    out + b * size, base + b * size, gate.base + b * width, y.base + b * size, tokens, width)
            }
        }
        return sum.recorded(from: self, y, gate) {
            { dout in
                let dgate = Storage(count: batch * width)
                dgate.base.update(repeating: 0, count: batch * width)
                let dy = Tensor(uninitialized: y.shape) { buffer in
                    guard let out = buffer.baseAddress else { return }
                    parallelFor(batch) { b in
                        kernels.add_gated_gradient(
                            out + b * size, dgate.base + b * width, dout.base + b * size, gate.base + b * width,
                            y.base + b * size, tokens, width)
                    }
                }
                return [dout, dy, Tensor(storage: dgate, shape: gate.shape)]
            }
        }
    }

    /// silu(a) ∘ b for rows [a, b] (SwiGLU); the last axis is halved.
    public func swiGLU() -> Tensor {
        precondition(rank > 0 && shape[rank - 1] % 2 == 0, "SwiGLU of shape \(shape)")
        let half = shape[rank - 1] / 2
        let rows = half == 0 ? 0 : count / (2 * half)
        let gated = Tensor(uninitialized: shape.dropLast() + [half]) { buffer in
            guard let out = buffer.baseAddress else { return }
            inRows(rows, width: half) { start, length in
                kernels.swiglu(out + start * half, base + start * 2 * half, length, half)
            }
        }
        return gated.recorded(from: self) {
            { dout in
                [
                    Tensor(uninitialized: self.shape) { buffer in
                        guard let out = buffer.baseAddress else { return }
                        inRows(rows, width: half) { start, length in
                            kernels.swiglu_gradient(
                                out + start * 2 * half, self.base + start * 2 * half, dout.base + start * half, length,
                                half)
                        }
                    }
                ]
            }
        }
    }
}

extension Tensor {
    /// Each sample [batch, …] times its own factor.
    public func scaledPerSample(_ factors: [Float]) -> Tensor {
        precondition(rank > 0 && factors.count == shape[0], "\(factors.count) factors for shape \(shape)")
        let size = shape[0] == 0 ? 0 : count / shape[0]
        func scaled(_ x: Tensor) -> Tensor {
            Tensor(uninitialized: x.shape) { buffer in
                guard let out = buffer.baseAddress else { return }
                for (b, factor) in factors.enumerated() {
                    kernels.affine(out + b * size, x.base + b * size, factor, 0, size)
                }
            }
        }
        return scaled(self).recorded(from: self) { { dy in [scaled(dy)] } }
    }

    /// x ∘ factor + offset with one factor and one offset [width] for every row of the last axis.
    public func scaledPerChannel(_ factors: [Float], plus offsets: [Float]) -> Tensor {
        precondition(
            rank > 0 && factors.count == shape[rank - 1] && offsets.count == factors.count,
            "\(factors.count) factors and \(offsets.count) offsets for shape \(shape)")
        let width = factors.count
        func scaled(_ x: Tensor, _ offsets: [Float]?) -> Tensor {
            Tensor(uninitialized: x.shape) { buffer in
                for i in buffer.indices { buffer[i] = x.base[i] * factors[i % width] + (offsets?[i % width] ?? 0) }
            }
        }
        return scaled(self, offsets).recorded(from: self) { { dy in [scaled(dy, nil)] } }
    }
}
