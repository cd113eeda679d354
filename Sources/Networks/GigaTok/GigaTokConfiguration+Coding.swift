extension GigaTokConfiguration: Codable {
    /// The sizes that official configurations name (reference section 2).
    static let sizes: KeyValuePairs<String, TransformerShape> = [
        "tiny": TransformerShape(width: 256, layers: 4, heads: 4),
        "small": TransformerShape(width: 512, layers: 6, heads: 8),
        "base": TransformerShape(width: 768, layers: 12, heads: 12),
        "large": TransformerShape(width: 1024, layers: 24, heads: 16),
        "xl": TransformerShape(width: 1280, layers: 36, heads: 20),
        "xxl": TransformerShape(width: 1536, layers: 48, heads: 24),
    ]

    /// Keys that are left out have the official defaults; options that no released tokenizer uses are refused.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: OfficialKey.self)
        try Self.refuseUnusedOptions(of: values)
        let multipliers = [1, 1, 2, 2, 4]
        let encoderMultipliers: [Int] = try values.value("encoder_ch_mult", default: multipliers)
        let layout: Layout = try values.value("cls", default: .sequence)
        let side: Int = try values.value("image_size", default: 256)
        let patches = side >> max(0, min(62, encoderMultipliers.count - 1))
        self.init(
            layout: layout, layer: try values.value("transformer_layer_type", default: .decoder), imageSize: side,
            // A grid has as many tokens as places, whatever is said.
            latentTokens: try layout == .grid && (0...4096).contains(patches)
                ? patches * patches : values.value("num_latent_tokens", default: 256),
            codebookSize: try values.value("codebook_size", default: 16384),
            codeSize: try values.value("codebook_embed_dim", default: 8), channels: try values.value("z_channels", default: 256),
            baseChannels: try values.value("ch", default: 128), encoderMultipliers: encoderMultipliers,
            decoderMultipliers: try values.value("decoder_ch_mult", default: multipliers),
            residualBlocks: try values.value("num_res_blocks", default: 2), groups: try values.value("norm_num_groups", default: Self.publishedGroups),
            encoder: try Self.shape("encoder_width_layers_heads", "encoder_size", of: values),
            decoder: try Self.shape("decoder_width_layers_heads", "decoder_size", of: values),
            distillationDepth: try values.value("distill_depth", default: 3),
            teacherWidth: try values.value("out_inner_dim", default: 768))
    }

    private static func shape(
        _ numbers: OfficialKey, _ name: OfficialKey, of values: KeyedDecodingContainer<OfficialKey>
    ) throws -> TransformerShape {
        if let given = try values.decodeIfPresent([Int].self, forKey: numbers) {
            guard given.count == 3 else {
                throw DecodingError.dataCorruptedError(
                    forKey: numbers, in: values, debugDescription: "\(given) is no width, layers and heads")
            }
            return TransformerShape(width: given[0], layers: given[1], heads: given[2])
        }
        let size: String = try values.value(name)
        guard let found = sizes.first(where: { $0.key == size }) else {
            throw DecodingError.dataCorruptedError(
                forKey: name, in: values,
                debugDescription: "\(name.stringValue) is \"\(size)\", expected \(sizes.map(\.key).joined(separator: ", "))")
        }
        return found.value
    }

    /// Options that change the network and that no released tokenizer has (reference section 5.7).
    private static func refuseUnusedOptions(of values: KeyedDecodingContainer<OfficialKey>) throws {
        for (key, published) in [
            ("codebook_l2_norm", true), ("adaptive_gn", true), ("d2s_up", true), ("multi_level_query_init", true),
            ("use_attn", false), ("use_qk_norm", false), ("use_flash_attn", false), ("use_rope", false), ("rope_1d", false),
            ("learnable_1d_query_init", false), ("learnable_2d_query_init", false), ("last_level_2d_query_init", false),
            ("multi_level_2d_query_init", false), ("stochastic", false), ("simvq", false),
        ] as [(OfficialKey, Bool)] {
            let given: Bool = try values.value(key, default: published)
            guard given == published else {
                throw DecodingError.dataCorruptedError(
                    forKey: key, in: values,
                    debugDescription: "\(key.stringValue) is \(given), expected \(published) as in all released tokenizers")
            }
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: OfficialKey.self)
        try values.encode(layout, forKey: "cls")
        if layout == .grid { try values.encode(layer, forKey: "transformer_layer_type") }
        try values.encode(imageSize, forKey: "image_size")
        try values.encode(latentTokens, forKey: "num_latent_tokens")
        try values.encode(codebookSize, forKey: "codebook_size")
        try values.encode(codeSize, forKey: "codebook_embed_dim")
        try values.encode(channels, forKey: "z_channels")
        try values.encode(baseChannels, forKey: "ch")
        try values.encode(encoderMultipliers, forKey: "encoder_ch_mult")
        try values.encode(decoderMultipliers, forKey: "decoder_ch_mult")
        try values.encode(residualBlocks, forKey: "num_res_blocks")
        // No official configuration has it.
        if groups != Self.publishedGroups { try values.encode(groups, forKey: "norm_num_groups") }
        try values.encode(distillationDepth, forKey: "distill_depth")
        try values.encode(teacherWidth, forKey: "out_inner_dim")
        for (shape, name, numbers) in [
            (self.encoder, "encoder_size", "encoder_width_layers_heads"),
            (self.decoder, "decoder_size", "decoder_width_layers_heads"),
        ] as [(TransformerShape, OfficialKey, OfficialKey)] {
            if let size = Self.sizes.first(where: { $0.value == shape }) {
                try values.encode(size.key, forKey: name)
            } else {
                try values.encode([shape.width, shape.layers, shape.heads], forKey: numbers)
            }
        }
    }

    /// "S-B", or nil where a transformer is of no published size.
    public var publishedName: String? {
        let letters = ["tiny": "T", "small": "S", "base": "B", "large": "L", "xl": "XL", "xxl": "XXL"]
        let names = [encoder, decoder].map { shape in
            Self.sizes.first { $0.value == shape }.flatMap { letters[$0.key] }
        }
        guard let first = names[0], let second = names[1] else { return nil }
        let plain = GigaTokConfiguration(layout: layout, layer: layer, encoder: encoder, decoder: decoder)
        guard self == plain else { return nil }
        return "\(first)-\(second)" + (layout == .grid ? "-2d" : "")
    }
}
