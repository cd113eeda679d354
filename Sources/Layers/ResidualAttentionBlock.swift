import Tensors

/// The pre-norm block of OpenAI's CLIP and of open_clip, with their parameter names: x += attention(ln_1(x)), then
/// x += c_proj(activation(c_fc(ln_2(x)))). One packed product gives q, k and v (`attn.in_proj_weight` [3·width, width],
/// laid out [3][head][channel]).
public struct ResidualAttentionBlock: Sendable {
    public let firstNorm: LayerNorm
    public let inputWeight: Tensor
    public let inputBias: Tensor
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
        inputWeight = weights.tensor("attn.in_proj_weight", [3 * width, width], initial: initial)
        inputBias = weights.tensor("attn.in_proj_bias", [3 * width], initial: .zeros)
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
        let packed = firstNorm(x).linear(inputWeight, bias: inputBias)
        let attended = x + output(packed.selfAttention(heads: heads, causal: causal))
        return attended + network(secondNorm(attended))
    }
}
