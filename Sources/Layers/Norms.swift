import Tensors

/// Layer normalisation with gain and bias.
public struct LayerNorm: Sendable {
    public let gain: Tensor
    public let bias: Tensor
    public let epsilon: Float

    public init(_ weights: Weights, width: Int, epsilon: Float = 1e-5) {
        gain = weights.tensor("weight", [width], initial: .ones)
        bias = weights.tensor("bias", [width], initial: .zeros)
        self.epsilon = epsilon
    }

    /// x [..., width] → the same shape.
    public func callAsFunction(_ x: Tensor) -> Tensor { x.layerNormalized(gain: gain, bias: bias, epsilon: epsilon) }
}

/// g (x - mean) / (s + epsilon) + b, s the unbiased standard std: the norm of FlowTok's text encoder, with its
/// parameter names `g` and `b`.
public struct StandardNorm: Sendable {
    public let gain: Tensor
    public let bias: Tensor
    public let epsilon: Float

    public init(_ weights: Weights, width: Int, epsilon: Float = 1e-5) {
        gain = weights.tensor("g", [width], initial: .ones)
        bias = weights.tensor("b", [width], initial: .zeros)
        self.epsilon = epsilon
    }

    public func callAsFunction(_ x: Tensor) -> Tensor { x.standardized(gain: gain, bias: bias, epsilon: epsilon) }
}

/// x / √(mean of squares + epsilon) times a gain `weight`, over the last axis (Zhang and Sennrich, 2019).
public struct RMSNorm: Sendable {
    public let gain: Tensor
    public let epsilon: Float

    public init(_ weights: Weights, width: Int, epsilon: Float = 1e-5) {
        gain = weights.tensor("weight", [width], initial: .ones)
        self.epsilon = epsilon
    }

    /// x [..., width] → the same shape.
    public func callAsFunction(_ x: Tensor) -> Tensor { x.rootMeanSquareNormalized(gain: gain, epsilon: epsilon) }
}
