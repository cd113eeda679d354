import Layers
import Tensors

/// Quantized vectors to pixels: the decoder of a MaskGIT-VQGAN, and the pixel decoder of legacy TiTok
/// (reference section 4).
public struct ConvolutionalDecoder: Sendable {
    package struct Level: Sendable {
        let blocks: [ConvolutionalBlock]
        /// Doubles first; nil at the highest resolution.
        let enlargement: Convolution?

        package func callAsFunction(_ x: Tensor) -> Tensor {
            let features = blocks.reduce(x) { $1($0) }
            return enlargement.map { $0(features) } ?? features
        }
    }

    private let input: Convolution
    private let middle: [ConvolutionalBlock]
    /// Highest resolution first, as they are stored; they run backwards.
    package let levels: [Level]
    private let norm: GroupNorm
    private let output: Convolution

    init(_ configuration: MaskGITVQGANConfiguration, weights: Weights) {
        let deepest = configuration.channels(configuration.levels - 1)
        input = Convolution(weights["conv_in"], from: configuration.codeSize, to: deepest, kernel: 3)
        middle = (0..<2).map { ConvolutionalBlock(weights["mid"][$0], from: deepest, to: deepest) }
        levels = (0..<configuration.levels).map { level in
            let channels = configuration.channels(level)
            let above = configuration.channels(min(level + 1, configuration.levels - 1))
            let place = weights["up"][level]
            return Level(
                blocks: (0..<configuration.residualBlocks).map {
                    ConvolutionalBlock(place["block"][$0], from: $0 == 0 ? above : channels, to: channels)
                },
                enlargement: level == 0
                    ? nil : Convolution(place["upsample_conv"], from: channels, to: channels, kernel: 3, isDoubling: true))
        }
        let channels = configuration.channels(0)
        norm = GroupNorm(weights["norm_out"], channels: channels, groups: MaskGITVQGANConfiguration.groups)
        output = Convolution(weights["conv_out"], from: channels, to: 3, kernel: 3)
    }

    /// What the deepest level reads: [batch, channels, grid, grid].
    package func stem(_ codes: Tensor) -> Tensor { middle.reduce(input(codes)) { $1($0) } }

    /// The head after the highest resolution: [batch, 3, side, side].
    package func head(_ x: Tensor) -> Tensor { output(x, after: norm) }

    /// codes [batch, code size, grid, grid] → images [batch, 3, grid · patch, grid · patch], not clamped.
    public func callAsFunction(_ codes: Tensor) -> Tensor {
        head(levels.reversed().reduce(stem(codes)) { $1($0) })
    }
}
