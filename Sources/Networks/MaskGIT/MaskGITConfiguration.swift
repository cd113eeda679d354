import Files

/// The shape of a MaskGIT generator over the tokens of a 1D tokenizer (TiTok, section 4.1): of classes as published, or of
/// captions. Coded with the keys of the official `config.json`.
public struct MaskGITConfiguration: Sendable, Hashable, Codable {
    /// The official networks.
    public enum Architecture: String, Sendable, Codable, CaseIterable {
        /// ImageBert: a post-norm BERT.
        case vit = "ViT"
        /// UViTBert: pre-norm blocks with long skip connections.
        case uvit = "UViT"
    }

    public var architecture: Architecture
    /// V, the number of codes of the tokenizer.
    public var codebookSize: Int
    /// L, the number of tokens of an image.
    public var length: Int
    /// What it draws.
    public var subjects: GeneratorSubjects
    public var width: Int
    /// Blocks; of a UViT those of both halves without the one in the middle.
    public var layers: Int
    public var heads: Int
    /// The width inside the feed-forward networks.
    public var hidden: Int

    /// A generator of classes.
    public init(
        architecture: Architecture, codebookSize: Int, length: Int, classes: Int = 1000, width: Int, layers: Int,
        heads: Int, hidden: Int
    ) {
        self.init(
            architecture: architecture, codebookSize: codebookSize, length: length, subjects: .classes(classes), width: width,
            layers: layers, heads: heads, hidden: hidden)
    }

    public init(
        architecture: Architecture, codebookSize: Int, length: Int, subjects: GeneratorSubjects, width: Int, layers: Int,
        heads: Int, hidden: Int
    ) {
        self.architecture = architecture
        self.codebookSize = codebookSize
        self.length = length
        self.subjects = subjects
        self.width = width
        self.layers = layers
        self.heads = heads
        self.hidden = hidden
    }

    /// The released generator over TiTok-L-32.
    public static let titokL32 = vitBase(length: 32)
    /// The released generator over TiTok-B-64.
    public static let titokB64 = vitBase(length: 64)
    /// The released generator over TiTok-S-128.
    public static let titokS128 = MaskGITConfiguration(
        architecture: .uvit, codebookSize: 4096, length: 128, width: 1024, layers: 20, heads: 16, hidden: 4096)

    private static func vitBase(length: Int) -> MaskGITConfiguration {
        MaskGITConfiguration(
            architecture: .vit, codebookSize: 4096, length: length, width: 768, layers: 24, heads: 16, hidden: 3072)
    }

    public init(from decoder: any Decoder) throws {
        let tokenizer = try decoder.section("model", "vq_model")
        let generator = try decoder.section("model", "generator")
        self.init(
            architecture: try generator.value("model_type", default: .vit),
            codebookSize: try tokenizer.value("codebook_size"),
            length: try generator.decodeIfPresent(Int.self, forKey: "image_seq_len")
                ?? tokenizer.value("num_latent_tokens"),
            subjects: try GeneratorSubjects(of: generator, classes: "condition_num_classes"),
            width: try generator.value("hidden_size"), layers: try generator.value("num_hidden_layers"),
            heads: try generator.value("num_attention_heads"), hidden: try generator.value("intermediate_size"))
    }

    public func encode(to encoder: any Encoder) throws {
        var root = encoder.container(keyedBy: OfficialKey.self)
        var model = root.nestedContainer(keyedBy: OfficialKey.self, forKey: "model")
        var tokenizer = model.nestedContainer(keyedBy: OfficialKey.self, forKey: "vq_model")
        try tokenizer.encode(codebookSize, forKey: "codebook_size")
        try tokenizer.encode(length, forKey: "num_latent_tokens")
        var generator = model.nestedContainer(keyedBy: OfficialKey.self, forKey: "generator")
        try generator.encode(architecture, forKey: "model_type")
        try generator.encode(length, forKey: "image_seq_len")
        try subjects.encode(to: &generator, classes: "condition_num_classes")
        try generator.encode(width, forKey: "hidden_size")
        try generator.encode(layers, forKey: "num_hidden_layers")
        try generator.encode(heads, forKey: "num_attention_heads")
        try generator.encode(hidden, forKey: "intermediate_size")
    }

    /// The keys of the official section: its shape, and what is for training or for `MaskGITSampling`.
    static let knownKeys = GeneratorSubjects.keys.union([
        "model_type", "image_seq_len", "condition_num_classes", "hidden_size", "num_hidden_layers", "num_attention_heads",
        "intermediate_size", "dropout", "attn_drop", "num_steps", "class_label_dropout", "mask_schedule_strategy",
        "num_sample_steps", "guidance_scale", "guidance_decay", "guidance_scale_pow", "randomize_temperature",
        "softmax_temperature_annealing", "use_checkpoint",
    ])

    /// To be asked before what came from a file is used.
    ///
    /// - Throws: `InvalidValue` for the first value that cannot be used.
    public func validate() throws(InvalidValue) {
        try expectSizes([
            ("codebook_size", codebookSize, 1 << 20), ("image_seq_len", length, 16384),
            ("hidden_size", width, 65536), ("num_hidden_layers", layers, 1024), ("num_attention_heads", heads, 1024),
            ("intermediate_size", hidden, 1 << 20),
        ])
        try subjects.validate(classes: "condition_num_classes")
        try expectHeads("hidden_size", width: width, heads: heads)
        if architecture == .uvit && layers % 2 != 0 {
            throw InvalidValue("num_hidden_layers is \(layers), expected an even number for a UViT")
        }
    }

    /// The id of a token that is still masked.
    public var maskID: Int32 { Int32(codebookSize) }

    /// The number of classes; 0 of captions.
    public var classes: Int { subjects.classes }

    /// The index, among the classes, of "no class".
    public var noClass: Int { classes }

    /// Rows of the embedding table: codes, the mask, classes, "no class".
    var entries: Int { codebookSize + 1 + classes + 1 }
}
