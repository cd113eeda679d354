import Files
import Layers

extension ModelFamily {
    /// TiTok (2406.07550) and its text-aware successor TA-TiTok (2501.07730).
    public static let tiTok = ModelFamily(
        id: "titok", title: "a TiTok, an image tokenizer", abilities: [.tokenize],
        network: .imageTokenizer(TiTokConfiguration.self),
        signatures: [
            Signature(
                "TiTok, a 1D image tokenizer",
                ["latent_tokens", "encoder.transformer.0.attn.in_proj_weight", "decoder.mask_token"]),
            Signature(
                "TA-TiTok, a 1D image tokenizer guided by text",
                [
                    "latent_tokens", "encoder.transformer.0.attn.in_proj_weight", "decoder.mask_token",
                    "decoder.text_guidance_proj.weight",
                ]),
        ])
}

extension TiTokConfiguration: ImageTokenizerConfiguration {
    /// The configuration of a TiTok by the shapes of its tensors (reference section 2).
    public init(inferredFrom catalog: TensorCatalog) throws {
        let kind: Kind = catalog.contains("decoder.text_guidance_proj.weight") ? .textAware : .plain
        let latents = try catalog.shape("latent_tokens", rank: 2)
        let patch = try catalog.patch("encoder.patch_embed.weight")
        func grid(_ name: String) throws -> Int {
            try catalog.side(try catalog.shape(name, rank: 2)[0] - 1, of: name + " without its class token")
        }
        let (encoderGrid, decoderGrid) = (
            try grid("encoder.positional_embedding"), try grid("decoder.positional_embedding")
        )
        let embedding = try catalog.shape("decoder.decoder_embed.weight", rank: 2)
        let (width, size) = (embedding[0], embedding[1])
        let outputs = try catalog.shape("encoder.conv_out.weight", rank: 4)[0]
        guard outputs == size || outputs == 2 * size else {
            throw TensorCatalog.Problem(
                "encoder.conv_out gives \(outputs) numbers for tokens of \(size), expected \(size) or \(2 * size)")
        }
        let isLegacy = catalog.contains("decoder.ffn.2.weight")
        var configuration = TiTokConfiguration(
            kind: kind, imageSize: encoderGrid * patch, patchSize: patch, latentTokens: latents[0], tokenSize: size,
            quantization: outputs == size ? .vector : .variational, usesUnitVectors: isLegacy, isLegacy: isLegacy,
            hasPixelDecoder: catalog.contains("pixel_quantize.embedding.weight"),
            encoder: TransformerShape(
                width: latents[1], layers: catalog.run("encoder.transformer.", ".ln_1.weight"),
                heads: try catalog.heads(latents[1])),
            decoder: TransformerShape(
                width: width, layers: catalog.run("decoder.transformer.", ".ln_1.weight"),
                heads: try catalog.heads(width)))
        configuration.decoderPatchSize = try TensorCatalog.quotient(
            configuration.imageSize, decoderGrid, "the image and the decoder's grid")
        if configuration.quantization == .vector {
            configuration.codebookSize = try catalog.shape("quantize.embedding.weight", rank: 2)[0]
        } else {
            configuration.usesUnitVectors = false
        }
        if kind == .textAware {
            let projection = try catalog.shape("decoder.text_guidance_proj.weight", rank: 2)
            configuration.textEmbeddingWidth = projection[1]
            configuration.textContextLength =
                try catalog.shape("decoder.text_guidance_positional_embedding", rank: 2)[0]
        }
        if isLegacy { configuration.pixels.codebookSize = try catalog.shape("decoder.ffn.2.weight", rank: 4)[0] }
        if configuration.hasPixelDecoder {
            configuration.pixels.codeSize = try catalog.shape("pixel_quantize.embedding.weight", rank: 2)[1]
            try configuration.pixels.inferChannels(
                from: catalog, bottom: "pixel_decoder.norm_out.weight", levels: "pixel_decoder.up.")
        }
        self = try TensorCatalog.checked(configuration)
    }

    /// The hub's files have their sections under `model`, that of the tokenizer among them.
    public static func isDescribed(by configuration: JSONValue) -> Bool {
        let model = configuration["model"]
        return model?["vq_model"] != nil && model?["generator"] == nil && model?["maskgen"] == nil
    }

    public static func ignores(_ tensor: String) -> Bool { tensor == "quantize.embed_prob" }

    public var tokens: TokenShape {
        TokenShape(
            count: latentTokens,
            values: quantization == .vector ? .codes(size: codebookSize) : .latents(channels: tokenSize))
    }

    public var textGuidance: TextGuidanceShape? {
        kind == .textAware ? TextGuidanceShape(contextLength: textContextLength, width: textEmbeddingWidth) : nil
    }

    public var summary: String {
        let family = kind == .textAware ? "TA-TiTok" : "TiTok"
        let shape = quantization == .vector ? tokens.summary : "\(latentTokens)×\(tokenSize)"
        return [family, publishedName].compactMap { $0 }.joined(separator: " ")
            + ", \(shape), \(imageSize)×\(imageSize) pixels"
    }

    public func imageTokenizer(_ weights: Weights) -> any ImageTokenizer { TiTok(self, weights: weights) }

    public func completed(by catalog: TensorCatalog) throws -> TiTokConfiguration {
        guard !isLegacy, catalog.contains("decoder.text_guidance_proj.weight") else { return self }
        var completed = self
        completed.kind = .textAware
        return completed
    }
}
