extension TiTokConfiguration: Codable {
    private enum Keys: String, CodingKey {
        case kind = "class"
        case model, dataset, override
    }

    private enum ModelKeys: String, CodingKey {
        case tokenizer = "vq_model"
    }

    private enum DatasetKeys: String, CodingKey {
        case preprocessing
    }

    private enum PreprocessingKeys: String, CodingKey {
        case imageSize = "crop_size"
    }

    private enum TokenizerKeys: String, CodingKey {
        case codebookSize = "codebook_size"
        case tokenSize = "token_size"
        case usesUnitVectors = "use_l2_norm"
        case commitmentCost = "commitment_cost"
        case quantization = "quantize_mode"
        case encoderSize = "vit_enc_model_size"
        case decoderSize = "vit_dec_model_size"
        case encoderPatchSize = "vit_enc_patch_size"
        case decoderPatchSize = "vit_dec_patch_size"
        case latentTokens = "num_latent_tokens"
        case hasPixelDecoder = "finetune_decoder"
        case isLegacy = "is_legacy"
        case textContextLength = "text_context_length"
        case textEmbeddingWidth = "text_embed_dim"
    }

    /// Shapes in place of the published sizes, which official configurations have names for alone.
    private enum OverrideKeys: String, CodingKey {
        case encoder = "vit_enc"
        case decoder = "vit_dec"
        case pixels = "pixel"
    }

    /// The sizes that official configurations name (reference section 1).
    static let sizes: KeyValuePairs<String, TransformerShape> = [
        "small": TransformerShape(width: 512, layers: 8, heads: 8),
        "base": TransformerShape(width: 768, layers: 12, heads: 12),
        "large": TransformerShape(width: 1024, layers: 24, heads: 16),
    ]

    /// Reads an official configuration, with the official defaults for keys that it leaves out. Where it does not say its
    /// class, one that says anything of a text is text-aware.
    public init(from decoder: any Decoder) throws {
        let root = try decoder.container(keyedBy: Keys.self)
        let values = try root.nestedContainer(keyedBy: ModelKeys.self, forKey: .model)
            .nestedContainer(keyedBy: TokenizerKeys.self, forKey: .tokenizer)
        let overrides =
            root.contains(.override)
            ? try root.nestedContainer(keyedBy: OverrideKeys.self, forKey: .override) : nil

        func shape(_ key: TokenizerKeys, _ override: OverrideKeys) throws -> TransformerShape {
            if let own = try overrides?.decodeIfPresent(OverriddenShape.self, forKey: override) { return own.shape }
            let name = try values.decode(String.self, forKey: key)
            guard let size = Self.sizes.first(where: { $0.key == name }) else {
                throw DecodingError.dataCorruptedError(
                    forKey: key, in: values,
                    debugDescription: "\(key.rawValue) is \"\(name)\", expected small, base or large")
            }
            return size.value
        }

        let mentionsText = values.contains(.textContextLength) || values.contains(.textEmbeddingWidth)
        self.init(
            kind: try root.decodeIfPresent(Kind.self, forKey: .kind) ?? (mentionsText ? .textAware : .plain),
            imageSize: try root.nestedContainer(keyedBy: DatasetKeys.self, forKey: .dataset)
                .nestedContainer(keyedBy: PreprocessingKeys.self, forKey: .preprocessing)
                .decode(Int.self, forKey: .imageSize),
            patchSize: try values.decode(Int.self, forKey: .encoderPatchSize),
            latentTokens: try values.decode(Int.self, forKey: .latentTokens),
            tokenSize: try values.decode(Int.self, forKey: .tokenSize),
            quantization: try values.decodeIfPresent(Quantization.self, forKey: .quantization) ?? .vector,
            codebookSize: try values.decodeIfPresent(Int.self, forKey: .codebookSize) ?? 4096,
            usesUnitVectors: try values.decodeIfPresent(Bool.self, forKey: .usesUnitVectors) ?? false,
            commitmentCost: try values.decodeIfPresent(Float.self, forKey: .commitmentCost) ?? 0.25,
            isLegacy: try values.decodeIfPresent(Bool.self, forKey: .isLegacy) ?? true,
            hasPixelDecoder: try values.decodeIfPresent(Bool.self, forKey: .hasPixelDecoder) ?? true,
            textContextLength: try values.decodeIfPresent(Int.self, forKey: .textContextLength) ?? 77,
            textEmbeddingWidth: try values.decodeIfPresent(Int.self, forKey: .textEmbeddingWidth) ?? 768,
            encoder: try shape(.encoderSize, .encoder), decoder: try shape(.decoderSize, .decoder),
            pixels: try overrides?.decodeIfPresent(MaskGITVQGANConfiguration.self, forKey: .pixels)
                ?? MaskGITVQGANConfiguration())
        decoderPatchSize = try values.decode(Int.self, forKey: .decoderPatchSize)
    }

