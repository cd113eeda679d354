import Files

/// The shape of MaskGen KL: text to the continuous tokens of a TA-TiTok (2501.07730). Coded with the keys of the official
/// `config.json`.
public struct MaskGenKLConfiguration: Sendable, Hashable, Codable {
    public var transformer: MMDiTShape
    /// L, the number of tokens of an image.
    public var length: Int
    /// C, the numbers in a token.
    public var channels: Int
    /// What the tokenizer's latents are multiplied by where the generator works.
    public var scaleFactor: Double
    /// The residual blocks of the diffusion head.
    public var headDepth: Int
    public var headWidth: Int
    /// The timesteps that sampling keeps, see `DiffusionSchedule`.
    public var samplingSteps: String
    /// How the generator draws where nothing else is asked for.
    public var sampling: MaskGenKLSampling

    public init(
        transformer: MMDiTShape, length: Int = 32, channels: Int = 16, scaleFactor: Double = 0.7525,
        headDepth: Int = 8, headWidth: Int, samplingSteps: String = "100",
        sampling: MaskGenKLSampling = MaskGenKLSampling()
    ) {
        self.sampling = sampling
        self.transformer = transformer
        self.length = length
        self.channels = channels
        self.scaleFactor = scaleFactor
        self.headDepth = headDepth
        self.headWidth = headWidth
        self.samplingSteps = samplingSteps
    }

    /// The released MaskGen KL L.
    public static let large = MaskGenKLConfiguration(
        transformer: MMDiTShape(width: 1024, depth: 16), headWidth: 1024)
    /// The released MaskGen KL XL.
    public static let extraLarge = MaskGenKLConfiguration(
        transformer: MMDiTShape(width: 1280, depth: 20), headWidth: 1280)

    public init(from decoder: any Decoder) throws {
        let tokenizer = try decoder.section("model", "vq_model")
        let generator = try decoder.section("model", "maskgen")
        let losses = try decoder.section("losses")
        self.init(
            transformer: try MMDiTShape(generator: generator, tokenizer: tokenizer),
            length: try tokenizer.value("num_latent_tokens"), channels: try tokenizer.value("token_size"),
            scaleFactor: try tokenizer.value("scale_factor", default: 0.7525),
            headDepth: try losses.value("diffloss_d"), headWidth: try losses.value("diffloss_w"),
            samplingSteps: try losses.value("num_sampling_steps", default: "100"),
            sampling: try MaskGenKLSampling(
                from: decoder.section("model").superDecoder(forKey: "maskgen"), over: MaskGenKLSampling()))
        sampling.aestheticScore = try generator.value("sample_aesthetic_score", default: sampling.aestheticScore)
    }

    public func encode(to encoder: any Encoder) throws {
        var root = encoder.container(keyedBy: OfficialKey.self)
        var model = root.nestedContainer(keyedBy: OfficialKey.self, forKey: "model")
        var tokenizer = model.nestedContainer(keyedBy: OfficialKey.self, forKey: "vq_model")
        var generator = model.nestedContainer(keyedBy: OfficialKey.self, forKey: "maskgen")
        try transformer.encode(to: &generator, tokenizer: &tokenizer)
        try sampling.encode(into: &generator)
        try tokenizer.encode(length, forKey: "num_latent_tokens")
        try tokenizer.encode(channels, forKey: "token_size")
        try tokenizer.encode(scaleFactor, forKey: "scale_factor")
        var losses = root.nestedContainer(keyedBy: OfficialKey.self, forKey: "losses")
        try losses.encode(headDepth, forKey: "diffloss_d")
        try losses.encode(headWidth, forKey: "diffloss_w")
        try losses.encode(samplingSteps, forKey: "num_sampling_steps")
    }

    /// To be asked before what came from a file is used.
    ///
    /// - Throws: `InvalidValue` for the first value that cannot be used.
    public func validate() throws(InvalidValue) {
        try transformer.validate()
        try expectSizes([
            ("num_latent_tokens", length, 16384), ("token_size", channels, 4096), ("diffloss_d", headDepth, 1024),
            ("diffloss_w", headWidth, 65536),
        ])
        guard scaleFactor.isFinite, scaleFactor > 0 else {
            throw InvalidValue("scale_factor is \(scaleFactor), expected a positive number")
        }
        guard DiffusionSchedule(keeping: samplingSteps) != nil else {
            throw InvalidValue("num_sampling_steps is \"\(samplingSteps)\", expected a number up to 1000, or several for equal sections")
        }
        try sampling.validateKeys()
    }

    /// The keys of the official section: its shape, how it draws, and what is for training.
    static let knownKeys = MaskGenKLSampling.keys.union(MMDiTShape.keys)
}
