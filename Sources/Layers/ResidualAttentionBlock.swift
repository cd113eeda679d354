import Tensors

/// The pre-norm block of OpenAI's CLIP and of open_clip, with their parameter names: x += attention(ln_1(x)), then
/// x += c_proj(activation(c_fc(ln_2(x)))). One packed product gives q, k and v (`attn.in_proj_weight` [3·width, width],
/// laid out [3][head][channel]).
public struct ResidualAttentionBlock: Sendable {
    public let firstNorm: LayerNorm
    /// q, k and v.
    public let input: Linear
    public let output: Linear
    public let secondNorm: LayerNorm
    public let network: FeedForward
    public let heads: Int
    public let causal: Bool

    public init(
        _ weights: Weights, width: Int, heads: Int, activation: Activation, causal: Bool = false,
        initial: Initializer = .truncatedNormal(deviation: 0.02)
    ) {
        firstNorm = LayerNorm(weights["ln_1"], width: width)
        input = Linear(
            weights["attn"], names: ("in_proj_weight", "in_proj_bias"), from: width, to: 3 * width, initial: initial)
        output = Linear(weights["attn.out_proj"], from: width, to: width, initial: initial)
        secondNorm = LayerNorm(weights["ln_2"], width: width)
        network = FeedForward(
            weights["mlp"], names: ("c_fc", "c_proj"), width: width, hidden: 4 * width, activation: activation,
            initial: initial)
        self.heads = heads
        self.causal = causal
    }

    /// x [batch, tokens, width] → the same shape.
    public func callAsFunction(_ x: Tensor) -> Tensor {
        let attended = output(input(firstNorm(x)).selfAttention(heads: heads, causal: causal), addedTo: x)
        return network(secondNorm(attended), addedTo: attended)
    }
}
