import Files

/// The shape of MaskGen VQ: text to the integer tokens of a TA-TiTok (2501.07730). Coded with the keys of the official
/// `config.json`.
public struct MaskGenVQConfiguration: Sendable, Hashable, Codable {
    public var transformer: MMDiTShape
    /// K, the number of codes of the tokenizer.
    public var codebookSize: Int
    /// L, the number of tokens of an image.
    public var length: Int
    /// Rows of the embedding table that training of another kind would use; none of them is read.
    public var classes: Int
    /// The aesthetic score that images are asked for.
    public var aestheticScore: Double
    /// How the generator draws where nothing else is asked for.
    public var sampling: MaskGenVQSampling

    /// - Parameter sampling: nil for that of the published figures.
    public init(
        transformer: MMDiTShape, codebookSize: Int = 8192, length: Int = 128, classes: Int = 1000,
        aestheticScore: Double = 6, sampling: MaskGenVQSampling? = nil
    ) {
        self.sampling = sampling ?? .published
        self.transformer = transformer
        self.codebookSize = codebookSize
        self.length = length
        self.classes = classes
        self.aestheticScore = aestheticScore
    }

    /// The released MaskGen VQ L.
    public static let large = MaskGenVQConfiguration(
        transformer: MMDiTShape(width: 1024, depth: 16), aestheticScore: 6.5)
    /// The released MaskGen VQ XL.
    public static let extraLarge = MaskGenVQConfiguration(
        transformer: MMDiTShape(width: 1280, depth: 20), aestheticScore: 6.5)

    public init(from decoder: any Decoder) throws {
        let tokenizer = try decoder.section("model", "vq_model")
        let generator = try decoder.section("model", "maskgen")
        self.init(
            transformer: try MMDiTShape(generator: generator, tokenizer: tokenizer),
            codebookSize: try tokenizer.value("codebook_size"), length: try tokenizer.value("num_latent_tokens"),
            classes: try generator.value("condition_num_classes", default: 1000),
            aestheticScore: try generator.value("sample_aesthetic_score", default: 6),
            sampling: try MaskGenVQSampling(
                from: decoder.section("model").superDecoder(forKey: "maskgen"), over: .published))
    }

    public func encode(to encoder: any Encoder) throws {
        var root = encoder.container(keyedBy: OfficialKey.self)
        var model = root.nestedContainer(keyedBy: OfficialKey.self, forKey: "model")
        var tokenizer = model.nestedContainer(keyedBy: OfficialKey.self, forKey: "vq_model")
        var generator = model.nestedContainer(keyedBy: OfficialKey.self, forKey: "maskgen")
        try transformer.encode(to: &generator, tokenizer: &tokenizer)
        try tokenizer.encode(codebookSize, forKey: "codebook_size")
        try tokenizer.encode(length, forKey: "num_latent_tokens")
        try generator.encode(classes, forKey: "condition_num_classes")
        try generator.encode(aestheticScore, forKey: "sample_aesthetic_score")
        try sampling.encode(into: &generator)
    }

    /// To be asked before what came from a file is used.
    ///
    /// - Throws: `InvalidValue` for the first value that cannot be used.
    public func validate() throws(InvalidValue) {
        try transformer.validate()
        try expectSizes([
            ("codebook_size", codebookSize, 1 << 20), ("num_latent_tokens", length, 16384), ("condition_num_classes", classes, 1 << 20),
        ])
        guard aestheticScore.isFinite && abs(aestheticScore) <= 1000 else {
            throw InvalidValue("sample_aesthetic_score is \(aestheticScore), expected a number up to 1000")
        }
        try sampling.validateKeys()
    }

    /// The keys of the official section: its shape, how it draws, and what is for training.
    static let knownKeys = MaskGenVQSampling.keys.union(MMDiTShape.keys).union(["condition_num_classes"])

    /// The id of a token that is still masked.
    public var maskID: Int32 { Int32(codebookSize) }
}
