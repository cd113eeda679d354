import Files
import Foundation
import Tensors

/// What a tokenizer's reconstruction is measured by while it trains: squared and absolute error, and the absolute error
/// of a Laplacian pyramid, which weighs edges against flat areas.
public struct ReconstructionLoss: Sendable, Hashable, Codable, Validated {
    public var squared: Float
    public var absolute: Float
    public var pyramid: Float
    /// Levels of the pyramid; each needs an even side.
    public var levels: Int
    /// How much sharper than the target a reconstruction is to be: the target plus this much of what a blur of 3×3 pixels takes from
    /// it. What squared error asks of a network that is not sure where an edge lies is a blur, more of it than eyes ask for.
    public var sharpening: Float = 0

    public init(squared: Float = 1, absolute: Float = 0.3, pyramid: Float = 1, levels: Int = 4) {
        self.squared = squared
        self.absolute = absolute
        self.pyramid = pyramid
        self.levels = levels
    }

    /// Reads what is named and keeps the defaults of everything else.
    public init(from decoder: any Decoder) throws {
        self.init()
        let values = try decoder.container(keyedBy: CodingKeys.self)
        try values.read(&squared, .squared)
        try values.read(&absolute, .absolute)
        try values.read(&pyramid, .pyramid)
        try values.read(&levels, .levels)
        try values.read(&sharpening, .sharpening)
    }

    /// - Throws: `InvalidValue` for the first value that cannot be used.
    public func validate() throws(InvalidValue) {
        try expectWeights([("squared", squared), ("absolute", absolute), ("pyramid", pyramid)])
        if squared + absolute + pyramid == 0 { throw InvalidValue("squared, absolute and pyramid are all 0") }
        try expect("sharpening", sharpening, in: 0...4)
        guard (0...12).contains(levels) else { throw InvalidValue("levels is \(levels), expected 0 to 12") }
    }

    /// The loss of images [batch, 3, side, side] against their targets, and the mean squared error alone.
    ///
    /// The pyramid's blocks lie elsewhere in each step: blocks that always lie alike teach a network steps where they meet.
    public func callAsFunction(_ image: Tensor, target: Tensor, step: Int) -> (loss: Tensor, meanSquare: Tensor) {
        let difference = image - (sharpening > 0 ? sharpened(target) : target)
        let square = difference.meanSquare()
        let reported = sharpening > 0 ? (image.detached - target).meanSquare() : square
        var loss = square * squared + difference.meanAbsolute() * absolute
        guard pyramid > 0 else { return (loss, reported) }
        // The pyramid is linear, so that of the difference is the difference of the pyramids.
        var level = shifted(difference, step: step)
        for _ in 0..<levels where level.shape[2] % 2 == 0 && level.shape[3] % 2 == 0 {
            let smaller = level.averagePooled2x2()
            loss = loss + (level - smaller.doubled2x2()).meanAbsolute() * pyramid
            level = smaller
        }
        return (loss, reported)
    }

    private func sharpened(_ images: Tensor) -> Tensor {
        // A Gaussian with a deviation of one pixel.
        let line = [exp(-0.5), 1, exp(-0.5)].map { Float($0 / (1 + 2 * exp(-0.5))) }
        let padded = images.windows(grid: 1, patch: images.shape[2], margin: 1)
            .reshaped([images.shape[0], images.shape[1], images.shape[2] + 2, images.shape[3] + 2])
        let kernel = (0..<3).flatMap { to in (0..<3).flatMap { from in line.flatMap { y in line.map { x in to == from ? x * y : 0 } } } }
        let blurred = padded.convolved3x3(Tensor(kernel, shape: [3, 3, 3, 3]), bias: .zeros([3]))
            .sliced(axis: 2, 1..<images.shape[2] + 1).sliced(axis: 3, 1..<images.shape[3] + 1)
        return images * (1 + sharpening) + blurred * -sharpening
    }

    /// What is left of an image without a margin of the width of the largest blocks in all, of which another part lies above and
    /// to the left in each step; the whole of an image that has few of them.
    private func shifted(_ image: Tensor, step: Int) -> Tensor {
        let block = 1 << levels
        let (height, width) = (image.shape[2], image.shape[3])
        guard levels > 0, min(height, width) >= 8 * block, height % block == 0, width % block == 0 else { return image }
        var random = CounterRandom(seed: 0x5eed, stream: UInt64(truncatingIfNeeded: step))
        let (top, left) = (Int(random.next() % UInt64(block)), Int(random.next() % UInt64(block)))
        return image.sliced(axis: 2, top..<top + height - block).sliced(axis: 3, left..<left + width - block)
    }
}
