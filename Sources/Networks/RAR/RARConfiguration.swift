import Files

/// The shape of a RAR generator (2411.00776) over the codes of a 2D tokenizer. Coded with the keys of the official
/// `config.json`.
public struct RARConfiguration: Sendable, Hashable, Codable {
    /// V, the number of codes of the tokenizer.
    public var codebookSize: Int
    /// L, the number of tokens of an image.
    public var length: Int
    public var classes: Int
    public var width: Int
    public var layers: Int
    public var heads: Int
    /// The width inside the feed-forward networks.
    public var hidden: Int
    /// How the generator draws where nothing else is asked for.
    public var sampling: RARSampling

    /// - Parameter sampling: nil for that of the published model of this width.
    public init(
        codebookSize: Int = 1024, length: Int = 256, classes: Int = 1000, width: Int, layers: Int, heads: Int = 16,
        hidden: Int, sampling: RARSampling? = nil
    ) {
        self.codebookSize = codebookSize
        self.length = length
        self.classes = classes
        self.width = width
        self.layers = layers
        self.heads = heads
        self.hidden = hidden
        self.sampling = sampling ?? .published(width: width)
    }

    /// The published models by their names.
    public static let published: [(name: String, configuration: RARConfiguration)] = [
        ("RAR-B", RARConfiguration(width: 768, layers: 24, hidden: 3072)),
        ("RAR-L", RARConfiguration(width: 1024, layers: 24, hidden: 4096)),
        ("RAR-XL", RARConfiguration(width: 1280, layers: 32, hidden: 5120)),
        ("RAR-XXL", RARConfiguration(width: 1408, layers: 40, hidden: 6144)),
    ]

    public init(from decoder: any Decoder) throws {
        let tokenizer = try decoder.section("model", "vq_model")
        let generator = try decoder.section("model", "generator")
        self.init(
            codebookSize: try tokenizer.value("codebook_size"), length: try generator.value("image_seq_len"),
            classes: try generator.value("condition_num_classes", default: 1000),
            width: try generator.value("hidden_size"), layers: try generator.value("num_hidden_layers"),
            heads: try generator.value("num_attention_heads"), hidden: try generator.value("intermediate_size"))
        sampling = RARSampling(
            temperature: try generator.value("randomize_temperature", default: sampling.temperature),
            guidance: try generator.value("guidance_scale", default: sampling.guidance),
            power: try generator.value("guidance_scale_pow", default: sampling.power))
    }

    public func encode(to encoder: any Encoder) throws {
        var root = encoder.container(keyedBy: OfficialKey.self)
        var model = root.nestedContainer(keyedBy: OfficialKey.self, forKey: "model")
        var tokenizer = model.nestedContainer(keyedBy: OfficialKey.self, forKey: "vq_model")
        try tokenizer.encode(codebookSize, forKey: "codebook_size")
        var generator = model.nestedContainer(keyedBy: OfficialKey.self, forKey: "generator")
        try generator.encode(length, forKey: "image_seq_len")
        try generator.encode(classes, forKey: "condition_num_classes")
        try generator.encode(width, forKey: "hidden_size")
        try generator.encode(layers, forKey: "num_hidden_layers")
        try generator.encode(heads, forKey: "num_attention_heads")
        try generator.encode(hidden, forKey: "intermediate_size")
        try generator.encode(sampling.temperature, forKey: "randomize_temperature")
        try generator.encode(sampling.guidance, forKey: "guidance_scale")
        try generator.encode(sampling.power, forKey: "guidance_scale_pow")
    }

    /// What the official section has besides, for training alone or of no effect in drawing.
    static let knownKeys: Set<String> = [
        "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size", "dropout", "attn_drop",
        "class_label_dropout", "image_seq_len", "condition_num_classes", "randomize_temperature", "guidance_scale",
        "guidance_scale_pow", "use_checkpoint", "randomness_anneal_start", "randomness_anneal_end", "num_sample_steps",
        "guidance_decay", "softmax_temperature_annealing", "model_type",
    ]

    /// To be asked before what came from a file is used.
    ///
    /// - Throws: `InvalidValue` for the first value that cannot be used.
    public func validate() throws(InvalidValue) {
        try expectSizes([
            ("codebook_size", codebookSize, 1 << 20), ("image_seq_len", length, 16384),
            ("condition_num_classes", classes, 1 << 20), ("hidden_size", width, 65536),
            ("num_hidden_layers", layers, 1024), ("num_attention_heads", heads, 1024),
            ("intermediate_size", hidden, 1 << 20),
        ])
        try expectHeads("hidden_size", width: width, heads: heads)
        try sampling.validateKeys()
    }

    /// The id of a class among the tokens.
    func conditionID(_ label: Int) -> Int32 { Int32(codebookSize + 1 + label) }

    /// The label of "no class".
    public var noClass: Int { classes }

    /// Rows of the embedding table: codes, a mask that is never used, classes, "no class".
    var entries: Int { codebookSize + 1 + classes + 1 }

    /// Rows of the tables of image positions and of steps, most of which no sequence reaches.
    var positionRows: Int { length + 1024 }
    var stepRows: Int { length + 100 }
}
