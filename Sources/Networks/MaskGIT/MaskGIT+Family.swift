import Files
import Layers
import Sampling
import Tensors

extension ModelFamily {
    /// The masked generators that TiTok was published with (2406.07550, section 4.1), of classes or of captions.
    public static let maskGIT = ModelFamily(
        id: "maskgit", title: "a MaskGIT generator", abilities: [.drawClasses, .drawCaptions],
        network: .generator(MaskGITConfiguration.self),
        signatures: [
            Signature(
                "a MaskGIT generator over TiTok tokens (ImageBert)",
                ["model.embeddings.word_embeddings.weight", "model.lm_head.weight"]),
            Signature(
                "a MaskGIT generator over TiTok tokens (UViTBert)",
                ["embeddings.weight", "in_blocks.0.attn.qkv.weight"]),
        ])
}

extension TensorCatalog {
    /// The heads of every published generator of TiTok's authors.
    static let generatorHeads = 16

    /// What a generator draws that was made for classes and reads captions; nil where it draws classes.
    var captions: GeneratorSubjects? {
        get throws { try contains("caption_proj.weight") ? .captions(width: shape("caption_proj.weight", rank: 2)[1]) : nil }
    }
}

extension MaskGITConfiguration: TokenGeneratorConfiguration {
    private static func bert(_ catalog: TensorCatalog) throws -> MaskGITConfiguration {
        let table = try catalog.shape("model.embeddings.word_embeddings.weight", rank: 2)
        let codes = try catalog.shape("model.lm_head.weight", rank: 2)[0]
        return MaskGITConfiguration(
            architecture: .vit, codebookSize: codes,
            length: try TensorCatalog.difference(
                catalog.shape("model.embeddings.position_embeddings.weight", rank: 2)[0], 1, "positions"),
            subjects: try subjects(catalog, entries: table[0], codes: codes), width: table[1],
            layers: catalog.run("model.encoder.layer.", ".attention.self.query.weight"), heads: TensorCatalog.generatorHeads,
            hidden: try catalog.shape("model.encoder.layer.0.intermediate.dense.weight", rank: 2)[0])
    }

    private static func subjects(_ catalog: TensorCatalog, entries: Int, codes: Int) throws -> GeneratorSubjects {
        try catalog.captions ?? .classes(TensorCatalog.difference(entries, codes + 2, "entries of the embedding table"))
    }

    private static func uvit(_ catalog: TensorCatalog) throws -> MaskGITConfiguration {
        let table = try catalog.shape("embeddings.weight", rank: 2)
        let codes = try catalog.shape("lm_head.weight", rank: 2)[0]
        return MaskGITConfiguration(
            architecture: .uvit, codebookSize: codes,
            length: try TensorCatalog.difference(catalog.shape("pos_embed", rank: 3)[1], 1, "positions"),
            subjects: try subjects(catalog, entries: table[0], codes: codes), width: table[1],
            layers: 2 * catalog.run("in_blocks.", ".attn.qkv.weight"), heads: TensorCatalog.generatorHeads,
            hidden: try catalog.shape("in_blocks.0.mlp.fc1.weight", rank: 2)[0])
    }

    public init(inferredFrom catalog: TensorCatalog) throws {
        self = try TensorCatalog.checked(
            catalog.contains("model.embeddings.word_embeddings.weight") ? .bert(catalog) : .uvit(catalog))
    }

    public static func isDescribed(by configuration: JSONValue) -> Bool {
        configuration["model"]?["generator"] != nil && !RARConfiguration.isDescribed(by: configuration)
    }

    public static func unknownKeys(in configuration: JSONValue) -> [String] {
        configuration.keys(at: ["model", "generator"], beyond: knownKeys)
    }

    /// What older exports hold and no network reads.
    public static func ignores(_ tensor: String) -> Bool { tensor == "model.embeddings.position_ids" }

    public static var publishedSizes: [(name: String, configuration: any TokenGeneratorConfiguration)] {
        [
            ("MaskGIT-L-32", titokL32), ("MaskGIT-B-64", titokB64), ("MaskGIT-S-128", titokS128),
            (
                "MaskGIT-tiny",
                MaskGITConfiguration(
                    architecture: .vit, codebookSize: 64, length: 8, classes: 10, width: 64, layers: 2, heads: 4, hidden: 128)
            ),
        ]
    }

    public var captionStates: CaptionStates { .textEncoder(positions: nil) }

    public var tokens: TokenShape { TokenShape(count: length, values: .codes(size: codebookSize)) }

    public var summary: String {
        "a MaskGIT generator of \(classes > 0 ? "classes" : "captions") (\(architecture == .uvit ? "UViT" : "ViT")), \(tokens.summary)"
    }

    public func generator(_ weights: Weights) -> any TokenGenerator { MaskGITGenerator(self, weights: weights) }
}

extension MaskGITGenerator: TokenGenerator {
    public var subjects: GeneratorSubjects { configuration.subjects }
    public var tokens: TokenShape { configuration.tokens }

    public var defaults: GeneratorSettings {
        let sampling = MaskGITSampling.published(for: configuration)
        return GeneratorSettings(
            steps: sampling.steps, guidance: sampling.guidance, temperature: sampling.temperature)
    }

    public func generate(
        _ condition: GeneratorCondition, settings: GeneratorSettings, noise: inout any NoiseSource,
        progress: (GenerationStep) throws -> Void
    ) throws -> ImageTokens {
        let (labels, captions) = try condition.labels(for: subjects)
        var sampling = MaskGITSampling.published(for: configuration)
        sampling.steps = settings.steps ?? sampling.steps
        sampling.guidance = settings.guidance ?? sampling.guidance
        sampling.temperature = settings.temperature ?? sampling.temperature
        return .indices(
            try generate(labels: labels, captions: captions, sampling: sampling, noise: &noise) {
                try progress($0.map(ImageTokens.indices))
            })
    }
}

extension MaskGITSampling {
    /// The settings of the published figures of the generator of this shape (TiTok reference, section 1).
    static func published(for configuration: MaskGITConfiguration) -> MaskGITSampling {
        configuration.architecture == .uvit ? .titokS128 : configuration.length > 32 ? .titokB64 : .titokL32
    }
}
