import Layers

extension ModelFamily {
    /// FlowTok's image tokenizer (2503.10772, section 3.2).
    public static let flowTiTok = ModelFamily(
        id: "flowtitok", title: "a FlowTiTok, an image tokenizer", abilities: [.tokenize],
        network: .imageTokenizer(FlowTiTokConfiguration.self),
        signatures: [
            Signature(
                "FlowTiTok, FlowTok's 1D image tokenizer",
                ["latent_tokens", "encoder.transformer.0.attn.qkv.weight", "decoder.text_guidance_proj.weight"])
        ])
}

extension FlowTiTokConfiguration: ImageTokenizerConfiguration {
    /// The configuration of a FlowTiTok by the shapes of its tensors (FlowTok reference, section 7).
    public init(inferredFrom catalog: TensorCatalog) throws {
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
                heads: try heads ?? catalog.heads(width))
        }
        let side = try rotary("encoder").map { try catalog.side($0[0], of: "encoder.positional_embedding.freqs_cos") * patch }
        let configuration = FlowTiTokConfiguration(
            imageSize: side ?? 512, patchSize: patch, latentTokens: latents[0], tokenSize: embedding[1],
            textContextLength: try catalog.shape("decoder.text_guidance_positional_embedding", rank: 2)[0],
            textEmbeddingWidth: try catalog.shape("decoder.text_guidance_proj.weight", rank: 2)[1],
            encoder: try shape("encoder", latents[1]), decoder: try shape("decoder", embedding[0]),
            seeded: catalog.contains("encoder.latent_seed.weight"),
            overlap: catalog.contains("decoder.overlap.weight"),
            blended: catalog.contains("decoder.overlap.weight") && !catalog.contains("decoder.ffn.0.weight"), refiner: try .inferred(from: catalog))
        self = try TensorCatalog.checked(configuration)
    }

    /// Position tables, which are computed.
    public static func ignores(_ tensor: String) -> Bool { tensor.contains("positional_embedding.freqs_") }

    public var tokens: TokenShape { TokenShape(count: latentTokens, values: .latents(channels: tokenSize)) }

    public var textGuidance: TextGuidanceShape? {
        TextGuidanceShape(contextLength: textContextLength, width: textEmbeddingWidth)
    }

    public var summary: String { "FlowTiTok, \(latentTokens)×\(tokenSize), \(imageSize)×\(imageSize) pixels" }

    public func imageTokenizer(_ weights: Weights) -> any ImageTokenizer { FlowTiTok(self, weights: weights) }

    public func resized(to side: Int) -> FlowTiTokConfiguration? {
        var resized = self
        resized.imageSize = side
        return resized
    }
}

extension RefinerConfiguration {
    /// The refiner of a decoder by its tensors; nil where there is none.
    fileprivate static func inferred(from catalog: TensorCatalog) throws -> RefinerConfiguration? {
        let place = "decoder.refiner."
        guard catalog.contains(place + "input.weight") else { return nil }
        return RefinerConfiguration(
            channels: try TensorCatalog.quotient(
                try catalog.shape(place + "input.weight", rank: 2)[0], 16, "the cells of the refiner"),
            blocks: catalog.run(place + "blocks.", ".conv1.weight"))
    }
}
