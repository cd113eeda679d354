import Layers
import Tensors

/// The discriminator of the tokenizers' last training stage: convolutions with blurred downsampling, to logits of a grid of
/// 16×16 (TA-TiTok; TiTok reference, section 11). Parameter names are the official ones.
public struct ImageDiscriminator: Sendable {
    private let input: Convolution
    package let blocks: [DiscriminatorBlock]
    private let first, second: Convolution

    /// The grid of the logits.
    static let grid = 16

    /// - Parameters:
    ///   - width: channels of the input.
    ///   - stages: channels after every stage.
    public init(_ weights: Weights, width: Int = 128, stages: [Int] = [128, 256, 512]) {
        input = Convolution(weights["block_in.0"], from: 3, to: width, kernel: 5)
        blocks = stages.indices.map {
            DiscriminatorBlock(weights["blocks"][$0], from: $0 == 0 ? width : stages[$0 - 1], to: stages[$0])
        }
        let last = stages.last ?? width
        first = Convolution(weights["to_logits.0"], from: last, to: last, kernel: 1)
        second = Convolution(weights["to_logits.2"], from: last, to: 1, kernel: 5)
    }

    package func start(_ images: Tensor) -> Tensor { input(images).leaky() }

    /// images [batch, 3, height, width] → logits [batch, 1, 16, 16], high where an image looks real.
    public func callAsFunction(_ images: Tensor) -> Tensor {
        let features = blocks.reduce(start(images)) { $1($0) }
        return second(first(features.maximaOfGrid(Self.grid)).leaky())
    }
}

/// A convolution, a blur that keeps every other pixel, and a norm.
package struct DiscriminatorBlock: Sendable {
    private let convolution: Convolution
    private let norm: GroupNorm

    init(_ weights: Weights, from inputs: Int, to outputs: Int) {
        convolution = Convolution(weights[0], from: inputs, to: outputs, kernel: 3)
        norm = GroupNorm(weights[2], channels: outputs, epsilon: 1e-5)
    }

    package func callAsFunction(_ x: Tensor) -> Tensor { norm(convolution(x).blurredToHalf()).leaky() }
}

extension Tensor {
    /// x where it is positive and a tenth of it where not.
    fileprivate func leaky() -> Tensor { self * 0.1 + applying(.relu) * 0.9 }

    /// Every other pixel of the image blurred by (1, 3, 3, 1) along both axes.
    fileprivate func blurredToHalf() -> Tensor {
        let line: [Float] = [1, 3, 3, 1]
        let kernel = Tensor(line.flatMap { a in line.map { a * $0 / 64 } }, shape: [1, 1, 4, 4])
        let planes = reshaped([shape[0] * shape[1], 1, shape[2], shape[3]])
        let blurred = planes.convolved(
            kernel, stride: 2, padding: .same(height: shape[2], width: shape[3], kernel: (4, 4), stride: 2))
        return blurred.reshaped([shape[0], shape[1], blurred.shape[2], blurred.shape[3]])
    }

    /// The largest values of a grid of overlapping cells that cover the image, PyTorch's adaptive maximum: cell i of an axis
    /// reaches from ⌊i n / grid⌋ to ⌈(i + 1) n / grid⌉.
    fileprivate func maximaOfGrid(_ grid: Int) -> Tensor {
        func turned(_ x: Tensor) -> Tensor { x.permuted(0, 1, 3, 2) }
        return turned(turned(maximaOfRows(grid)).maximaOfRows(grid))
    }

    /// The same along the second last axis alone.
    private func maximaOfRows(_ grid: Int) -> Tensor {
        let extent = shape[2]
        let cells = (0..<grid).map { $0 * extent / grid..<(($0 + 1) * extent + grid - 1) / grid }
        let planes = shape[0] * shape[1]
        let table = reshaped([planes * extent, shape[3]])
        var result: Tensor?
        for step in 0..<(cells.map(\.count).max() ?? 0) {
            let rows = (0..<planes).flatMap { plane in
                cells.map { Int32(plane * extent + min($0.lowerBound + step, $0.upperBound - 1)) }
            }
            let values = table.rows(rows)
            result = result.map { $0 + (values - $0).applying(.relu) } ?? values
        }
        return (result ?? table).reshaped([shape[0], shape[1], grid, shape[3]])
    }
}
