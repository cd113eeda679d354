import CKernels

extension Tensor {
    /// Multi-head attention softmax(scale · q kᵀ) v of queries [batch, tokens, width] over keys and values
    /// [batch, keys, width], heads side by side in a row and without a mask → [batch, tokens, width].
    public static func attention(queries: Tensor, keys: Tensor, values: Tensor, heads: Int, scale: Float) -> Tensor {
        let shape = queries.shape
        precondition(
            queries.rank == 3 && keys.rank == 3 && keys.shape == values.shape && keys.shape[0] == shape[0]
                && keys.shape[2] == shape[2] && heads > 0 && shape[2] % heads == 0,
            "attention of \(heads) heads over shapes \(shape), \(keys.shape) and \(values.shape)")
        let (batch, tokens, width) = (shape[0], shape[1], shape[2])
        let form = ck_attention(
            batch: batch, heads: heads, queries: tokens, keys: keys.shape[1], dim: width / heads, q_stride: width,
            kv_stride: width, scale: scale, causal: 0)
        let keeps = queries.isRecorded || keys.isRecorded || values.isRecorded
        let probabilities = keeps ? Storage(count: batch * heads * tokens * keys.shape[1]) : nil
        let result = Tensor(uninitialized: shape) { buffer in
            guard let out = buffer.baseAddress, buffer.count > 0 else { return }
            withUnsafePointer(to: form) {
                ck_attention_forward(
                    activeLevel, Precision.current.kernelType, $0, out, probabilities?.base, queries.base, keys.base,
                    values.base)
            }
        }
        guard let probabilities else { return result }
        return result.recorded(from: queries, keys, values) {
            { dout in
                let dk = Storage(count: keys.count)
                let dv = Storage(count: keys.count)
                let dq = Tensor(uninitialized: shape) { buffer in
                    guard let out = buffer.baseAddress, buffer.count > 0 else { return }
                    withUnsafePointer(to: form) {
                        ck_attention_gradient(
                            activeLevel, Precision.current.kernelType, $0, out, dk.base, dv.base, dout.base,
                            probabilities.base, queries.base, keys.base, values.base)
                    }
                }
                return [dq, Tensor(storage: dk, shape: keys.shape), Tensor(storage: dv, shape: keys.shape)]
            }
        }
    }
}
