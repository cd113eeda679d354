import Files
import Foundation
import Layers
import Networks
import Tensors

/// Training of TokenBridge's generator (2503.16430; reference section 8): most tokens are left out, and a head learns the codes of
/// their channels one after the other. The latents of a tokenizer of one dimension are rounded by statistics that are measured
/// on the data (reference section 9); those of the published autoencoder as published.
public struct TokenBridgeTraining: GeneratorKind {
    public static let id = "tokenbridge"
    public static let tokens = "a tokenizer of latents without text guidance of its own, or a FlowTiTok"

    /// Bins of a number.
    public var levels: Int
    /// Deviations up to which numbers are told apart; nil for 5, or 4 of fewer than 16 bins.
    public var range: Float?
    /// Places before the tokens that hold the condition.
    public var buffer: Int
    public var encoder: TransformerShape
    public var decoder: TransformerShape
    /// The network that draws the channels of a token.
    public var head: TransformerShape

    enum CodingKeys: String, CodingKey {
        case encoder, decoder, head
        case levels = "quant_levels"
        case range = "quant_range"
        case buffer = "buffer_size"
    }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        levels = try values.decodeIfPresent(Int.self, forKey: .levels) ?? 64
        range = try values.decodeIfPresent(Float.self, forKey: .range)
        buffer = try values.decodeIfPresent(Int.self, forKey: .buffer) ?? 64
        encoder = try values.decode(TransformerShape.self, forKey: .encoder)
        self.decoder = try values.decode(TransformerShape.self, forKey: .decoder)
        head = try values.decode(TransformerShape.self, forKey: .head)
    }

    /// The pictures that the statistics of latents are measured on.
    private static let measured = 512

    public func tokenizer(_ given: GeneratorTokenizer, images: (Range<UInt64>) throws -> Tensor) throws -> GeneratorTokenizer? {
        try expect("quant_levels", levels, in: GaussianQuantizer.bounds)
        if let range, !(range > 0 && range <= 1000) { throw InvalidValue("quant_range is \(range), expected a number above 0") }
        return try given.rounded(levels: levels, range: range, pictures: Self.measured, images: images)
    }

    public func network(
        tokens: TokenShape, imageSize: Int, subjects: GeneratorSubjects, conditionLength: Int
    ) throws(InvalidValue) -> TokenBridgeConfiguration {
        for (key, shape) in [("encoder.", encoder), ("decoder.", decoder), ("head.", head)] { try shape.checked(as: key) }
        let side = Int(Double(tokens.count).squareRoot().rounded())
        let isSquare = side * side == tokens.count && imageSize % side == 0
        return TokenBridgeConfiguration(
            imageSize: imageSize, patchSize: isSquare ? imageSize / side : imageSize, sequence: isSquare ? nil : tokens.count,
            channels: tokens.channels, levels: levels, range: Double(range ?? 5), subjects: subjects, buffer: buffer,
            encoder: encoder, decoder: decoder, head: head)
    }

    public func decays(_ parameter: String, rank: Int) -> Bool { rank >= 2 && !parameter.hasSuffix(".bias") }

    public func learner(_ network: TokenBridgeConfiguration, weights: Weights) -> any GeneratorLearner {
        TokenBridgeLearner(generator: TokenBridge(network, weights: weights))
    }
}

/// A TokenBridge in training.
package struct TokenBridgeLearner: GeneratorLearner {
    let generator: TokenBridge

    /// The share of tokens that a batch leaves out: normal with mean 1 and deviation ¼, cut to 0.7...1.
    package static func maskRatio(_ random: inout CounterRandom) -> Float {
        while true {
            let ratio = 1 + 0.25 * random.normal()
            if (0.7...1).contains(ratio) { return ratio }
        }
    }

    package func loss(
        _ codes: [[Int32]], labels: [Int?], captions: TextCondition?, random: inout CounterRandom
    ) -> (loss: Tensor, metrics: [(name: String, value: Double)]) {
        let configuration = generator.configuration
        let (length, channels) = (configuration.length, configuration.channels)
        let count = min(length, Int((Float(length) * Self.maskRatio(&random)).rounded(.up)))
        var mask = [Bool](repeating: false, count: codes.count * length)
        for image in codes.indices {
            for place in random.permutation(length).prefix(count) { mask[image * length + place] = true }
        }
        let all = codes.flatMap { $0 }
        let places = mask.indices.filter { mask[$0] }
        let features = generator.pass(all, mask: mask, labels: labels, captions: captions).features
        let rows = features.reshaped([mask.count, configuration.decoder.width]).rows(places.map { Int32($0) })
        let targets = places.flatMap { place in generator.head.order.map { all[place * channels + $0] } }
        let logits = generator.head.pass(rows, codes: targets).logits
        return (logits.crossEntropy(targets), [])
    }
}
