import Files

/// The shape of a LlamaGen generator of classes (2406.06525), as GigaTok uses it (2504.08736; reference section 6), or of captions,
/// as LlamaGen's own text-to-image models. Coded with the names of the official arguments.
public struct LlamaGenConfiguration: Sendable, Hashable {
    /// How a token knows its place.
    public enum Positions: String, Sendable, Codable, CaseIterable {
        /// By a table of learned vectors, as over the tokens of a 1D tokenizer.
        case learned
        /// By turning queries and keys with the row and the column, as over a grid.
        case rotary = "rope_2d"
    }

    /// V, the number of codes of the tokenizer.
    public var codebookSize: Int
    /// N, the number of tokens of an image.
    public var length: Int
    /// What it draws.
    public var subjects: GeneratorSubjects
    /// The places before the codes that hold the condition: one for a class, the positions of a caption.
    public var conditionLength: Int
    public var width: Int
    public var layers: Int
    public var heads: Int
    /// The width inside the feed-forward networks.
    public var hidden: Int
    /// Of the norms.
    public var epsilon: Float
    public var positions: Positions
    /// How the generator draws where nothing else is asked for.
    public var sampling: LlamaGenSampling

    /// A generator of classes.
    ///
    /// - Parameter hidden: nil for two thirds of four widths, rounded up to a multiple of 256.
    public init(
        codebookSize: Int = 16384, length: Int = 256, classes: Int = 1000, width: Int, layers: Int, heads: Int,
        hidden: Int? = nil, epsilon: Float = 1e-5, positions: Positions = .learned,
        sampling: LlamaGenSampling = LlamaGenSampling()
    ) {
        self.init(
            codebookSize: codebookSize, length: length, subjects: .classes(classes), width: width, layers: layers, heads: heads,
            hidden: hidden, epsilon: epsilon, positions: positions, sampling: sampling)
    }

    /// - Parameter hidden: nil for two thirds of four widths, rounded up to a multiple of 256.
    public init(
        codebookSize: Int = 16384, length: Int = 256, subjects: GeneratorSubjects, conditionLength: Int = 1, width: Int, layers: Int, heads: Int,
        hidden: Int? = nil, epsilon: Float = 1e-5, positions: Positions = .learned,
        sampling: LlamaGenSampling = LlamaGenSampling()
    ) {
        self.codebookSize = codebookSize
        self.length = length
        self.subjects = subjects
        self.conditionLength = conditionLength
        self.width = width
        self.layers = layers
        self.heads = heads
        // A width that is out of range is for `validate()` to report.
        self.hidden = hidden ?? ((0...65536).contains(width) ? (8 * width / 3 + 255) / 256 * 256 : width)
        self.epsilon = epsilon
        self.positions = positions
        self.sampling = sampling
    }

    /// The sizes of the official code by name.
    public static let sizes: [(name: String, width: Int, layers: Int, heads: Int)] = [
        ("GPT-B", 768, 12, 12), ("GPT-L", 1024, 24, 16), ("GPT-XL", 1280, 36, 20), ("GPT-XXL", 1536, 48, 24),
        ("GPT-XXXL", 2560, 48, 40),
    ]

    /// The side of the grid of tokens, for rotary positions.
    var grid: Int { Int(Double(length).squareRoot().rounded()) }

    /// To be asked before what came from a file is used.
    ///
    /// - Throws: `InvalidValue` for the first value that cannot be used.
    public func validate() throws(InvalidValue) {
        try expectSizes([
            ("vocab_size", codebookSize, 1 << 20), ("block_size", length, 16384), ("cls_token_num", conditionLength, 16384),
            ("dim", width, 65536), ("n_layer", layers, 1024), ("n_head", heads, 1024), ("ffn_hidden", hidden, 1 << 20),
        ])
        try subjects.validate(classes: "num_classes")
        if case .classes = subjects, conditionLength != 1 {
            throw InvalidValue("cls_token_num is \(conditionLength), expected 1 for classes")
        }
        try expectHeads("dim", width: width, heads: heads)
        if !(epsilon >= 0 && epsilon < 1) { throw InvalidValue("norm_eps is \(epsilon), expected 0 to 1") }
        if positions == .rotary {
            if grid * grid != length { throw InvalidValue("block_size is \(length), which forms no square") }
            if width / heads % 4 != 0 { throw InvalidValue("heads of \(width / heads) channels, expected a multiple of 4") }
        }
        try sampling.validateKeys()
    }

    /// The number of classes; 0 of captions.
    public var classes: Int { subjects.classes }

    /// The label of "no class".
    public var noClass: Int { classes }
}

extension LlamaGenConfiguration: Codable {
    /// Keys that are left out have the official defaults.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: OfficialKey.self)
        let positions: Positions = try values.value("positions", default: .learned)
        let subjects = try GeneratorSubjects(of: values, classes: "num_classes")
        // Official configurations of classes may have any number there.
        var conditionLength = 1
        if case .captions = subjects { conditionLength = try values.value("cls_token_num", default: 120) }
        self.init(
            codebookSize: try values.value("vocab_size", default: 16384), length: try values.value("block_size", default: 256),
            subjects: subjects, conditionLength: conditionLength, width: try values.value("dim"),
            layers: try values.value("n_layer"), heads: try values.value("n_head"),
            hidden: try values.decodeIfPresent(Int.self, forKey: "ffn_hidden"),
            epsilon: try values.value("norm_eps", default: 1e-5), positions: positions)
        sampling = LlamaGenSampling(
            temperature: try values.value("temperature", default: sampling.temperature),
            topK: try values.value("top_k", default: sampling.topK), topP: try values.value("top_p", default: sampling.topP),
            guidance: try values.value("cfg_scale", default: sampling.guidance),
            schedule: try values.value("cfg_schedule", default: sampling.schedule),
            windowStart: try values.value("window_start", default: sampling.windowStart),
            interval: try values.value("cfg_interval", default: sampling.interval))
    }

    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: OfficialKey.self)
        try values.encode(codebookSize, forKey: "vocab_size")
        try values.encode(length, forKey: "block_size")
        try subjects.encode(to: &values, classes: "num_classes")
        if case .captions = subjects { try values.encode(conditionLength, forKey: "cls_token_num") }
        try values.encode(width, forKey: "dim")
        try values.encode(layers, forKey: "n_layer")
        try values.encode(heads, forKey: "n_head")
        try values.encode(hidden, forKey: "ffn_hidden")
        try values.encode(epsilon, forKey: "norm_eps")
        try values.encode(positions, forKey: "positions")
        try values.encode(sampling.temperature, forKey: "temperature")
        try values.encode(sampling.topK, forKey: "top_k")
        try values.encode(sampling.topP, forKey: "top_p")
        try values.encode(sampling.guidance, forKey: "cfg_scale")
        try values.encode(sampling.schedule, forKey: "cfg_schedule")
        try values.encode(sampling.windowStart, forKey: "window_start")
        try values.encode(sampling.interval, forKey: "cfg_interval")
    }

    /// All keys that are read.
    static let knownKeys = GeneratorSubjects.keys.union([
        "vocab_size", "block_size", "num_classes", "dim", "n_layer", "n_head", "ffn_hidden", "norm_eps", "positions",
        "temperature", "top_k", "top_p", "cfg_scale", "cfg_schedule", "window_start", "cfg_interval", "cls_token_num",
    ])
}
