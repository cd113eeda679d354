import Tensors

/// A convolution of planar images [batch, channels, height, width]. Parameters `weight` [outputs, inputs, kernel, kernel] and,
/// where it has one, `bias` [outputs].
public struct Convolution: Sendable {
    /// Of shape [0] where it is packed.
    public let weight: Tensor
    public let bias: Tensor?
    private let packed: PackedKernel?
    private let kernel: Int
    private let stride: Int
    private let padding: Padding?
    private let isDoubling: Bool

    /// - Parameters:
    ///   - padding: zeros around the image; nil for as many as keep its size, or divide it by the stride: an odd zero lies below
    ///     and to the right.
    ///   - isDoubling: whether every pixel of an image becomes 2×2 of them first.
    public init(
        _ weights: Weights, from inputs: Int, to outputs: Int, kernel: Int, stride: Int = 1, padding: Padding? = nil,
        isDoubling: Bool = false, bias hasBias: Bool = true, initial: Initializer = .xavierUniform
    ) {
        precondition(!isDoubling || stride == 1, "a stride of \(stride) over doubled images")
        let shape = [outputs, inputs, kernel, kernel]
        packed = weights.packedKernel("weight", shape, for: isDoubling ? .doubled : stride == 1 ? .unitStride : .any)
        self.isDoubling = isDoubling
        weight = packed == nil ? weights.tensor("weight", shape, initial: initial) : .zeros([0])
        bias = hasBias ? weights.tensor("bias", [outputs], initial: .zeros) : nil
        self.kernel = kernel
        self.stride = stride
        self.padding = padding
    }

    public func callAsFunction(_ x: Tensor) -> Tensor { convolve(x) }

    /// The convolution of silu(norm(x)), as residual blocks have it, added to `residual` where there is one.
    public func callAsFunction(_ x: Tensor, after norm: GroupNorm, addedTo residual: Tensor? = nil) -> Tensor {
        if packed == nil {
            let branch = convolve(norm(x).applying(.silu))
            return residual.map { $0 + branch } ?? branch
        }
        return convolve(x, ConvolutionInput(scaling: norm.scaling(x), activation: .silu), addedTo: residual)
    }

    private func convolve(_ x: Tensor, _ input: ConvolutionInput = ConvolutionInput(), addedTo residual: Tensor? = nil) -> Tensor {
        precondition(x.rank == 4, "convolution of shape \(x.shape)")
        let x = isDoubling && packed == nil ? x.doubled2x2() : x
        var input = input
        input.isDoubled = isDoubling && packed != nil
        let times = input.isDoubled ? 2 : 1
        let padding =
            padding
            ?? .same(height: times * x.shape[2], width: times * x.shape[3], kernel: (kernel, kernel), stride: stride)
        guard let packed else { return x.convolved(weight, bias: bias, stride: stride, padding: padding) }
        return x.convolved(packed, bias: bias, stride: stride, padding: padding, input: input, addedTo: residual)
    }
}

extension Tensor {
    /// Gives back the memory that features of other resolutions took, which the next level of a convolutional network has no
    /// use for; a training step comes back to it.
    package func releaseOtherResolutions() {
        if !isRecorded { Machine.releaseCachedMemory() }
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

    /// What it does to every plane of x, without doing it.
    func scaling(_ x: Tensor) -> (scale: Tensor, shift: Tensor) {
        x.groupScaling(groups: groups, gain: gain, bias: bias, epsilon: epsilon)
    }
}
