import Files
import Layers
import Tensors

/// TokenBridge's image tokenizer: the latents of a variational autoencoder, every number of which is rounded to one of a few
/// codes by a rule that needs no training (2503.16430, section 3.1). Without the rounding it is the autoencoder alone.
public struct TokenBridgeTokenizer: Sendable {
    public let configuration: TokenBridgeTokenizerConfiguration
    package let encoder: AutoencoderKLEncoder
    private let decoder: AutoencoderKLDecoder
    /// Nil where latents stay as they are.
    public let quantizer: GaussianQuantizer?

    /// The configuration must be valid.
    public init(_ configuration: TokenBridgeTokenizerConfiguration, weights: Weights) {
        configuration.requireValid()
        self.configuration = configuration
        encoder = AutoencoderKLEncoder(configuration.shape, weights: weights)
        decoder = AutoencoderKLDecoder(configuration.shape, weights: weights)
        quantizer = GaussianQuantizer(levels: configuration.levels, range: Float(configuration.range))
    }

    private init(unquantizing other: TokenBridgeTokenizer) {
        configuration = other.configuration
        encoder = other.encoder
        decoder = other.decoder
        quantizer = nil
    }

    /// The means of the latents' posteriors [batch, K, channels], times the scale factor.
    public func latents(_ images: Tensor) -> Tensor {
        moments(images).sliced(axis: 2, 0..<configuration.channels) * Float(configuration.scaleFactor)
    }

    /// Means and log-variances [batch, K, 2·channels].
    package func moments(_ images: Tensor) -> Tensor { encoder.moments(images * 2 + -1).placesOfPlanes() }

    /// Images in 0...1, not clamped, of latents times the scale factor.
    package func decode(_ latents: Tensor) -> Tensor {
        let unscaled = latents * Float(1 / configuration.scaleFactor)
        return decoder(unscaled.planesOfPlaces(side: configuration.grid)) * 0.5 + 0.5
    }
}

extension TokenBridgeTokenizer: TokenizerOverLatents {
    public var unquantized: any ImageTokenizer { TokenBridgeTokenizer(unquantizing: self) }

    public var latentStatistics: LatentStatistics? {
        // The scale factor is the inverse of the latents' std: that of all channels, whose means are taken for 0.
        let count = configuration.channels
        return LatentStatistics(
            mean: [Float](repeating: 0, count: count), std: [Float](repeating: 1, count: count))
    }

    public var imageSize: Int { configuration.imageSize }
    public var tokens: TokenShape { configuration.tokenShape(of: quantizer) }
    public var textGuidance: TextGuidanceShape? { nil }
    public var byteRounding: ByteRounding { .nearest }

    public func tokenize(_ images: Tensor) throws -> ImageTokens {
        try check(images: images)
        let latents = latents(images)
        guard let quantizer else { return .latents(latents) }
        return .indices(quantizer.codes(latents).split(into: latents.shape[1] * latents.shape[2]))
    }

    public func detokenize(
        _ tokens: ImageTokens, guidedBy text: Tensor?, options: DecodeOptions, progress: (GenerationStep) throws -> Void
    ) throws -> Tensor {
        guard let quantizer else { return decode(try checkedLatents(tokens)) }
        let codes = try checkedIndices(tokens)
        let shape = [codes.count, configuration.grid * configuration.grid, configuration.channels]
        return decode(quantizer.values(codes.flatMap { $0 }, shape: shape))
    }
}

extension TokenBridgeTokenizerConfiguration {
    /// The tokens of an image, rounded or as they are.
    func tokenShape(of quantizer: GaussianQuantizer?) -> TokenShape {
        TokenShape(
            count: max(1, grid * grid),
            values: quantizer.map { .codes(size: $0.levels, channels: channels) } ?? .latents(channels: channels))
    }
}
