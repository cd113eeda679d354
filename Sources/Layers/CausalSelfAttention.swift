import Tensors

/// Self-attention of a decoder: every token sees those up to its own. One packed product gives q, k and v, laid out
/// [3][head][channel]; q and k may be normalised head by head, with parameters that the heads share.
public struct CausalSelfAttention: Sendable {
    public let qkv: Linear
    public let projection: Linear
    public let heads: Int
    private let queryNorm: LayerNorm?
    private let keyNorm: LayerNorm?

    /// - Parameters:
    ///   - names: those of the two maps in the checkpoint.
    ///   - bias: whether the maps have biases.
    ///   - headNorm: the epsilon of the norms `q_norm` and `k_norm`; nil where there are none.
    public init(
        _ weights: Weights, names: (qkv: String, projection: String) = ("qkv", "proj"), width: Int, heads: Int,
        bias: Bool = true, headNorm: Float? = nil, initial: Initializer = .xavierUniform
    ) {
        qkv = Linear(weights[names.qkv], from: width, to: 3 * width, bias: bias, initial: initial)
        queryNorm = headNorm.map { LayerNorm(weights["q_norm"], width: width / heads, epsilon: $0) }
        keyNorm = headNorm.map { LayerNorm(weights["k_norm"], width: width / heads, epsilon: $0) }
        projection = Linear(weights[names.projection], from: width, to: width, bias: bias, initial: initial)
        self.heads = heads
    }

    /// What the tokens x [batch, tokens, width] take from each other, through the output map.
    ///
    /// - Parameters:
    ///   - cache: what came before x and is seen too; x is added to it. Nil where x is the whole sequence.
    ///   - layer: the place of this attention in the cache.
    public func callAsFunction(_ x: Tensor, cache: KeyValueCache? = nil, layer: Int = 0) -> Tensor {
        projection(attended(x, cache: cache, layer: layer))
    }

    /// residual + attention of x.
    public func callAsFunction(_ x: Tensor, addedTo residual: Tensor, cache: KeyValueCache? = nil, layer: Int = 0) -> Tensor {
        projection(attended(x, cache: cache, layer: layer), addedTo: residual)
    }

    /// residual + gate ∘ attention of x, for residual [batch·tokens, 1, width] with a gate to every token
    /// [batch·tokens, width].
    public func callAsFunction(
        _ x: Tensor, addedTo residual: Tensor, gate: Tensor, cache: KeyValueCache? = nil, layer: Int = 0
    ) -> Tensor {
        projection(attended(x, cache: cache, layer: layer).reshaped(residual.shape), addedTo: residual, gate: gate)
    }

    private func attended(_ x: Tensor, cache: KeyValueCache?, layer: Int) -> Tensor {
        let packed = normalizedHeads(qkv(x))
        return cache?.attention(packed, layer: layer) ?? packed.selfAttention(heads: heads, causal: true)
    }

    private func normalizedHeads(_ packed: Tensor) -> Tensor {
        guard let queryNorm, let keyNorm else { return packed }
        let (batch, tokens, width) = (packed.shape[0], packed.shape[1], packed.shape[2] / 3)
        func normalized(_ part: Int, _ norm: LayerNorm) -> Tensor {
            norm(packed.sliced(axis: 2, part * width..<(part + 1) * width).reshaped([batch, tokens, heads, width / heads]))
                .reshaped([batch, tokens, width])
        }
        return Tensor.concatenated(
            [normalized(0, queryNorm), normalized(1, keyNorm), packed.sliced(axis: 2, 2 * width..<3 * width)], axis: 2)
    }
}
