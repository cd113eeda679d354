import Files
import Layers
import Sampling
import Tensors

extension ModelFamily {
    /// Autoregressive generators in the layout of LlamaGen (2406.06525): of classes, among them those that GigaTok was published
    /// with (2504.08736), and of captions.
    public static let llamaGen = ModelFamily(
        id: "llamagen", title: "a LlamaGen, an autoregressive generator", abilities: [.drawClasses, .drawCaptions],
        network: .generator(LlamaGenConfiguration.self),
        signatures: [
            Signature(
                "LlamaGen, an autoregressive generator of classes",
                ["tok_embeddings.weight", "cls_embedding.embedding_table.weight", "layers.0.attention.wqkv.weight"]),
            Signature(
                "LlamaGen, an autoregressive generator of captions",
                ["tok_embeddings.weight", "cls_embedding.uncond_embedding", "layers.0.attention.wqkv.weight"]),
        ], companion: ModelFamily.gigaTok.id)
}

extension LlamaGenConfiguration: TokenGeneratorConfiguration {
    /// The configuration of a LlamaGen by the shapes of its tensors. A grid's side is told by nothing: it is that of 256
    /// pixels.
    public init(inferredFrom catalog: TensorCatalog) throws {
        let codes = try catalog.shape("tok_embeddings.weight", rank: 2)
        let isLearned = catalog.contains("positional_embedding")
        let packed = try catalog.shape("layers.0.attention.wqkv.weight", rank: 2)
        guard packed[0] == 3 * codes[1] else {
            throw TensorCatalog.Problem(
                "layers.0.attention.wqkv gives \(packed[0]) numbers, expected \(3 * codes[1]): queries that share keys do not run here")
        }
        let none = try catalog.contains("cls_embedding.uncond_embedding") ? catalog.shape("cls_embedding.uncond_embedding", rank: 2) : nil
        let conditionLength = none?[0] ?? 1
        self = try TensorCatalog.checked(
            LlamaGenConfiguration(
                codebookSize: codes[0],
                length: try isLearned
                    ? TensorCatalog.difference(
                        catalog.shape("positional_embedding", rank: 2)[0], conditionLength, "the rows of positional_embedding")
                    : 256,
                subjects: try none.map { .captions(width: $0[1]) }
                    ?? .classes(
                        TensorCatalog.difference(
                            catalog.shape("cls_embedding.embedding_table.weight", rank: 2)[0], 1, "entries of the classes")),
                conditionLength: conditionLength, width: codes[1], layers: catalog.run("layers.", ".attention.wqkv.weight"),
                heads: try catalog.heads(codes[1]),
                hidden: try catalog.shape("layers.0.feed_forward.w1.weight", rank: 2)[0],
                positions: isLearned ? .learned : .rotary))
    }

    public static func isDescribed(by configuration: JSONValue) -> Bool {
        ["dim", "n_layer", "n_head"].allSatisfy { configuration[$0] != nil }
    }

    /// Tables that the network computes.
    public static func ignores(_ tensor: String) -> Bool { tensor == "freqs_cis" }

    public static func unknownKeys(in configuration: JSONValue) -> [String] {
        configuration.keys(at: [], beyond: knownKeys.union(["model_type"]))
    }

    public static var publishedSizes: [(name: String, configuration: any TokenGeneratorConfiguration)] {
        let small = LlamaGenConfiguration(codebookSize: 64, length: 16, classes: 10, width: 64, layers: 2, heads: 4, hidden: 128)
        // The largest one was not released.
        var all: [(name: String, configuration: any TokenGeneratorConfiguration)] = sizes.dropLast().map {
            ($0.name, LlamaGenConfiguration(width: $0.width, layers: $0.layers, heads: $0.heads))
        }
        all.append(("GPT-tiny", small))
        return all
    }

    public var captionStates: CaptionStates { .textEncoder(positions: conditionLength) }

    public var tokens: TokenShape { TokenShape(count: length, values: .codes(size: codebookSize)) }

    /// "GPT-B", or nil for no size of the official code.
    public var publishedName: String? {
        Self.sizes.first { ($0.width, $0.layers, $0.heads) == (width, layers, heads) }?.name
    }

    public var summary: String {
        ["LlamaGen", publishedName].compactMap { $0 }.joined(separator: " ") + ", \(subjects.summary), \(tokens.summary)"
    }

    public func generator(_ weights: Weights) -> any TokenGenerator { LlamaGen(self, weights: weights) }
}

extension LlamaGen: TokenGenerator {
    public var subjects: GeneratorSubjects { configuration.subjects }
    public var tokens: TokenShape { configuration.tokens }

    public var defaults: GeneratorSettings {
        let sampling = configuration.sampling
        return GeneratorSettings(
            guidance: sampling.guidance, temperature: sampling.temperature, topK: sampling.topK, topP: sampling.topP)
    }

    public func bytesRead(inStep step: Int) -> Int? { stepBytes(step, rows: configuration.sampling.isGuided ? 2 : 1) }

    public func generate(
        _ condition: GeneratorCondition, settings: GeneratorSettings, noise: inout any NoiseSource,
        progress: (GenerationStep) throws -> Void
    ) throws -> ImageTokens {
        let (labels, captions) = try condition.labels(for: subjects)
        var sampling = configuration.sampling
        sampling.guidance = settings.guidance ?? sampling.guidance
        sampling.temperature = settings.temperature ?? sampling.temperature
        sampling.topK = settings.topK ?? sampling.topK
        sampling.topP = settings.topP ?? sampling.topP
        return .indices(
            try generate(labels: labels, captions: captions, sampling: sampling, noise: &noise) {
                try progress($0.map(ImageTokens.indices))
            })
    }
}
