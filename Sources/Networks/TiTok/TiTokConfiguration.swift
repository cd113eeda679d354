import Files

/// The shape of a TiTok or TA-TiTok tokenizer, read from and written to the official configuration's keys
/// (`model.vq_model.…`, `dataset.preprocessing.crop_size`; reference section 1).
public struct TiTokConfiguration: Sendable, Hashable {
    /// Which of the two official classes.
    public enum Kind: String, Sendable, Codable, CaseIterable {
        /// Images alone (TiTok, 2406.07550).
        case plain = "TiTok"
        /// A caption guides the decoder (TA-TiTok, 2501.07730).
        case textAware = "TATiTok"
    }

    /// What stands between encoder and decoder.
    public enum Quantization: String, Sendable, Codable, CaseIterable {
        /// A codebook.
        case vector = "vq"
        /// A Gaussian posterior over continuous latents.
        case variational = "vae"
    }

    public var kind: Kind
    /// The side of the square image, in pixels.
    public var imageSize: Int
    /// The sides of a patch at the encoder and at the decoder, in pixels.
    public var encoderPatchSize: Int
    public var decoderPatchSize: Int
    /// K, the number of latent tokens.
    public var latentTokens: Int
    /// D, the numbers in a latent token.
    public var tokenSize: Int
    public var quantization: Quantization
    /// The entries of the codebook.
    public var codebookSize: Int
    /// Whether vectors and codes are compared as unit vectors.
    public var usesUnitVectors: Bool
    /// The weight of the loss that draws vectors to their codes.
    public var commitmentCost: Float
    /// Whether latents are read across tokens as the first release does, and the decoder ends in the codes of a
    /// MaskGIT-VQGAN rather than in pixels.
    public var isLegacy: Bool
    /// Whether the checkpoint holds the MaskGIT-VQGAN decoder that turns those codes into pixels.
    public var hasPixelDecoder: Bool
    /// The positions of the text that guides a text-aware decoder, and the width of its hidden states.
    public var textContextLength: Int
    public var textEmbeddingWidth: Int
    public var encoder: TransformerShape
    public var decoder: TransformerShape
    /// The MaskGIT-VQGAN of a legacy tokenizer.
    public var pixels: MaskGITVQGANConfiguration

    public init(
        kind: Kind = .plain, imageSize: Int = 256, patchSize: Int = 16, latentTokens: Int, tokenSize: Int,
        quantization: Quantization = .vector, codebookSize: Int = 4096, usesUnitVectors: Bool = false,
        commitmentCost: Float = 0.25, isLegacy: Bool = false, hasPixelDecoder: Bool = false,
        textContextLength: Int = 77, textEmbeddingWidth: Int = 768, encoder: TransformerShape,
        decoder: TransformerShape, pixels: MaskGITVQGANConfiguration = MaskGITVQGANConfiguration()
    ) {
        self.kind = kind
        self.imageSize = imageSize
        encoderPatchSize = patchSize
        decoderPatchSize = patchSize
        self.latentTokens = latentTokens
        self.tokenSize = tokenSize
        self.quantization = quantization
        self.codebookSize = codebookSize
        self.usesUnitVectors = usesUnitVectors
        self.commitmentCost = commitmentCost
        self.isLegacy = isLegacy
        self.hasPixelDecoder = hasPixelDecoder
        self.textContextLength = textContextLength
        self.textEmbeddingWidth = textEmbeddingWidth
        self.encoder = encoder
        self.decoder = decoder
        self.pixels = pixels
    }

    /// Patches along one side of the image, as the encoder and the decoder cut it.
    public var encoderGrid: Int { imageSize / encoderPatchSize }
    public var decoderGrid: Int { imageSize / decoderPatchSize }

    /// To be asked before what came from a file is used.
    ///
    /// - Throws: `InvalidValue` for the first value that cannot be used.
    public func validate() throws(InvalidValue) {
        try expectSizes([
            ("dataset.preprocessing.crop_size", imageSize, 4096), ("vit_enc_patch_size", encoderPatchSize, 256),
            ("vit_dec_patch_size", decoderPatchSize, 256), ("num_latent_tokens", latentTokens, 16384), ("token_size", tokenSize, 4096),
            ("codebook_size", codebookSize, 1 << 20), ("text_context_length", textContextLength, 16384),
            ("text_embed_dim", textEmbeddingWidth, 65536),
        ])
        for (name, patch) in [("vit_enc_patch_size", encoderPatchSize), ("vit_dec_patch_size", decoderPatchSize)]
        where imageSize % patch != 0 {
            throw InvalidValue("crop_size \(imageSize) is no multiple of \(name) \(patch)")
        }
        for (name, shape) in [("encoder", encoder), ("decoder", decoder)] {
            try expectSizes([
                ("\(name).width", shape.width, 65536), ("\(name).num_layers", shape.layers, 1024), ("\(name).num_heads", shape.heads, 1024),
            ])
            try expectHeads("\(name).width", width: shape.width, heads: shape.heads)
        }
        if !commitmentCost.isFinite { throw InvalidValue("commitment_cost is \(commitmentCost), expected a finite number") }
        if hasPixelDecoder && quantization == .variational { throw InvalidValue("finetune_decoder with quantize_mode vae") }
        if hasPixelDecoder && !isLegacy { throw InvalidValue("finetune_decoder without is_legacy") }
        if kind == .textAware && isLegacy { throw InvalidValue("TATiTok with is_legacy") }
        guard isLegacy else { return }
        try pixels.validate(as: "pixel")
        if hasPixelDecoder && pixels.patchSize != decoderPatchSize {
            throw InvalidValue(
                "the pixel decoder makes \(pixels.patchSize)×\(pixels.patchSize) pixels of a code, expected vit_dec_patch_size \(decoderPatchSize)")
        }
    }
}

/// Why a value cannot be used, or nil.
