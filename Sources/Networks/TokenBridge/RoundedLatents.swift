import Files
import Layers
import Tensors

/// The shape of a tokenizer of one dimension whose latents are rounded to a few values each as TokenBridge rounds those of its
/// autoencoder (2503.16430, section 3.1; reference section 9): each channel is brought to mean 0 and deviation 1 by statistics
/// that were measured, and cut into bins. The tokenizer itself is none of TokenBridge's; there is no published file of the kind.
public struct RoundedLatentsConfiguration: Sendable, Hashable {
    /// The tokenizer of the latents.
    public enum Base: Sendable, Hashable {
        case flowTiTok(FlowTiTokConfiguration)
        /// One with a posterior.
        case tiTok(TiTokConfiguration)
    }

    public var base: Base
    public var latents: LatentStatistics
    /// Bins of a number.
    public var levels: Int
    /// Deviations up to which numbers are told apart.
    public var range: Float

    /// - Parameter range: nil for 5 as in the paper, or 4 where few bins would leave too much of that empty.
    public init(base: Base, latents: LatentStatistics, levels: Int, range: Float? = nil) {
        self.base = base
        self.latents = latents
        self.levels = levels
        self.range = range ?? LatentQuantizer.range(levels: levels)
    }

    var continuous: any ImageTokenizerConfiguration {
        switch base {
        case .flowTiTok(let configuration): configuration
        case .tiTok(let configuration): configuration
        }
    }

    /// To be asked before what came from a file is used.
    ///
    /// - Throws: `InvalidValue` for the first value that cannot be used.
    public func validate() throws(InvalidValue) {
        switch base {
        case .flowTiTok(let configuration): try configuration.validate(as: "flowtitok")
        case .tiTok(let configuration): try configuration.validate(as: "titok")
        }
        try expect("quant_levels", levels, in: GaussianQuantizer.bounds)
        guard range > 0, range <= 1000 else { throw InvalidValue("quant_range is \(range), expected a number above 0") }
        guard case .latents(let channels) = continuous.tokens.values else {
            throw InvalidValue("titok has a codebook, expected one with latents to round")
        }
        guard latents.mean.count == channels, latents.std.count == channels else {
            throw InvalidValue("latents_mean and latents_std have \(latents.mean.count) and \(latents.std.count) channels, expected \(channels)")
        }
        guard (latents.mean + latents.std).allSatisfy(\.isFinite), latents.std.allSatisfy({ $0 > 0 }) else {
            throw InvalidValue("latents_mean has numbers that are not finite, or latents_std some that are not above 0")
        }
    }
}

extension RoundedLatentsConfiguration: Codable {
    private enum Keys: String, CodingKey {
        case flowTiTok = "flowtitok"
        case tiTok = "titok"
        case mean = "latents_mean"
        case std = "latents_std"
        case levels = "quant_levels"
        case range = "quant_range"
    }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: Keys.self)
        let base: Base =
            if let found = try values.decodeIfPresent(FlowTiTokConfiguration.self, forKey: .flowTiTok) {
                .flowTiTok(found)
            } else {
                .tiTok(try values.decode(TiTokConfiguration.self, forKey: .tiTok))
            }
        self.init(
            base: base,
            latents: LatentStatistics(
                mean: try values.decode([Float].self, forKey: .mean), std: try values.decode([Float].self, forKey: .std)),
            levels: try values.decode(Int.self, forKey: .levels), range: try values.decodeIfPresent(Float.self, forKey: .range))
    }

    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: Keys.self)
        switch base {
        case .flowTiTok(let configuration): try values.encode(configuration, forKey: .flowTiTok)
        case .tiTok(let configuration): try values.encode(configuration, forKey: .tiTok)
        }
        try values.encode(latents.mean, forKey: .mean)
        try values.encode(latents.std, forKey: .std)
        try values.encode(levels, forKey: .levels)
        try values.encode(range, forKey: .range)
    }
}

extension RoundedLatentsConfiguration: ImageTokenizerConfiguration {
    /// The statistics are in no tensor.
    public init(inferredFrom catalog: TensorCatalog) throws {
        throw TensorCatalog.Problem("its configuration is missing, expected it as config.json beside the file")
    }

    public static func ignores(_ tensor: String) -> Bool { false }
    public var imageSize: Int { continuous.imageSize }

    public var tokens: TokenShape {
        let latents = continuous.tokens
        return TokenShape(count: latents.count, values: .codes(size: levels, channels: latents.channels))
    }

    /// What guides the decoder of the latents is stored with it.
    public var textGuidance: TextGuidanceShape? { nil }
    public var summary: String { "latents rounded as by TokenBridge, \(tokens.summary), \(imageSize)×\(imageSize) pixels" }
    public func imageTokenizer(_ weights: Weights) -> any ImageTokenizer { RoundedLatents(self, weights: weights) }
}

extension ModelFamily {
    /// Tokenizers of one dimension whose latents are rounded.
    public static let roundedLatents = ModelFamily(
        id: "rounded-latents", title: "an image tokenizer whose latents are rounded", abilities: [.tokenize],
        network: .imageTokenizer(RoundedLatentsConfiguration.self), signatures: [])
}

/// A tokenizer of latents with the rounding. Parameters have the names that they have in the tokenizer, and `guidance` holds the
/// hidden states of the empty caption where captions guide its decoder.
public struct RoundedLatents: Sendable {
    public let configuration: RoundedLatentsConfiguration
    private let base: any ImageTokenizer
    private let quantizer: LatentQuantizer
    /// [positions, width].
    private let guidance: Tensor?

    /// The name of the parameter with the empty caption's hidden states.
    public static let guidanceName = "guidance"

    /// The configuration must be valid.
    public init(_ configuration: RoundedLatentsConfiguration, weights: Weights) {
        configuration.requireValid()
        self.configuration = configuration
        base = configuration.continuous.imageTokenizer(weights)
        quantizer = LatentQuantizer(configuration.latents, levels: configuration.levels, range: configuration.range)
        guidance = configuration.continuous.textGuidance.map {
            weights.tensor(Self.guidanceName, [$0.contextLength, $0.width], initial: .zeros)
        }
    }
}

extension RoundedLatents: TokenizerOverLatents {
    public var unquantized: any ImageTokenizer { base }
    public var latentStatistics: LatentStatistics? { configuration.latents }
    public var imageSize: Int { base.imageSize }
    public var tokens: TokenShape { configuration.tokens }
    public var textGuidance: TextGuidanceShape? { nil }
    public var byteRounding: ByteRounding { base.byteRounding }
    public var framing: ImageFraming { base.framing }

    public func tokenize(_ images: Tensor) throws -> ImageTokens {
        .indices(quantizer.codes(try base.tokenize(images).latents ?? .zeros([0, 1, 1])))
    }

    public func detokenize(
        _ tokens: ImageTokens, guidedBy text: Tensor?, options: DecodeOptions, progress: (GenerationStep) throws -> Void
    ) throws -> Tensor {
        let codes = try checkedIndices(tokens)
        return try base.detokenize(
            .latents(quantizer.latents(codes)), guidedBy: guidance?.repeated(codes.count), options: options, progress: progress)
    }
}
