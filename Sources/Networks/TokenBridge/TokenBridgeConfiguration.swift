import Files

/// The shape of a TokenBridge generator (2503.16430): of classes as published, or of captions. Coded with the names of the official arguments.
public struct TokenBridgeConfiguration: Sendable, Hashable, Codable {
    /// The side of the images, and of the square of pixels that a token stands for.
    public var imageSize: Int
    public var patchSize: Int
    /// The tokens of an image where they form no square, as those of a tokenizer of one dimension; otherwise nil.
    public var sequence: Int?
    /// Channels of a token, each of which has a code.
    public var channels: Int
    /// Bins of a channel.
    public var levels: Int
    /// The largest number that is quantized.
    public var range: Double
    /// What it draws.
    public var subjects: GeneratorSubjects
    /// Places before the tokens that hold the condition.
    public var buffer: Int
    public var encoder: TransformerShape
    public var decoder: TransformerShape
    /// The network that draws the channels of a token one after the other.
    public var head: TransformerShape
    /// How the generator draws where nothing else is asked for.
    public var sampling: TokenBridgeSampling

    /// A generator of classes.
    ///
    /// - Parameter sampling: nil for that of the published model of this width.
    public init(
        imageSize: Int = 256, patchSize: Int = 16, sequence: Int? = nil, channels: Int = 16, levels: Int = 64, range: Double = 5,
        classes: Int = 1000, buffer: Int = 64, encoder: TransformerShape, decoder: TransformerShape,
        head: TransformerShape, sampling: TokenBridgeSampling? = nil
    ) {
        self.init(
            imageSize: imageSize, patchSize: patchSize, sequence: sequence, channels: channels, levels: levels, range: range,
            subjects: .classes(classes), buffer: buffer, encoder: encoder, decoder: decoder, head: head, sampling: sampling)
    }

    /// - Parameter sampling: nil for that of the published model of this width.
    public init(
        imageSize: Int = 256, patchSize: Int = 16, sequence: Int? = nil, channels: Int = 16, levels: Int = 64, range: Double = 5,
        subjects: GeneratorSubjects, buffer: Int = 64, encoder: TransformerShape, decoder: TransformerShape,
        head: TransformerShape, sampling: TokenBridgeSampling? = nil
    ) {
        self.imageSize = imageSize
        self.patchSize = patchSize
        self.sequence = sequence
        self.channels = channels
        self.levels = levels
        self.range = range
        self.subjects = subjects
        self.buffer = buffer
        self.encoder = encoder
        self.decoder = decoder
        self.head = head
        self.sampling = sampling ?? .published(width: encoder.width)
    }

    /// The models of the paper by their names; B was not released.
    public static let published: [(name: String, size: String, configuration: TokenBridgeConfiguration)] = [
        ("TokenBridge-B", "base", sized(width: 768, layers: 12, heads: 12, head: TransformerShape(width: 768, layers: 4, heads: 8))),
        ("TokenBridge-L", "large", sized(width: 1024, layers: 16, heads: 16, head: TransformerShape(width: 1024, layers: 4, heads: 8))),
        ("TokenBridge-H", "huge", sized(width: 1280, layers: 20, heads: 16, head: TransformerShape(width: 1024, layers: 6, heads: 8))),
    ]

    private static func sized(width: Int, layers: Int, heads: Int, head: TransformerShape) -> TokenBridgeConfiguration {
        let shape = TransformerShape(width: width, layers: layers, heads: heads)
        return TokenBridgeConfiguration(encoder: shape, decoder: shape, head: head)
    }

    static let knownKeys = GeneratorSubjects.keys.union([
        "model_type", "size", "img_size", "vae_stride", "patch_size", "vae_embed_dim", "quant_levels", "quant_bits",
        "quant_min", "quant_max", "class_num", "buffer_size", "encoder_embed_dim", "encoder_depth", "encoder_num_heads",
        "decoder_embed_dim", "decoder_depth", "decoder_num_heads", "channel_embed_dim", "channel_depth", "channel_heads",
        "seq_len", "num_iter", "cfg", "cfg_schedule", "temperature", "mlp_ratio", "mask_ratio_min", "label_drop_prob", "attn_dropout",
        "proj_dropout", "use_quantized_value",
    ])

