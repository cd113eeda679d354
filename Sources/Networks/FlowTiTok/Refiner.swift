import Files
import Layers
import Tensors

/// The shape of a decoder's refiner.
public struct RefinerConfiguration: Sendable, Hashable, Codable {
    /// Channels at a quarter of the picture's side; a multiple of 16.
    public var channels: Int
    /// Residual blocks at that size.
    public var blocks: Int

    public init(channels: Int, blocks: Int) {
        self.channels = channels
        self.blocks = blocks
    }

    /// - Throws: `InvalidValue` for the first value that cannot be used.
    func validate(patch: Int, key: String) throws(InvalidValue) {
        if patch % 4 != 0 { throw InvalidValue("refiner goes with a \(key) that is a multiple of 4, not with \(patch)") }
        if !(16...1024).contains(channels) || channels % 16 != 0 {
            throw InvalidValue("refiner.channels is \(channels), expected a multiple of 16 up to 1024")
        }
        guard (0...64).contains(blocks) else { throw InvalidValue("refiner.blocks is \(blocks), expected 0 to 64") }
    }
}

/// A small convolutional head that adds detail to the pixels of a decoder's patches, and hides the seams between them: a
/// transformer's patches are drawn one by one, and squared error leaves steps where they meet.
///
/// Each patch's features become cells of 4×4 pixels (of which a patch of 16 has 4×4); residual blocks and two enlargements by sub-pixel convolution (Shi et al., 2016)
/// lead to the picture's size, where the patches' pixels are seen too. A fresh one adds nothing.
package struct Refiner: Sendable {
    private let channels: Int
    /// Cells along a side of a patch.
    private let cells: Int
    private let input: Linear
    private let blocks: [RefinerBlock]
    private let firstEnlargement: Convolution
    private let middle: RefinerBlock
    private let secondEnlargement: Convolution
    private let output: Convolution

    /// - Parameters:
    ///   - width: of the features of a patch.
    ///   - patch: the side of a patch in pixels, a multiple of 4.
    package init(_ configuration: RefinerConfiguration, weights: Weights, width: Int, patch: Int) {
        channels = configuration.channels
        cells = patch / 4
        input = Linear(weights["input"], from: width, to: cells * cells * channels)
        let channels = channels
        blocks = (0..<configuration.blocks).map { RefinerBlock(weights["blocks"][$0], channels: channels) }
        firstEnlargement = Convolution(weights["up1"], from: channels, to: 2 * channels, kernel: 3)
        middle = RefinerBlock(weights["middle"], channels: channels / 2)
        secondEnlargement = Convolution(weights["up2"], from: channels / 2, to: channels, kernel: 3)
        output = Convolution(weights["output"], from: channels / 4 + 3, to: 3, kernel: 3, initial: .zeros)
    }

    /// What is added to pixels [batch, 3, patch·grid, patch·grid] whose patches have features [batch, grid², width].
    package func callAsFunction(_ features: Tensor, pixels: Tensor) -> Tensor {
        let batch = features.shape[0]
        let grid = pixels.shape[2] / (4 * cells)
        var x = input(features).reshaped([batch, grid, grid, cells, cells, channels]).permuted(0, 5, 1, 3, 2, 4)
            .reshaped([batch, channels, cells * grid, cells * grid])
        for block in blocks { x = block(x) }
        x = middle(firstEnlargement(x).shuffledPixels())
        x = secondEnlargement(x).shuffledPixels()
        return output(.concatenated([x, pixels], axis: 1))
    }
}

/// x + conv(silu(norm(conv(silu(norm(x)))))), the last convolution starting from zero.
private struct RefinerBlock: Sendable {
    private let firstNorm: GroupNorm
    private let first: Convolution
    private let secondNorm: GroupNorm
    private let second: Convolution

    init(_ weights: Weights, channels: Int) {
        firstNorm = GroupNorm(weights["norm1"], channels: channels, groups: 8)
        first = Convolution(weights["conv1"], from: channels, to: channels, kernel: 3)
        secondNorm = GroupNorm(weights["norm2"], channels: channels, groups: 8)
        second = Convolution(weights["conv2"], from: channels, to: channels, kernel: 3, initial: .zeros)
    }

    func callAsFunction(_ x: Tensor) -> Tensor {
        second(first(x, after: firstNorm), after: secondNorm, addedTo: x)
    }
}

extension Tensor {
    /// Sub-pixel shuffle: [batch, 4c, height, width] → [batch, c, 2·height, 2·width]; channel k at (2y + dy, 2x + dx) is channel
    /// 4k + 2·dy + dx at (y, x).
    fileprivate func shuffledPixels() -> Tensor {
        let (batch, channels, height, width) = (shape[0], shape[1] / 4, shape[2], shape[3])
        return reshaped([batch, channels, 2, 2, height, width]).permuted(0, 1, 4, 2, 5, 3)
            .reshaped([batch, channels, 2 * height, 2 * width])
    }
}
