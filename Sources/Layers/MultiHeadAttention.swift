import Tensors

/// Multi-head attention of one sequence to another, with PyTorch's parameter names: `in_proj_weight` [3·width, width] and
/// `in_proj_bias` give q, k and v, one below the other, and `out_proj` what they become.
public struct MultiHeadAttention: Sendable {
    private let input: Linear
    private let output: Linear
    private let width: Int
    private let heads: Int

    public init(_ weights: Weights, width: Int, heads: Int, initial: Initializer = .xavierUniform) {
        precondition(heads > 0 && width % heads == 0, "\(heads) heads of a width of \(width)")
        input = Linear(weights, names: ("in_proj_weight", "in_proj_bias"), from: width, to: 3 * width, initial: initial)
        output = Linear(weights["out_proj"], from: width, to: width, initial: initial)
        self.width = width
        self.heads = heads
    }

    /// residual + attention of queries [batch, queries, width] to keys and values [batch, keys, width].
    public func callAsFunction(queries: Tensor, keys: Tensor, values: Tensor, addedTo residual: Tensor) -> Tensor {
        let attended = Tensor.attention(
            queries: input(queries, outputs: 0..<width), keys: input(keys, outputs: width..<2 * width),
            values: input(values, outputs: 2 * width..<3 * width), heads: heads,
            scale: 1 / Float(width / heads).squareRoot())
        return output(attended, addedTo: residual)
    }

    /// residual + attention of x [batch, tokens, width] to itself.
    public func callAsFunction(_ x: Tensor, addedTo residual: Tensor) -> Tensor {
        output(input(x).selfAttention(heads: heads), addedTo: residual)
    }
}
