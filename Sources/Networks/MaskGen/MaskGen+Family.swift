import Files
import Layers
import Sampling
import Tensors

extension ModelFamily {
    /// MaskGen over the codes of TA-TiTok (2501.07730, section 3.3).
    public static let maskGenVQ = ModelFamily(
        id: "maskgen-vq", title: "a MaskGen, a text-to-image generator", abilities: [.drawCaptions],
        network: .generator(MaskGenVQConfiguration.self),
        signatures: [
            Signature("MaskGen over integer tokens", ["text_embed_proj.weight", "blocks.0.norm1_context.linear.weight"])
        ])

    /// MaskGen over the continuous tokens of TA-TiTok.
    public static let maskGenKL = ModelFamily(
        id: "maskgen-kl", title: "a MaskGen, a text-to-image generator", abilities: [.drawCaptions],
        network: .generator(MaskGenKLConfiguration.self),
        signatures: [
            Signature(
                "MaskGen over continuous tokens",
                ["decoder_blocks.0.norm1_context.linear.weight", "diffusion_pos_embed_learned"])
        ])
}

extension TensorCatalog {
    /// The width of a text's states and the numbers beside its vector, by the maps that read both.
    fileprivate func joint(text: String, pooled: String, blocks: String) throws -> MMDiTShape {
        let states = try shape(text, rank: 2)
        let vector = try shape(pooled, rank: 2)[1]
        guard vector >= states[1] else { throw TensorCatalog.Problem("\(pooled) reads \(vector) numbers, expected at least \(states[1])") }
        return MMDiTShape(
            width: states[0], depth: run(blocks, ".norm1.linear.weight"), heads: TensorCatalog.generatorHeads,
            textWidth: states[1], microWidth: vector - states[1])
    }
}

extension MaskGenVQConfiguration: TokenGeneratorConfiguration {
    public init(inferredFrom catalog: TensorCatalog) throws {
        let classes = 1000
        self = try TensorCatalog.checked(
            MaskGenVQConfiguration(
                transformer: try catalog.joint(
                    text: "text_embed_proj.weight", pooled: "cond_pooled_proj.weight", blocks: "blocks."),
                codebookSize: try TensorCatalog.difference(
                    catalog.shape("embeddings.weight", rank: 2)[0], classes + 2, "entries of the embedding table"),
                length: try catalog.shape("pos_embed", rank: 3)[1], classes: classes, aestheticScore: 6.5))
    }

    public static func isDescribed(by configuration: JSONValue) -> Bool {
        configuration["model"]?["maskgen"] != nil && configuration["losses"]?["diffloss_d"] == nil
    }

    /// The second name of the embedding table, which also gives the logits.
    public static func ignores(_ tensor: String) -> Bool { tensor == "lm_head.weight" }

    public static var publishedSizes: [(name: String, configuration: any TokenGeneratorConfiguration)] {
        let small = MMDiTShape(width: 64, depth: 2, heads: 4, textWidth: 64, microWidth: 8)
        return [
            ("MaskGen-VQ-L", large), ("MaskGen-VQ-XL", extraLarge),
            ("MaskGen-VQ-tiny", MaskGenVQConfiguration(transformer: small, codebookSize: 64, length: 8)),
        ]
    }

    public static func unknownKeys(in configuration: JSONValue) -> [String] {
        configuration.keys(at: ["model", "maskgen"], beyond: knownKeys)
    }

    public var subjects: GeneratorSubjects { .captions(width: transformer.textWidth) }

    public var tokens: TokenShape { TokenShape(count: length, values: .codes(size: codebookSize)) }

    public var summary: String { "MaskGen over integer tokens, \(tokens.summary)" }

    public func generator(_ weights: Weights) -> any TokenGenerator { MaskGenVQ(self, weights: weights) }
}

extension MaskGenVQ: TokenGenerator {
    public var subjects: GeneratorSubjects { configuration.subjects }
    public var tokens: TokenShape { configuration.tokens }

