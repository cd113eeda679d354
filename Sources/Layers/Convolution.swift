import Tensors

/// A convolution of planar images [batch, channels, height, width] with as many zeros around the image as keep its size,
/// or divide it by the stride: an odd zero lies below and to the right. Parameters `weight` [outputs, inputs, kernel, kernel]
/// and, where it has one, `bias` [outputs].
public struct Convolution: Sendable {
    public let weight: Tensor
    public let bias: Tensor?
    private let kernel: Int
    private let stride: Int

    public init(
        _ weights: Weights, from inputs: Int, to outputs: Int, kernel: Int, stride: Int = 1, bias hasBias: Bool = true,
        initial: Initializer = .xavierUniform
    ) {
        weight = weights.tensor("weight", [outputs, inputs, kernel, kernel], initial: initial)
        bias = hasBias ? weights.tensor("bias", [outputs], initial: .zeros) : nil
        self.kernel = kernel
        self.stride = stride
    }

    public func callAsFunction(_ x: Tensor) -> Tensor {
        precondition(x.rank == 4, "convolution of shape \(x.shape)")
        return x.convolved(
            weight, bias: bias, stride: stride,
            padding: .same(height: x.shape[2], width: x.shape[3], kernel: (kernel, kernel), stride: stride))
    }
}

/// Group normalisation of planar images with gain `weight` and `bias`, one of each to a channel.
public struct GroupNorm: Sendable {
    public let gain: Tensor
    public let bias: Tensor
    public let groups: Int
    public let epsilon: Float

    public init(_ weights: Weights, channels: Int, groups: Int = 32, epsilon: Float = 1e-6) {
        gain = weights.tensor("weight", [channels], initial: .ones)
        bias = weights.tensor("bias", [channels], initial: .zeros)
        self.groups = groups
        self.epsilon = epsilon
    }

    /// x [batch, channels, height, width] → the same shape.
    public func callAsFunction(_ x: Tensor) -> Tensor {
        x.groupNormalized(groups: groups, gain: gain, bias: bias, epsilon: epsilon)
    }
}
