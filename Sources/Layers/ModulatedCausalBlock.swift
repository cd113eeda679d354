import Tensors

/// A block of a causal transformer whose every token has a modulation of its own (adaptive layer norm after DiT; RAR's
/// blocks and those of TokenBridge's channel head): x += g₁ ∘ attention(LN(x) ∘ (1 + s₁) + h₁), then
/// x += g₂ ∘ network(LN(x) ∘ (1 + s₂) + h₂), with h, s and g of a linear map of silu(condition). The norms have gain and
/// bias besides.
public struct ModulatedCausalBlock: Sendable {
    private let firstNorm: LayerNorm
    private let attention: CausalSelfAttention
    private let secondNorm: LayerNorm
    private let network: FeedForward
    private let modulationMap: Linear
    private let width: Int

    public init(_ weights: Weights, width: Int, heads: Int, hidden: Int, epsilon: Float = 1e-6, initial: Initializer) {
        firstNorm = LayerNorm(weights["norm1"], width: width, epsilon: epsilon)
        attention = CausalSelfAttention(weights["attn"], width: width, heads: heads, headNorm: epsilon, initial: initial)
        secondNorm = LayerNorm(weights["norm2"], width: width, epsilon: epsilon)
        network = FeedForward(weights["mlp"], width: width, hidden: hidden, activation: .gelu, initial: initial)
        modulationMap = Linear(weights["adaLN_modulation.1"], from: width, to: 6 * width, initial: .zeros)
        self.width = width
    }

    /// Bytes of the maps that every token needs, without that of the modulation.
    public var byteCount: Int {
        attention.qkv.byteCount + attention.projection.byteCount + network.first.byteCount + network.second.byteCount
    }

    /// Bytes of the map of the modulation.
    public var modulationByteCount: Int { modulationMap.byteCount }

    /// The modulation of tokens whose conditions, after silu, are `activated` [..., width]: [..., 6·width]. It does not
    /// depend on the tokens, so that one pass over the map's weights serves many.
    public func modulation(_ activated: Tensor) -> Tensor { modulationMap(activated) }

    /// x [batch, tokens, width] → the same shape.
    ///
    /// - Parameters:
    ///   - modulation: [batch, tokens, 6·width].
    ///   - cache: what came before x; nil where x is the whole sequence.
    ///   - layer: the block's place in the cache.
    public func callAsFunction(
        _ x: Tensor, modulation: Tensor, cache: KeyValueCache? = nil, layer: Int = 0
    ) -> Tensor {
        let rows = x.count / width
        // As so many sequences of one token, since every token has a modulation of its own.
        let single = [rows, 1, width]
        let parts = modulation.reshaped([rows, 6 * width])
        func part(_ index: Int) -> Tensor { parts.sliced(axis: 1, index * width..<(index + 1) * width) }
        func modulated(_ h: Tensor, _ first: Int) -> Tensor {
            (h + part(first).reshaped(single)).addingGated(h, by: part(first + 1))
        }
        let residual = x.reshaped(single)
        let attended = attention(
            modulated(firstNorm(residual), 0).reshaped(x.shape), addedTo: residual, gate: part(2), cache: cache,
            layer: layer)
        return network(modulated(secondNorm(attended), 3), addedTo: attended, gate: part(5)).reshaped(x.shape)
    }
}

/// What comes before the map to logits: LN(x) ∘ (1 + s) + h without gain and bias, with s and h, in this order, of a linear
/// map of silu(condition).
public struct ModulatedNorm: Sendable {
    private let modulationMap: Linear
    private let width: Int
    private let epsilon: Float

    public init(_ weights: Weights, width: Int, epsilon: Float = 1e-6) {
        modulationMap = Linear(weights["adaLN_modulation.1"], from: width, to: 2 * width, initial: .zeros)
        self.width = width
        self.epsilon = epsilon
    }

    /// Bytes of the map of the modulation.
    public var modulationByteCount: Int { modulationMap.byteCount }

    /// As with `ModulatedCausalBlock`: [..., width] → [..., 2·width].
    public func modulation(_ activated: Tensor) -> Tensor { modulationMap(activated) }

    /// x [batch, tokens, width] → the same shape.
    public func callAsFunction(_ x: Tensor, modulation: Tensor) -> Tensor {
        let rows = x.count / width
        let parts = modulation.reshaped([rows, 2 * width])
        return x.reshaped([rows, 1, width]).modulated(
            shift: parts.sliced(axis: 1, width..<2 * width), scale: parts.sliced(axis: 1, 0..<width), epsilon: epsilon
        ).reshaped(x.shape)
    }
}
