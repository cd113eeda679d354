import Files
import Layers
import Sampling
import Tensors

extension ModelFamily {
    /// Randomized autoregressive generators of classes over the codes of MaskGIT-VQGAN (2411.00776).
    public static let rar = ModelFamily(
        id: "rar", title: "a RAR, an autoregressive generator of classes", abilities: [.drawClasses],
        network: .generator(RARConfiguration.self),
        signatures: [
            Signature(
                "RAR, an autoregressive generator over MaskGIT-VQGAN codes",
                ["target_aware_pos_embed", "cls_token", "blocks.0.adaLN_modulation.1.weight"])
        ])
}

extension RARConfiguration: TokenGeneratorConfiguration {
    public init(inferredFrom catalog: TensorCatalog) throws {
        let head = try catalog.shape("lm_head.weight", rank: 2)
        let (codes, width) = (head[0], head[1])
        self = try TensorCatalog.checked(
            RARConfiguration(
                codebookSize: codes,
                length: try TensorCatalog.difference(catalog.shape("pos_embed", rank: 3)[1], 1024, "positions"),
                classes: try TensorCatalog.difference(
                    catalog.shape("embeddings.weight", rank: 2)[0], codes + 2, "entries of the embedding table"),
                width: width, layers: catalog.run("blocks.", ".attn.qkv.weight"),
                heads: try TensorCatalog.quotient(
                    width, catalog.shape("blocks.0.attn.q_norm.weight", rank: 1)[0], "the width of lm_head.weight"),
                hidden: try catalog.shape("blocks.0.mlp.fc1.weight", rank: 2)[0]))
    }

    /// Told from MaskGIT's, whose sections are the same, by what RAR's alone have, and by the kinds that MaskGIT's has.
    public static func isDescribed(by configuration: JSONValue) -> Bool {
        guard let generator = configuration["model"]?["generator"], generator["model_type"] == nil else { return false }
        return ["randomness_anneal_start", "use_checkpoint", "guidance_scale_pow"].contains { generator[$0] != nil }
            && generator["guidance_decay"] == nil
    }

    /// The causal mask, which some exports hold.
    public static func ignores(_ tensor: String) -> Bool { tensor == "attn_mask" }

    public static func unknownKeys(in configuration: JSONValue) -> [String] {
        configuration.keys(at: ["model", "generator"], beyond: knownKeys)
    }

    public static var publishedSizes: [(name: String, configuration: any TokenGeneratorConfiguration)] {
        var sizes: [(name: String, configuration: any TokenGeneratorConfiguration)] = published.map { ($0.name, $0.configuration) }
        let small = RARConfiguration(codebookSize: 64, length: 16, classes: 10, width: 64, layers: 2, heads: 4, hidden: 128)
        sizes.append(("RAR-tiny", small))
        return sizes
    }

    public var subjects: GeneratorSubjects { .classes(classes) }

    public var tokens: TokenShape { TokenShape(count: length, values: .codes(size: codebookSize)) }

    public var publishedName: String? {
        RARConfiguration.published.first { $0.configuration.shape == shape }?.name
    }

    /// Without the settings of drawing.
    private var shape: RARConfiguration {
        var shape = self
        shape.sampling = RARSampling(guidance: 0, power: 0)
        return shape
    }

    public var summary: String { "\(publishedName ?? "RAR"), \(classes) classes, \(tokens.summary)" }

    public func generator(_ weights: Weights) -> any TokenGenerator { RAR(self, weights: weights) }
}

extension RAR: TokenGenerator {
    public var subjects: GeneratorSubjects { configuration.subjects }
    public var tokens: TokenShape { configuration.tokens }

    public var defaults: GeneratorSettings {
        let sampling = configuration.sampling
        return GeneratorSettings(
            guidance: sampling.guidance, temperature: sampling.temperature, topK: sampling.topK, topP: sampling.topP)
    }

    public func bytesRead(inStep step: Int) -> Int? { stepBytes(step, rows: configuration.sampling.guidance == 0 ? 1 : 2) }

    public func generate(
        _ condition: GeneratorCondition, settings: GeneratorSettings, noise: inout any NoiseSource,
        progress: (GenerationStep) throws -> Void
    ) throws -> ImageTokens {
        let classes = try condition.classes()
        var sampling = configuration.sampling
        sampling.guidance = settings.guidance ?? sampling.guidance
        sampling.temperature = settings.temperature ?? sampling.temperature
        sampling.topK = settings.topK ?? sampling.topK
        sampling.topP = settings.topP ?? sampling.topP
        return .indices(
            try generate(classes: classes, sampling: sampling, noise: &noise) { try progress($0.map(ImageTokens.indices)) })
    }
}
