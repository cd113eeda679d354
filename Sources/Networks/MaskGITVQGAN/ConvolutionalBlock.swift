import Layers
import Tensors

/// A residual block of a MaskGIT-VQGAN: h = conv2(silu(norm2(conv1(silu(norm1(x)))))), then x + h.
///
/// Where the number of channels changes, the result is h + nin_shortcut(h): the shortcut reads the branch and not the
/// input, in the original and in every checkpoint since (reference section 4).
struct ConvolutionalBlock: Sendable {
    let firstNorm: GroupNorm
    let first: Convolution
    let secondNorm: GroupNorm
    let second: Convolution
    let shortcut: Convolution?

    init(_ weights: Weights, from inputs: Int, to outputs: Int) {
        firstNorm = GroupNorm(weights["norm1"], channels: inputs, groups: MaskGITVQGANConfiguration.groups)
        first = Convolution(weights["conv1"], from: inputs, to: outputs, kernel: 3, bias: false)
        secondNorm = GroupNorm(weights["norm2"], channels: outputs, groups: MaskGITVQGANConfiguration.groups)
        second = Convolution(weights["conv2"], from: outputs, to: outputs, kernel: 3, bias: false)
        shortcut =
            inputs == outputs
            ? nil : Convolution(weights["nin_shortcut"], from: outputs, to: outputs, kernel: 1, bias: false)
    }

    func callAsFunction(_ x: Tensor) -> Tensor {
        let branch = first(x, after: firstNorm)
        guard let shortcut else { return second(branch, after: secondNorm, addedTo: x) }
        let result = second(branch, after: secondNorm)
        return result + shortcut(result)
    }
}
