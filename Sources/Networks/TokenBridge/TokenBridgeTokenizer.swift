import Files
import Layers
import Tensors

/// TokenBridge's image tokenizer: the latents of a variational autoencoder, every number of which is rounded to one of a few
/// codes by a rule that needs no training (2503.16430, section 3.1). Without the rounding it is the autoencoder alone.
public struct TokenBridgeTokenizer: Sendable {
    public let configuration: TokenBridgeTokenizerConfiguration
    private let encoding: DeferredPart<AutoencoderKLEncoder>
    private let decoding: DeferredPart<AutoencoderKLDecoder>
    /// Nil where latents stay as they are.
    public let quantizer: GaussianQuantizer?

    /// The configuration must be valid.
    public init(_ configuration: TokenBridgeTokenizerConfiguration, weights: Weights) {
        self.init(
            configuration, encoding: DeferredPart(AutoencoderKLEncoder(configuration.shape, weights: weights)),
            decoding: DeferredPart(AutoencoderKLDecoder(configuration.shape, weights: weights)))
    }

    /// A tokenizer each half of which is read when it is first used: drawing does without the encoder, and `tokenize` without
    /// the decoder.
    ///
    /// - Parameters:
    ///   - expected: is asked for all parameters now, and need not give them.
    ///   - later: where they come from then.
    public init(_ configuration: TokenBridgeTokenizerConfiguration, expected: Weights, later: DeferredWeights) {
        self.init(
            configuration, encoding: later.part(expected: expected) { AutoencoderKLEncoder(configuration.shape, weights: $0) },
            decoding: later.part(expected: expected) { AutoencoderKLDecoder(configuration.shape, weights: $0) })
    }

    private init(
        _ configuration: TokenBridgeTokenizerConfiguration, encoding: DeferredPart<AutoencoderKLEncoder>,
        decoding: DeferredPart<AutoencoderKLDecoder>
    ) {
        configuration.requireValid()
        self.configuration = configuration
        self.encoding = encoding
        self.decoding = decoding
        quantizer = GaussianQuantizer(levels: configuration.levels, range: Float(configuration.range))
    }

    private init(unquantizing other: TokenBridgeTokenizer) {
        configuration = other.configuration
        encoding = other.encoding
        decoding = other.decoding
        quantizer = nil
    }

    /// - Throws: where the encoder is read when it is first used, what reading it throws.
    package var encoder: AutoencoderKLEncoder {
        get throws { try encoding.value }
    }

    /// The means of the latents' posteriors [batch, K, channels], times the scale factor.
    ///
    /// - Throws: where the encoder is read when it is first used, what reading it throws.
    public func latents(_ images: Tensor) throws -> Tensor {
        try moments(images).sliced(axis: 2, 0..<configuration.channels) * Float(configuration.scaleFactor)
    }

    /// Means and log-variances [batch, K, 2·channels].
    package func moments(_ images: Tensor) throws -> Tensor { try encoder.moments(images * 2 + -1).placesOfPlanes() }

    /// Images in 0...1, not clamped, of latents times the scale factor.
    package func decode(_ latents: Tensor) throws -> Tensor {
        let unscaled = latents * Float(1 / configuration.scaleFactor)
        return try decoding.value(unscaled.planesOfPlaces(side: configuration.grid)) * 0.5 + 0.5
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
        let latents = try latents(images)
        guard let quantizer else { return .latents(latents) }
        return .indices(quantizer.codes(latents).split(into: latents.shape[1] * latents.shape[2]))
    }

    public func detokenize(
        _ tokens: ImageTokens, guidedBy text: Tensor?, options: DecodeOptions, progress: (GenerationStep) throws -> Void
    ) throws -> Tensor {
        guard let quantizer else { return try decode(checkedLatents(tokens)) }
        let codes = try checkedIndices(tokens)
        let shape = [codes.count, configuration.grid * configuration.grid, configuration.channels]
        return try decode(quantizer.values(codes.flatMap { $0 }, shape: shape))
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