    public var defaults: GeneratorSettings {
        let sampling = configuration.sampling
        return GeneratorSettings(steps: sampling.steps, guidance: sampling.guidance, temperature: sampling.temperature)
    }

    public func generate(
        _ condition: GeneratorCondition, settings: GeneratorSettings, noise: inout any NoiseSource,
        progress: (GenerationStep) throws -> Void
    ) throws -> ImageTokens {
        let (text, unconditional) = try condition.captions()
        var sampling = configuration.sampling
        sampling.steps = settings.steps ?? sampling.steps
        sampling.guidance = settings.guidance ?? sampling.guidance
        sampling.temperature = settings.temperature ?? sampling.temperature
        return .indices(
            try generate(text, unconditional: unconditional, sampling: sampling, noise: &noise) {
                try progress($0.map(ImageTokens.indices))
            })
    }
}

extension MaskGenKLConfiguration: TokenGeneratorConfiguration {
    public init(inferredFrom catalog: TensorCatalog) throws {
        self = try TensorCatalog.checked(
            MaskGenKLConfiguration(
                transformer: try catalog.joint(
                    text: "text_emb.weight", pooled: "text_pooled_emb.weight", blocks: "decoder_blocks."),
                length: try catalog.shape("decoder_pos_embed_learned", rank: 3)[1],
                channels: try catalog.shape("z_proj.weight", rank: 2)[1],
                headDepth: catalog.run("diffloss.net.res_blocks.", ".in_ln.weight"),
                headWidth: try catalog.shape("diffloss.net.input_proj.weight", rank: 2)[0]))
    }

    public static func isDescribed(by configuration: JSONValue) -> Bool {
        configuration["model"]?["maskgen"] != nil && configuration["losses"]?["diffloss_d"] != nil
    }

    public static var publishedSizes: [(name: String, configuration: any TokenGeneratorConfiguration)] {
        let small = MMDiTShape(width: 64, depth: 2, heads: 4, textWidth: 64, microWidth: 8)
        return [
            ("MaskGen-KL-L", large), ("MaskGen-KL-XL", extraLarge),
            ("MaskGen-KL-tiny", MaskGenKLConfiguration(transformer: small, length: 8, headDepth: 1, headWidth: 64)),
        ]
    }

    public static func unknownKeys(in configuration: JSONValue) -> [String] {
        configuration.keys(at: ["model", "maskgen"], beyond: knownKeys)
    }

    public var subjects: GeneratorSubjects { .captions(width: transformer.textWidth) }

    public var tokens: TokenShape { TokenShape(count: length, values: .latents(channels: channels)) }

    public var summary: String { "MaskGen over continuous tokens, \(length) tokens" }

    public func generator(_ weights: Weights) -> any TokenGenerator { MaskGenKL(self, weights: weights) }
}

extension MaskGenKL: TokenGenerator {
    public var subjects: GeneratorSubjects { configuration.subjects }
    public var tokens: TokenShape { configuration.tokens }

    public var defaults: GeneratorSettings {
        let sampling = configuration.sampling
        return GeneratorSettings(steps: sampling.steps, guidance: sampling.guidance, temperature: sampling.temperature)
    }

    public func generate(
        _ condition: GeneratorCondition, settings: GeneratorSettings, noise: inout any NoiseSource,
        progress: (GenerationStep) throws -> Void
    ) throws -> ImageTokens {
        let (text, unconditional) = try condition.captions()
        var sampling = configuration.sampling
        sampling.steps = settings.steps ?? sampling.steps
        sampling.guidance = settings.guidance ?? sampling.guidance
        sampling.temperature = settings.temperature ?? sampling.temperature
        return .latents(
            try generate(text, unconditional: unconditional, sampling: sampling, noise: &noise) {
                try progress(GenerationStep(step: $0, steps: $1))
            })
    }
}
