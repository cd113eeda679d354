import Networks

extension TiTokConfiguration {
    /// The configuration of a TiTok by the shapes of its tensors (reference section 2).
    static func inferred(from catalog: TensorCatalog, kind: Kind) throws -> TiTokConfiguration {
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
                reason: "encoder.conv_out gives \(outputs) numbers for tokens of \(size), expected \(size) or \(2 * size)")
        }
        let isLegacy = catalog.contains("decoder.ffn.2.weight")
        var configuration = TiTokConfiguration(
            kind: kind, imageSize: encoderGrid * patch, patchSize: patch, latentTokens: latents[0], tokenSize: size,
            quantization: outputs == size ? .vector : .variational, usesUnitVectors: isLegacy, isLegacy: isLegacy,
            hasPixelDecoder: catalog.contains("pixel_quantize.embedding.weight"),
            encoder: TransformerShape(
                width: latents[1], layers: catalog.run("encoder.transformer.", ".ln_1.weight"),
                heads: try TensorCatalog.heads(latents[1])),
            decoder: TransformerShape(
                width: width, layers: catalog.run("decoder.transformer.", ".ln_1.weight"),
                heads: try TensorCatalog.heads(width)))
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
        return try checked(configuration, configuration.problem)
    }
}

extension FlowTiTokConfiguration {
    /// The configuration of a FlowTiTok by the shapes of its tensors (FlowTok reference, section 7).
    static func inferred(from catalog: TensorCatalog) throws -> FlowTiTokConfiguration {
        let latents = try catalog.shape("latent_tokens", rank: 2)
        let patch = try catalog.patch("encoder.patch_embed.weight")
        let embedding = try catalog.shape("decoder.decoder_embed.weight", rank: 2)
        func rotary(_ part: String) throws -> [Int]? {
            let name = "\(part).positional_embedding.freqs_cos"
            return catalog.contains(name) ? try catalog.shape(name, rank: 2) : nil
        }
        func shape(_ part: String, _ width: Int) throws -> TransformerShape {
            let heads = try rotary(part).map { try TensorCatalog.quotient(width, $0[1], "\(part)'s width and its heads") }
            return TransformerShape(
                width: width, layers: catalog.run("\(part).transformer.", ".ln_1.weight"),
                heads: try heads ?? TensorCatalog.heads(width))
        }
        let side = try rotary("encoder").map { try catalog.side($0[0], of: "encoder.positional_embedding.freqs_cos") * patch }
        let configuration = FlowTiTokConfiguration(
            imageSize: side ?? 512, patchSize: patch, latentTokens: latents[0], tokenSize: embedding[1],
            textContextLength: try catalog.shape("decoder.text_guidance_positional_embedding", rank: 2)[0],
            textEmbeddingWidth: try catalog.shape("decoder.text_guidance_proj.weight", rank: 2)[1],
            encoder: try shape("encoder", latents[1]), decoder: try shape("decoder", embedding[0]),
            seeded: catalog.contains("encoder.latent_seed.weight"))
        return try checked(configuration, configuration.problem)
    }
}

extension MaskGITVQGANConfiguration {
    /// The configuration of a MaskGIT-VQGAN by the shapes of its tensors (reference section 4).
    static func inferred(from catalog: TensorCatalog) throws -> MaskGITVQGANConfiguration {
        let codes = try catalog.shape("quantize.embedding.weight", rank: 2)
        var configuration = MaskGITVQGANConfiguration(codeSize: codes[1], codebookSize: codes[0])
        try configuration.inferChannels(
            from: catalog, bottom: "decoder.norm_out.weight", levels: "decoder.up.")
        return try checked(configuration, configuration.problem)
    }

    /// Reads the channels of the levels that are stored under `levels`, highest resolution first. Multiples are of the
    /// channels of the highest one, `bottom`, whose multiple is 1 in every published model.
    mutating func inferChannels(from catalog: TensorCatalog, bottom: String, levels: String) throws {
        hiddenChannels = try catalog.shape(bottom, rank: 1)[0]
        channelMultipliers = try (0..<catalog.run(levels, ".block.0.conv1.weight")).map { level in
            try TensorCatalog.quotient(
                try catalog.shape("\(levels)\(level).block.0.conv1.weight", rank: 4)[0], hiddenChannels,
                "the channels of level \(level)")
        }
        residualBlocks = catalog.run(levels + "0.block.", ".conv1.weight")
    }
}

/// A configuration, unless it has a problem.
private func checked<Configuration>(_ configuration: Configuration, _ problem: String?) throws -> Configuration {
    if let problem { throw TensorCatalog.Problem(reason: problem) }
    return configuration
}
