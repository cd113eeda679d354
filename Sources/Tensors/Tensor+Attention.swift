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
        scale: 1 / Float(dim).squareRoot(), causal: causal ? 1 : 0, prefix: 0)
}

/// Which tokens an attention sees.
public enum AttentionMask: Sendable, Hashable {
    /// All of them.
    case full
    /// Those up to itself.
    case causal
    /// The first so many see each other alone; every later one sees those and the ones up to itself.
    case prefix(Int)
}

extension Tensor {
    /// Multi-head attention softmax(scale · q kᵀ) v of queries [batch, tokens, heads·dim] over keys and values
    /// [batch, keys, heads·dim] → [batch, tokens, heads·dim].
    public static func attention(
        queries q: Tensor, keys k: Tensor, values v: Tensor, heads: Int, scale: Float, mask: AttentionMask = .full
    ) -> Tensor {
        precondition(
            q.rank == 3 && k.rank == 3 && k.shape == v.shape && q.shape[0] == k.shape[0] && q.shape[2] == k.shape[2]
                && heads > 0 && q.shape[2] % heads == 0,
            "attention of \(heads) heads over shapes \(q.shape), \(k.shape) and \(v.shape)")
        let width = q.shape[2]
        let prefix = if case .prefix(let count) = mask { count } else { 0 }
        precondition(prefix >= 0, "a prefix of \(prefix) tokens")
        let form = ck_attention(
            batch: q.shape[0], heads: heads, queries: q.shape[1], keys: k.shape[1], dim: width / heads, q_stride: width,
            kv_stride: width, scale: scale, causal: mask == .full ? 0 : 1, prefix: prefix)
        let isRecorded = q.isRecorded || k.isRecorded || v.isRecorded
        let probabilities = isRecorded ? Storage(count: q.shape[0] * heads * q.shape[1] * k.shape[1]) : nil
        let result = Tensor(uninitialized: q.shape) { buffer in
            guard let out = buffer.baseAddress, buffer.count > 0 else { return }
            withUnsafePointer(to: form) {
                ck_attention_forward(
                    activeLevel, Precision.current.kernelType, $0, out, probabilities?.base, q.base, k.base, v.base)
            }
        }
        guard let probabilities else { return result }
        return result.recorded(from: q, k, v) {
            { dout in
                let (dq, dk, dv) = (Storage(count: q.count), Storage(count: k.count), Storage(count: v.count))
                withUnsafePointer(to: form) {
                    ck_attention_gradient(
                        activeLevel, Precision.current.kernelType, $0, dq.base, dk.base, dv.base, dout.base,
                        probabilities.base, q.base, k.base, v.base)
                }
                return [
                    Tensor(storage: dq, shape: q.shape), Tensor(storage: dk, shape: k.shape),
                    Tensor(storage: dv, shape: v.shape),
                ]
            }
        }
    }
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