    public func encode(to encoder: any Encoder) throws {
        var root = encoder.container(keyedBy: Keys.self)
        try root.encode(kind, forKey: .kind)
        var dataset = root.nestedContainer(keyedBy: DatasetKeys.self, forKey: .dataset)
        var preprocessing = dataset.nestedContainer(keyedBy: PreprocessingKeys.self, forKey: .preprocessing)
        try preprocessing.encode(imageSize, forKey: .imageSize)
        var model = root.nestedContainer(keyedBy: ModelKeys.self, forKey: .model)
        var values = model.nestedContainer(keyedBy: TokenizerKeys.self, forKey: .tokenizer)
        try values.encode(quantization, forKey: .quantization)
        try values.encode(tokenSize, forKey: .tokenSize)
        try values.encode(encoderPatchSize, forKey: .encoderPatchSize)
        try values.encode(decoderPatchSize, forKey: .decoderPatchSize)
        try values.encode(latentTokens, forKey: .latentTokens)
        try values.encode(hasPixelDecoder, forKey: .hasPixelDecoder)
        try values.encode(isLegacy, forKey: .isLegacy)
        if quantization == .vector {
            try values.encode(codebookSize, forKey: .codebookSize)
            try values.encode(usesUnitVectors, forKey: .usesUnitVectors)
            try values.encode(commitmentCost, forKey: .commitmentCost)
        }
        if kind == .textAware {
            try values.encode(textContextLength, forKey: .textContextLength)
            try values.encode(textEmbeddingWidth, forKey: .textEmbeddingWidth)
        }
        let names = [self.encoder, self.decoder].map { shape in Self.sizes.first { $0.value == shape }?.key }
        try values.encode(names[0] ?? "override", forKey: .encoderSize)
        try values.encode(names[1] ?? "override", forKey: .decoderSize)
        let ownPixels = isLegacy && pixels != MaskGITVQGANConfiguration()
        guard names.contains(nil) || ownPixels else { return }
        var overrides = root.nestedContainer(keyedBy: OverrideKeys.self, forKey: .override)
        if names[0] == nil { try overrides.encode(OverriddenShape(self.encoder), forKey: .encoder) }
        if names[1] == nil { try overrides.encode(OverriddenShape(self.decoder), forKey: .decoder) }
        if ownPixels { try overrides.encode(pixels, forKey: .pixels) }
    }
}

/// A transformer's shape under the official code's names.
private struct OverriddenShape: Codable {
    let shape: TransformerShape

    private enum Keys: String, CodingKey {
        case width
        case layers = "num_layers"
        case heads = "num_heads"
    }

    init(_ shape: TransformerShape) { self.shape = shape }

    init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: Keys.self)
        shape = TransformerShape(
            width: try values.decode(Int.self, forKey: .width), layers: try values.decode(Int.self, forKey: .layers),
            heads: try values.decode(Int.self, forKey: .heads))
    }

    func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: Keys.self)
        try values.encode(shape.width, forKey: .width)
        try values.encode(shape.layers, forKey: .layers)
        try values.encode(shape.heads, forKey: .heads)
    }
}