    /// Reads the official arguments; `size` names a published model whose values the others change.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: OfficialKey.self)
        let size: String? = try values.decodeIfPresent(String.self, forKey: "size")
        let base = Self.published.first { $0.size == size }?.configuration
        if let size, base == nil {
            throw DecodingError.dataCorruptedError(
                forKey: "size", in: values, debugDescription: "\"\(size)\" is none of base, large, huge")
        }
        func shape(_ width: OfficialKey, _ layers: OfficialKey, _ heads: OfficialKey, _ base: TransformerShape?) throws -> TransformerShape {
            func value(_ key: OfficialKey, _ base: Int?) throws -> Int {
                try values.decodeIfPresent(Int.self, forKey: key) ?? base ?? values.value(key)
            }
            return TransformerShape(
                width: try value(width, base?.width), layers: try value(layers, base?.layers), heads: try value(heads, base?.heads))
        }
        self.init(
            imageSize: try values.value("img_size", default: 256), patchSize: try values.value("vae_stride", default: 16),
            sequence: try values.decodeIfPresent(Int.self, forKey: "seq_len"),
            channels: try values.value("vae_embed_dim", default: 16), levels: try values.value("quant_levels", default: 64),
            range: try values.value("quant_max", default: 5), subjects: try GeneratorSubjects(of: values, classes: "class_num"),
            buffer: try values.value("buffer_size", default: 64),
            encoder: try shape("encoder_embed_dim", "encoder_depth", "encoder_num_heads", base?.encoder),
            decoder: try shape("decoder_embed_dim", "decoder_depth", "decoder_num_heads", base?.decoder),
            head: try shape("channel_embed_dim", "channel_depth", "channel_heads", base?.head))
        sampling = TokenBridgeSampling(
            steps: try values.value("num_iter", default: sampling.steps), guidance: try values.value("cfg", default: sampling.guidance),
            schedule: try values.value("cfg_schedule", default: sampling.schedule),
            temperature: try values.value("temperature", default: sampling.temperature))
    }

    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: OfficialKey.self)
        try values.encode(imageSize, forKey: "img_size")
        try values.encode(patchSize, forKey: "vae_stride")
        try values.encodeIfPresent(sequence, forKey: "seq_len")
        try values.encode(channels, forKey: "vae_embed_dim")
        try values.encode(levels, forKey: "quant_levels")
        try values.encode(range, forKey: "quant_max")
        try subjects.encode(to: &values, classes: "class_num")
        try values.encode(buffer, forKey: "buffer_size")
        for (shape, width, layers, heads) in [
            (self.encoder, "encoder_embed_dim", "encoder_depth", "encoder_num_heads"),
            (decoder, "decoder_embed_dim", "decoder_depth", "decoder_num_heads"),
            (head, "channel_embed_dim", "channel_depth", "channel_heads"),
        ] as [(TransformerShape, OfficialKey, OfficialKey, OfficialKey)] {
            try values.encode(shape.width, forKey: width)
            try values.encode(shape.layers, forKey: layers)
            try values.encode(shape.heads, forKey: heads)
        }
        try values.encode(sampling.steps, forKey: "num_iter")
        try values.encode(sampling.guidance, forKey: "cfg")
        try values.encode(sampling.schedule, forKey: "cfg_schedule")
        try values.encode(sampling.temperature, forKey: "temperature")
    }

    /// The number of classes; 0 of captions.
    public var classes: Int { subjects.classes }

    /// Tokens of an image.
    public var length: Int { sequence ?? (imageSize / max(1, patchSize)) * (imageSize / max(1, patchSize)) }

    /// To be asked before what came from a file is used.
    ///
    /// - Throws: `InvalidValue` for the first value that cannot be used.
    public func validate() throws(InvalidValue) {
        try expectSizes([
            ("img_size", imageSize, 8192), ("vae_stride", patchSize, 1024), ("vae_embed_dim", channels, 1024),
            ("buffer_size", buffer, 4096), ("encoder_embed_dim", encoder.width, 65536),
            ("encoder_depth", encoder.layers, 1024), ("encoder_num_heads", encoder.heads, 1024),
            ("decoder_embed_dim", decoder.width, 65536), ("decoder_depth", decoder.layers, 1024),
            ("decoder_num_heads", decoder.heads, 1024), ("channel_embed_dim", head.width, 65536),
            ("channel_depth", head.layers, 1024), ("channel_heads", head.heads, 1024),
        ])
        try subjects.validate(classes: "class_num")
        try expect("quant_levels", levels, in: GaussianQuantizer.bounds)
        guard range > 0, range <= 1e6 else { throw InvalidValue("quant_max is \(range), expected a number above 0") }
        try expect("seq_len", sequence ?? 1, in: 1...16384)
        guard sequence != nil || imageSize % patchSize == 0, length <= 16384 else {
            throw InvalidValue("img_size is \(imageSize), expected a multiple of \(patchSize), and at most 16384 tokens")
        }
        try expectHeads("encoder_embed_dim", width: encoder.width, heads: encoder.heads)
        try expectHeads("decoder_embed_dim", width: decoder.width, heads: decoder.heads)
        try expectHeads("channel_embed_dim", width: head.width, heads: head.heads)
        try sampling.validateKeys()
    }
}
