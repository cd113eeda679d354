import Files
import Networks

/// What a tokenizer run is made from.
public struct TokenizerTrainingConfiguration: Sendable, Hashable, Codable, Validated {
    /// The name of the tokenizer that comes out, which token files record.
    public var name = "tokenizer"
    public var imageTokenizer: FlowTiTokConfiguration
    public var textEncoder: TextTransformerConfiguration
    public var reconstruction: ReconstructionLoss
    /// The weight of the mean Kullback-Leibler divergence of one latent number.
    public var klWeight: Float
    /// Where the encoder's log-variance starts.
    public var logvarBias: Float
    /// The share of samples whose caption is hidden from the decoder.
    public var captionDropout: Float
    /// The largest deviation of noise added to latents before decoding, in units of each channel's deviation; each sample
    /// has its own share of it, and half of the samples keep clean latents. An encoder learns latents that a flow can learn,
    /// and a decoder forgives what the flow gets wrong and asks the caption what the latents do not tell.
    public var latentNoise: Float
    /// The steps over which that noise grows from nothing: latents must say something before they can be read through noise.
    public var latentNoiseWarmup: Int
    /// Whether encoder and text encoder stay as they were, and only the decoder learns.
    public var decoderOnly: Bool
    /// The weight of the mean squared distance between the latents of a reconstruction and those of its image, in units of each
    /// channel's std: what the encoder sees in an image, the decoder must show. Goes with `decoderOnly`, since an encoder that
    /// learns could meet it by seeing nothing.
    public var featureWeight: Float = 0
    /// The share of samples whose latents lie between those of their image and those that the captions' text side would have
    /// drawn, each its own part of the way: what a flow gets wrong is no noise, and a decoder that has seen it draws through it. Goes
    /// with `decoderOnly` and a recipe's `text_encoder`, the model whose text side that is.
    public var drawnFraction: Float = 0
    /// Distances in the features of trained networks; nil for none.
    public var perceptual: PerceptualConfiguration?
    /// The discriminator; nil for none.
    public var adversarial: AdversarialConfiguration?
    public var training: TrainingSettings

    public init(
        imageTokenizer: FlowTiTokConfiguration, textEncoder: TextTransformerConfiguration,
        reconstruction: ReconstructionLoss = ReconstructionLoss(), klWeight: Float = 1e-4, logvarBias: Float = -5,
        captionDropout: Float = 0.3, latentNoise: Float = 0, latentNoiseWarmup: Int = 0, decoderOnly: Bool = false,
        training: TrainingSettings
    ) {
        self.imageTokenizer = imageTokenizer
        self.textEncoder = textEncoder
        self.reconstruction = reconstruction
        self.klWeight = klWeight
        self.logvarBias = logvarBias
        self.captionDropout = captionDropout
        self.latentNoise = latentNoise
        self.latentNoiseWarmup = latentNoiseWarmup
        self.decoderOnly = decoderOnly
        self.training = training
    }

    enum CodingKeys: String, CodingKey {
        case name
        case imageTokenizer = "image_tokenizer"
        case textEncoder = "text_encoder"
        case reconstruction
        case klWeight = "kl_weight"
        case logvarBias = "logvar_bias"
        case captionDropout = "caption_dropout"
        case latentNoise = "latent_noise"
        case latentNoiseWarmup = "latent_noise_warmup"
        case decoderOnly = "decoder_only"
        case featureWeight = "feature_weight"
        case drawnFraction = "drawn_fraction"
        case perceptual, adversarial
        case training
    }

    /// Reads what is named and keeps the defaults of everything else. `image_tokenizer`, `text_encoder` and `training`
    /// have none, but `text_encoder.vocab_size` may be left out for a run to fill in.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            imageTokenizer: try values.decode(FlowTiTokConfiguration.self, forKey: .imageTokenizer),
            textEncoder: try values.textTower(.textEncoder),
            training: try values.decode(TrainingSettings.self, forKey: .training))
        try values.read(&name, .name)
        try values.read(&reconstruction, .reconstruction)
        try values.read(&klWeight, .klWeight)
        try values.read(&logvarBias, .logvarBias)
        try values.read(&captionDropout, .captionDropout)
        try values.read(&latentNoise, .latentNoise)
        try values.read(&latentNoiseWarmup, .latentNoiseWarmup)
        try values.read(&decoderOnly, .decoderOnly)
        try values.read(&featureWeight, .featureWeight)
        try values.read(&drawnFraction, .drawnFraction)
        perceptual = try values.decodeIfPresent(PerceptualConfiguration.self, forKey: .perceptual)
        adversarial = try values.decodeIfPresent(AdversarialConfiguration.self, forKey: .adversarial)
    }

    /// - Throws: `InvalidValue` for the first value that cannot be used.
    public func validate() throws(InvalidValue) {
        try imageTokenizer.validate(as: "image_tokenizer")
        try textEncoder.validate(as: "text_encoder")
        try reconstruction.validate(as: "reconstruction")
        try training.validate(as: "training")
        try expectWeights([("kl_weight", klWeight), ("latent_noise", latentNoise), ("feature_weight", featureWeight)])
        if !(-30...20).contains(logvarBias) { throw InvalidValue("logvar_bias is \(logvarBias), expected -30 to 20") }
        try expect("caption_dropout", captionDropout, in: 0...1)
        try expect("drawn_fraction", drawnFraction, in: 0...1)
        if drawnFraction > 0 && !decoderOnly { throw InvalidValue("drawn_fraction is \(drawnFraction), expected 0 where the encoder learns too") }
        if featureWeight > 0 && !decoderOnly { throw InvalidValue("feature_weight is \(featureWeight), expected 0 where the encoder learns too") }
        try perceptual?.validate(as: "perceptual")
        do { try adversarial?.validate(side: imageTokenizer.imageSize) } catch { throw InvalidValue("adversarial.\(error.reason)") }
        if latentNoiseWarmup < 0 { throw InvalidValue("latent_noise_warmup is \(latentNoiseWarmup), expected at least 0") }
        for (first, a, second, b) in [
            ("text_encoder.width", textEncoder.width, "image_tokenizer.text_embed_dim", imageTokenizer.textEmbeddingWidth),
            (
                "text_encoder.context_length", textEncoder.contextLength, "image_tokenizer.text_context_length",
                imageTokenizer.textContextLength
            ),
        ] where a != b {
            throw InvalidValue("\(first) is \(a) but \(second) is \(b)")
        }
    }
}
