import Files
import Tensors

/// What a tokenizer's reconstruction is measured by while it trains: squared and absolute error, and the absolute error
/// of a Laplacian pyramid, which weighs edges against flat areas.
public struct ReconstructionLoss: Sendable, Hashable, Codable, Validated {
    public var squared: Float
    public var absolute: Float
    public var pyramid: Float
    /// Levels of the pyramid; each needs an even side.
    public var levels: Int

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
    }

    /// - Throws: `InvalidValue` for the first value that cannot be used.
    public func validate() throws(InvalidValue) {
        try expectWeights([("squared", squared), ("absolute", absolute), ("pyramid", pyramid)])
        if squared + absolute + pyramid == 0 { throw InvalidValue("squared, absolute and pyramid are all 0") }
        guard (0...12).contains(levels) else { throw InvalidValue("levels is \(levels), expected 0 to 12") }
    }

    /// The loss of images [batch, 3, side, side] against their targets, and the mean squared error alone.
    public func callAsFunction(_ image: Tensor, target: Tensor) -> (loss: Tensor, meanSquare: Tensor) {
        let difference = image - target
        let square = difference.meanSquare()
        var loss = square * squared + difference.meanAbsolute() * absolute
        // The pyramid is linear, so that of the difference is the difference of the pyramids.
        var level = difference
        for _ in 0..<levels where level.shape[2] % 2 == 0 && level.shape[3] % 2 == 0 {
            let smaller = level.averagePooled2x2()
            loss = loss + (level - smaller.doubled2x2()).meanAbsolute() * pyramid
            level = smaller
        }
        return (loss, square)
    }
}
