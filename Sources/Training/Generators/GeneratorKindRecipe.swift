import Datasets
import Files
import Foundation
import Networks
import Tensors

/// The configuration file of a kind of training of generators.
public struct GeneratorKindRecipe<Kind: GeneratorKind>: Sendable, Codable, Equatable {
    /// What is trained.
    public struct Model: Sendable, Codable, Equatable {
        /// The name of the generator that comes out.
        public var name: String
        /// The keys of the kind's own.
        public var kind: Kind
        /// The share of images whose class or caption is hidden, which guidance needs.
        public var labelDropout: Float
        /// Whether half of the pictures are seen in a mirror.
        public var flip: Bool
        /// How the sample grids are drawn.
        public var sampling: SampleSettings
        public var training: TrainingSettings

        enum CodingKeys: String, CodingKey {
            case name, flip, sampling, training
            case labelDropout = "label_dropout"
        }

        public init(from decoder: any Decoder) throws {
            let values = try decoder.container(keyedBy: CodingKeys.self)
            name = try values.decodeIfPresent(String.self, forKey: .name) ?? Kind.id
            kind = try Kind(from: decoder)
            labelDropout = try values.decodeIfPresent(Float.self, forKey: .labelDropout) ?? 0.1
            flip = try values.decodeIfPresent(Bool.self, forKey: .flip) ?? false
            sampling = try values.decodeIfPresent(SampleSettings.self, forKey: .sampling) ?? SampleSettings()
            training = try values.decode(TrainingSettings.self, forKey: .training)
        }

        public func encode(to encoder: any Encoder) throws {
            try kind.encode(to: encoder)
            var values = encoder.container(keyedBy: CodingKeys.self)
            try values.encode(name, forKey: .name)
            try values.encode(labelDropout, forKey: .labelDropout)
            try values.encode(flip, forKey: .flip)
            try values.encode(sampling, forKey: .sampling)
            try values.encode(training, forKey: .training)
        }

        /// - Throws: `InvalidValue` for the first value that cannot be used.
        func validate() throws(InvalidValue) {
            try expect("label_dropout", labelDropout, in: 0...1)
            try training.validate(as: "training")
        }
    }

    public var kind: String?
    public var data: DataConfiguration
    /// The folder of the image tokenizer, or of its run.
    public var tokenizer: String
    /// The classes in the order of their numbers; nil for all that the data have.
    public var classes: [String]?
    /// The folder of a FlowTok or a FlowTiTok, or of its run, whose text encoder reads the data's captions: the generator draws
    /// captions. Nil for one of classes.
    public var textEncoder: String?
    public var model: Model

    enum CodingKeys: String, CodingKey {
        case kind, data, tokenizer, classes, model
        case textEncoder = "text_encoder"
    }

    /// A run in `output`, new or resumed. Pictures of a user's own are all looked at before it begins.
    static func open(
        file: String, output: String, resume: Bool, checking: (_ done: Int, _ total: Int) -> Void
    ) throws -> TrainingRun {
        let recipe = try JSONFile.readStrictly(Self.self, from: file, formerKeys: DataConfiguration.formerKeys)
        func bad(_ reason: String) -> ConfigurationError { .badConfiguration(file: file, reason: reason) }
        // What is cheap to find out comes first: data take seconds to load.
        try TrainingRun.check(folder: output, resume: resume)
        do { try recipe.model.validate() } catch { throw bad("model." + error.reason) }
        if let classes = recipe.classes {
            guard !classes.isEmpty else { throw bad("classes is empty, expected at least one") }
            guard recipe.textEncoder == nil else {
                throw bad("classes and text_encoder are both there, expected one: a generator draws classes or captions")
            }
            if let twice = classes.first(where: { name in classes.count { $0 == name } > 1 }) { throw bad("classes has \"\(twice)\" twice") }
        }
        let given = try ConfigurationError.reading("tokenizer", of: file) { try GeneratorTokenizer(path: recipe.tokenizer) }
        let textEncoder = try recipe.textEncoder.map { path in
            try ConfigurationError.reading("text_encoder", of: file) { try GeneratorTextEncoder(path: path) }
        }
        let examples = try recipe.examples(
            textEncoder, side: given.configuration.imageSize, file: file, known: TrainingRun.dataRecord(in: output, resume: resume),
            progress: checking)
        let tokenizer = try ConfigurationError.reading("tokenizer", of: file) {
            // Beyond the samples of any run.
            let first = UInt64(1) << 40
            let found = try recipe.model.kind.tokenizer(given) { range in
                try Tensor(
                    images: examples.source, first: first + range.lowerBound, count: range.count, side: given.configuration.imageSize)
            }
            guard let tokenizer = found else {
                throw TrainingError.otherKind(path: recipe.tokenizer, found: given.configuration.summary, expected: Kind.tokens)
            }
            return tokenizer
        }
        let network: Kind.Network
        do {
            network = try recipe.model.kind.network(
                tokens: tokenizer.configuration.tokens, imageSize: tokenizer.configuration.imageSize, subjects: examples.subjects,
                conditionLength: examples.conditionLength)
            try network.validate()
        } catch {
            throw bad("model." + error.reason)
        }
        return try TrainingRun(
            GeneratorKindTrainer(recipe.model, network: network, tokenizer: tokenizer, examples: examples), title: Kind.id,
            settings: recipe.model.training, configuration: recipe, folder: output, resume: resume, data: examples.checked)
    }

    /// The data, with the classes or the captions that the generator is to draw.
    private func examples(
        _ textEncoder: GeneratorTextEncoder?, side: Int, file: String, known: DataRecord?, progress: (_ done: Int, _ total: Int) -> Void
    ) throws -> GeneratorExamples {
        guard let textEncoder else {
            return .classes(try data.classified(side: side, classes: classes, file: file, known: known, progress: progress))
        }
        let sources = try data.sources(side: side, file: file, known: known, progress: progress)
        return .captions(textEncoder, training: sources.training, shown: sources.shown, data: sources.data)
    }
}

/// How samples are drawn; what is nil is as published.
public struct SampleSettings: Sendable, Codable, Equatable {
    public var steps: Int?
    public var guidance: Double?
    public var temperature: Double?

    public init(steps: Int? = nil, guidance: Double? = nil, temperature: Double? = nil) {
        self.steps = steps
        self.guidance = guidance
        self.temperature = temperature
    }
}
