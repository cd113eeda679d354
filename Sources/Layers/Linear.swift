import Tensors

/// y = x Wᵀ + b over the last axis, with `weight` [outputs, inputs] and `bias` [outputs].
public struct Linear: Sendable {
    public let weight: Tensor
    public let bias: Tensor?

    /// `kernel` are trailing axes of extent 1 in the stored weight: a 1×1 convolution is a linear map.
    public init(
        _ weights: Weights, from inputs: Int, to outputs: Int, bias hasBias: Bool = true, kernel: [Int] = [],
        initial: Initializer = .xavierUniform, biasInitial: Initializer = .zeros
    ) {
        let stored = weights.tensor("weight", [outputs, inputs] + kernel, initial: initial)
        weight = kernel.isEmpty || stored.count != inputs * outputs ? stored : stored.reshaped([outputs, inputs])
        bias = hasBias ? weights.tensor("bias", [outputs], initial: biasInitial) : nil
    }

    /// The patch embedding of a vision transformer: a convolution [outputs, channels, patch, patch] with stride `patch`,
    /// applied to flattened patches [..., channels·patch·patch].
    public init(
        convolution weights: Weights, channels: Int, patch: Int, to outputs: Int, initial: Initializer,
        biasInitial: Initializer = .zeros
    ) {
        let stored = weights.tensor("weight", [outputs, channels, patch, patch], initial: initial)
        let inputs = channels * patch * patch
        weight = stored.count == inputs * outputs ? stored.reshaped([outputs, inputs]) : stored
        bias = weights.tensor("bias", [outputs], initial: biasInitial)
    }

    /// x [..., inputs] → [..., outputs].
    public func callAsFunction(_ x: Tensor) -> Tensor { x.linear(weight, bias: bias) }
}
