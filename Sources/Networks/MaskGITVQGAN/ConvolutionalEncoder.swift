import Layers
import Tensors

/// Pixels to the vectors that a MaskGIT-VQGAN quantizes (reference section 4).
public struct ConvolutionalEncoder: Sendable {
    package struct Level: Sendable {
        let blocks: [ConvolutionalBlock]
        let isPooled: Bool

        package func callAsFunction(_ x: Tensor) -> Tensor {
            let features = blocks.reduce(x) { $1($0) }
            return isPooled ? features.averagePooled2x2() : features
        }
    }

    package let input: Convolution
    /// Highest resolution first.
    package let levels: [Level]
    private let middle: [ConvolutionalBlock]
    private let norm: GroupNorm
    private let output: Convolution

    init(_ configuration: MaskGITVQGANConfiguration, weights: Weights) {
        var channels = configuration.channels(0)
        input = Convolution(weights["conv_in"], from: 3, to: channels, kernel: 3, bias: false)
        levels = (0..<configuration.levels).map { level in
            let blocks = (0..<configuration.residualBlocks).map { index in
                defer { channels = configuration.channels(level) }
                return ConvolutionalBlock(
                    weights["down"][level]["block"][index], from: channels, to: configuration.channels(level))
            }
            return Level(blocks: blocks, isPooled: level < configuration.levels - 1)
        }
        middle = (0..<2).map { ConvolutionalBlock(weights["mid"][$0], from: channels, to: channels) }
        norm = GroupNorm(weights["norm_out"], channels: channels, groups: MaskGITVQGANConfiguration.groups)
        output = Convolution(weights["conv_out"], from: channels, to: configuration.codeSize, kernel: 1)
    }

    /// The head after the last level: [batch, code size, height, width].
    package func head(_ x: Tensor) -> Tensor { output(middle.reduce(x) { $1($0) }, after: norm) }

    /// images [batch, 3, height, width], both multiples of the patch size → [batch, code size, height / patch, …].
    public func callAsFunction(_ images: Tensor) -> Tensor { head(levels.reduce(input(images)) { $1($0) }) }
}
