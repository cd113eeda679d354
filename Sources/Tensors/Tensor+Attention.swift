import CKernels

extension Tensor {
    /// Multi-head self-attention of a packed product qkv [batch, tokens, 3·width], laid out [3][head][channel]
    /// → [batch, tokens, width]: softmax(q kᵀ / √(head dim)) v, no mask unless `causal`.
    public func selfAttention(heads: Int, causal: Bool = false) -> Tensor {
        precondition(
            rank == 3 && heads > 0 && shape[2] % (3 * heads) == 0, "attention of \(heads) heads over shape \(shape)")
        let width = shape[2] / 3
        let form = attentionShape(
            batch: shape[0], heads: heads, tokens: shape[1], width: width, stride: 3 * width, causal: causal)
        let probabilities = isRecorded ? Storage(count: shape[0] * heads * shape[1] * shape[1]) : nil
        let result = Tensor(uninitialized: [shape[0], shape[1], width]) { buffer in
            guard let out = buffer.baseAddress, buffer.count > 0 else { return }
            withUnsafePointer(to: form) {
                ck_attention_forward(
                    activeLevel, Precision.current.kernelType, $0, out, probabilities?.base, base, base + width,
                    base + 2 * width)
            }
        }
        guard let probabilities else { return result }
        return result.recorded(from: self) {
            { dout in
                [
                    Tensor(uninitialized: self.shape) { buffer in
                        guard let out = buffer.baseAddress else { return }
                        withUnsafePointer(to: form) {
                            ck_attention_gradient(
                                activeLevel, Precision.current.kernelType, $0, out, out + width, out + 2 * width,
                                dout.base, probabilities.base, self.base, self.base + width, self.base + 2 * width)
                        }
                    }
                ]
            }
        }
    }

    /// Rotates q and k of the first tokens of a packed product qkv [batch, tokens, 3·width] by a table of angles
    /// (rotary position embedding on adjacent pairs); later tokens and v stay.
    public func rotatingQueriesAndKeys(_ table: RotaryTable, heads: Int) -> Tensor {
        precondition(
            rank == 3 && shape[2] == 3 * heads * table.dimension && table.positions <= shape[1],
            "rotary table \(table.positions)×\(table.dimension) for \(heads) heads of shape \(shape)")
        let (batch, tokens, stride) = (shape[0], shape[1], shape[2])
        func rotated(_ x: Tensor, _ direction: Float) -> Tensor {
            Tensor(uninitialized: x.shape) { buffer in
                guard let out = buffer.baseAddress else { return }
                inRows(batch * tokens, width: stride) { start, rows in
                    (out + start * stride).update(from: x.base + start * stride, count: rows * stride)
                    for row in start..<start + rows where row % tokens < table.positions {
                        let position = row % tokens * table.dimension
                        kernels.rotate(
                            out + row * stride, table.cosines.base + position, table.sines.base + position, 2 * heads,
                            table.dimension, direction)
                    }
                }
            }
        }
        return rotated(self, 1).recorded(from: self) { { dy in [rotated(dy, -1)] } }
    }
}

extension Tensor {
    /// The same as `rotatingQueriesAndKeys`, in place where nothing else holds these values and no gradient is asked for.
    public mutating func rotateQueriesAndKeys(_ table: RotaryTable, heads: Int) {
        guard !isRecorded, ownsStorage, rank == 3, shape[2] == 3 * heads * table.dimension,
            table.positions <= shape[1]
        else {
            self = rotatingQueriesAndKeys(table, heads: heads)
            return
        }
        let (batch, tokens, stride) = (shape[0], shape[1], shape[2])
        let values = base
        inRows(batch * tokens, width: stride) { start, rows in
            for row in start..<start + rows where row % tokens < table.positions {
                let position = row % tokens * table.dimension
                kernels.rotate(
                    values + row * stride, table.cosines.base + position, table.sines.base + position, 2 * heads,
                    table.dimension, 1)
            }
        }
    }
}

private func attentionShape(batch: Int, heads: Int, tokens: Int, width: Int, stride: Int, causal: Bool) -> ck_attention {
    let dim = width / heads
    return ck_attention(
        batch: batch, heads: heads, queries: tokens, keys: tokens, dim: dim, q_stride: stride, kv_stride: stride,
        scale: 1 / Float(dim).squareRoot(), causal: causal ? 1 : 0)
}

/// Cosines and sines of rotary position embedding, [positions, dimension] each; every angle stands on two adjacent
/// channels.
public struct RotaryTable: Sendable {
    public let positions: Int
    public let dimension: Int
    public let cosines: Tensor
    public let sines: Tensor

    public init(cosines: Tensor, sines: Tensor) {
        precondition(
            cosines.rank == 2 && cosines.shape == sines.shape, "rotary tables \(cosines.shape) and \(sines.shape)")
        positions = cosines.shape[0]
        dimension = cosines.shape[1]
        self.cosines = cosines
        self.sines = sines
    }
}
