import Checkpoints
import Files
public import Files
public import Layers

/// One of the systems that this package runs: how its files are recognised, and what is built of them. The registry
/// (`ModelFamilies`) holds one of each, and everything that works on model folders asks it.
public struct ModelFamily: Sendable, Identifiable {
    /// What a model of the family can do.
    public enum Ability: Sendable, Hashable {
        /// Images to tokens and back.
        case tokenize
        /// Images of classes.
        case drawClasses
        /// Images of captions.
        case drawCaptions
        /// Captions of images.
        case caption
    }

    /// What is built of its files.
    public enum Network: Sendable {
        case imageTokenizer(any ImageTokenizerConfiguration.Type)
        case generator(any TokenGeneratorConfiguration.Type)
        /// A FlowTok: text encoder, velocity network and image tokenizer together. The configuration is that of a checkpoint
        /// with the velocity network alone; nil where all is in one file.
        case flow((any NetworkConfiguration.Type)?)
        /// The text encoder that other models read captions with.
        case textEncoder(any NetworkConfiguration.Type)
    }

    /// Tensor names that together only checkpoints of one kind have.
    public struct Signature: Sendable {
        /// What such a checkpoint is called in messages.
        public let title: String
        public let names: [String]

        public init(_ title: String, _ names: [String]) {
            self.title = title
            self.names = names
        }
    }

    /// The `model_type` of its folders' `config.json`.
    public let id: String
    /// What a model of it is called in messages, with its article: "a TiTok, an image tokenizer".
    public let title: String
    public let abilities: Set<Ability>
    public let network: Network
    /// How its checkpoints are recognised; several where it is published in several layouts.
    public let signatures: [Signature]
    /// The id of the family that it was published with, under whose name it is found too: a generator without a name of its
    /// own goes by that of its image tokenizer.
    public let companion: String?

    public init(
        id: String, title: String, abilities: Set<Ability>, network: Network, signatures: [Signature], companion: String? = nil
    ) {
        self.id = id
        self.title = title
        self.abilities = abilities
        self.network = network
        self.signatures = signatures
        self.companion = companion
    }

    /// Whether a name means it: its id, what the ids of several families begin with (`maskgen`), or its companion's id.
    public func isMeant(by name: String) -> Bool { id == name || id.hasPrefix(name + "-") || companion == name }

    /// The configuration that a checkpoint of it has; nil where one checkpoint holds several networks.
    public var configuration: (any NetworkConfiguration.Type)? {
        switch network {
        case .imageTokenizer(let type): type
        case .generator(let type): type
        case .textEncoder(let type): type
        case .flow(let type): type
        }
    }

    public var isImageTokenizer: Bool { if case .imageTokenizer = network { true } else { false } }
    public var isGenerator: Bool { if case .generator = network { true } else { false } }
    public var isFlow: Bool { if case .flow = network { true } else { false } }
}

/// The shape of a network: read from `config.json`, or inferred from the tensors of a checkpoint.
public protocol NetworkConfiguration: Codable, Hashable, Sendable, Validated {
    /// The configuration that tensors of these names and shapes belong to; what they do not tell is as published.
    ///
    /// - Throws: `TensorCatalog.Problem` where they contradict each other.
    init(inferredFrom catalog: TensorCatalog) throws

    /// Whether an official `config.json`, which names no `model_type`, describes this.
    static func isDescribed(by configuration: JSONValue) -> Bool

    /// Whether the network does without a tensor that checkpoints of it may hold.
    static func ignores(_ tensor: String) -> Bool

    /// What it is in a few words, with its size: "TiTok L-32, 32 tokens of 4096 codes, 256×256 pixels".
    var summary: String { get }

    /// The published model of this shape, or nil.
    var publishedName: String? { get }
}

extension NetworkConfiguration {
    public static func isDescribed(by configuration: JSONValue) -> Bool { false }
    public static func ignores(_ tensor: String) -> Bool { false }
    public var publishedName: String? { nil }
}

/// The shape of an image tokenizer.
public protocol ImageTokenizerConfiguration: NetworkConfiguration {
    var imageSize: Int { get }
    /// The tokens of an image of that size.
    var tokens: TokenShape { get }
    /// What guides the decoder; nil where nothing does.
    var textGuidance: TextGuidanceShape? { get }

    /// The tokenizer of this shape. It must be valid.
    func imageTokenizer(_ weights: Weights) -> any ImageTokenizer

    /// The tokenizer of this shape, of which parts are read when they are first used; all is read at once unless the
    /// configuration says otherwise. It must be valid.
    ///
    /// - Parameters:
    ///   - weights: gives what is read now.
    ///   - expected: is asked for all other parameters now, and need not give them.
    ///   - later: where they come from then.
    func imageTokenizer(_ weights: Weights, expected: Weights, later: DeferredWeights) -> any ImageTokenizer

    /// The parameters by which token files know a tokenizer's weights; the first that a checkpoint has.
    static var identifyingTensors: [String] { get }

    /// The same with what only a checkpoint tells: official configurations do not say whether a tokenizer is text-aware.
    ///
    /// - Throws: `TensorCatalog.Problem` where the checkpoint does not tell it.
    func completed(by catalog: TensorCatalog) throws -> Self

    /// The same for images of another size; nil where the weights serve one size.
    func resized(to side: Int) -> Self?

    /// The same for a generator of such tokens, where the tokenizer's codes are a choice that its weights do not make.
    func serving(_ tokens: TokenShape) -> Self

    /// The published models by their names, for benchmarks; the last one is none but small, to try them with.
    static var publishedSizes: [(name: String, configuration: any ImageTokenizerConfiguration)] { get }
}

extension ImageTokenizerConfiguration {
    public func imageTokenizer(_ weights: Weights, expected: Weights, later: DeferredWeights) -> any ImageTokenizer {
        imageTokenizer(weights)
    }
    public static var identifyingTensors: [String] { ["latent_tokens", "quantize.embedding.weight"] }
    public func completed(by catalog: TensorCatalog) throws -> Self { self }
    public func resized(to side: Int) -> Self? { nil }
    public func serving(_ tokens: TokenShape) -> Self { self }
    public static var publishedSizes: [(name: String, configuration: any ImageTokenizerConfiguration)] { [] }
}

/// The shape of a generator of tokens.
public protocol TokenGeneratorConfiguration: NetworkConfiguration {
    var subjects: GeneratorSubjects { get }
    /// What it reads of captions, where it draws them; unless the configuration says otherwise, CLIP's.
    var captionStates: CaptionStates { get }
    var tokens: TokenShape { get }

    /// The generator of this shape. It must be valid.
    func generator(_ weights: Weights) -> any TokenGenerator

    /// The keys of a generator's section in an official `config.json` that nothing here reads or knows the meaning of, so that
    /// a setting that has no effect is not passed over in silence.
    static func unknownKeys(in configuration: JSONValue) -> [String]

    /// The published models by their names, for benchmarks; the last one is none but small, to try them with.
    static var publishedSizes: [(name: String, configuration: any TokenGeneratorConfiguration)] { get }
}

extension TokenGeneratorConfiguration {
    public var captionStates: CaptionStates { .clip }
    public static func unknownKeys(in configuration: JSONValue) -> [String] { [] }
    public static var publishedSizes: [(name: String, configuration: any TokenGeneratorConfiguration)] { [] }
}
