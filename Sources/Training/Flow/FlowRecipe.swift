import Checkpoints
import Datasets
import Files
import FlowTok
import Foundation
import Layers
import ModelFolders
import Networks
import Tensors
import TextTokenizers

/// The config file of `flowtok train flow`.
public struct FlowRecipe: Sendable, Codable, Equatable {
    public var data: DataConfiguration
    /// The folder of a trained tokenizer, or of a model that has one. Its vocabulary's number of pieces becomes the text
    /// decoder's `vocab_size`.
    public var tokenizer: String
    /// The folder to start from: of an earlier flow run, whose averaged parameters are taken, or of a model.
    public var start: String?
    /// What the parameters of `start` are averaged with before the first step. Of two models of which one has gone on from the other
    /// the average can be better than either (Wortsman et al., 2022).
    public var startAverage: StartAverage?
    /// Whether parameters that `start` lacks or has in another shape begin anew, so that a flow goes on over a tokenizer with
    /// other latents. Without it they are refused.
    public var ignoreMismatchedSizes: Bool?
    public var model: FlowTrainingConfiguration

    /// A model or a run, and its share in the average.
    public struct StartAverage: Sendable, Codable, Equatable {
        public var folder: String
        /// Between 0 and 1.
        public var share: Float

        public init(folder: String, share: Float) {
            self.folder = folder
            self.share = share
        }
    }

    enum CodingKeys: String, CodingKey {
        case data, tokenizer, start, model
        case startAverage = "start_average"
        case ignoreMismatchedSizes = "ignore_mismatched_sizes"
    }

    public init(
        data: DataConfiguration, tokenizer: String, start: String? = nil, startAverage: StartAverage? = nil,
        ignoreMismatchedSizes: Bool? = nil, model: FlowTrainingConfiguration
    ) {
        self.data = data
        self.tokenizer = tokenizer
        self.start = start
        self.startAverage = startAverage
        self.ignoreMismatchedSizes = ignoreMismatchedSizes
        self.model = model
    }

    /// The recipe by which a model goes on learning from a user's own pictures: all parts but its image tokenizer learn, with
    /// the losses that the shipped model was finished with.
    ///
    /// - Parameters:
    ///   - model: the folder of a model that `flowtok train` made, the shipped one for example.
    ///   - images: a folder of images with captions beside them, or of WebDataset shards.
    /// - Throws: `FlowTokError` where the model cannot be trained.
    public static func fineTuning(model: String, images: String) throws -> FlowRecipe {
        let found = try ModelFolder.trainableConfiguration(in: model)
        guard let textDecoder = found.textDecoder else {
            throw FlowTokError.unusableModel(
                file: model + "/" + ModelFolder.configurationFile, reason: "it has no text decoder, expected a model that captions too")
        }
        let optimizer = AdamWSettings(beta1: 0.9, beta2: 0.95, weightDecay: 0.03, averageDecay: 0.998, averageRamp: true, clip: 1)
        let training = TrainingSettings(
            steps: 2000, batchSize: 32, learningRate: 3e-4, warmupSteps: 100, optimizer: optimizer, sampleEvery: 500)
        return FlowRecipe(
            data: DataConfiguration(images: images), tokenizer: model, start: model,
            model: FlowTrainingConfiguration(
                name: "my-" + found.name, velocity: found.velocity, textVariationalEncoder: found.textVariationalEncoder,
                textDecoder: textDecoder, textEncoder: .tuned, alignmentWeight: 0.3, latentMSEWeight: 4, klWeight: 0.02,
                textReconstructionWeight: 1, textReconstructionFraction: 0.25, endpointCaptionWeight: 1, pathCaptionWeight: 1,
                imageToTextFraction: 0.5, training: training, sampling: found.sampling, captioning: found.captioning))
    }

    /// A run in `output`, new or resumed. Pictures of a user's own are all looked at before it begins.
    ///
    /// - Parameter checking: called with the number of pictures that were looked at, and of all.
    /// - Throws: `TrainingError`, each with the file and the key in question.
    public static func open(
        file: String, output: String, resume: Bool, checking: (_ done: Int, _ total: Int) -> Void = { _, _ in }
    ) throws -> TrainingRun {
        try JSONFile.readStrictly(FlowRecipe.self, from: file, formerKeys: DataConfiguration.formerKeys)
            .open(as: file, output: output, resume: resume, checking: checking)
    }

    /// A run of this recipe in `output`, new or resumed.
    ///
    /// - Parameters:
    ///   - file: what the recipe came from, for messages.
    ///   - checking: called with the number of pictures that were looked at, and of all.
    /// - Throws: as `open(file:output:resume:)`.
    public func open(
        as file: String = "the recipe", output: String, resume: Bool, checking: (_ done: Int, _ total: Int) -> Void = { _, _ in }
    ) throws -> TrainingRun {
        var stage = self
        func bad(_ reason: String) -> ConfigurationError { .badConfiguration(file: file, reason: reason) }
        // What is cheap to find out comes first: data take seconds to load.
        try TrainingRun.check(folder: output, resume: resume)
        let tokenizer = try ConfigurationError.reading("tokenizer", of: file) { try TokenizerFolder(path: stage.tokenizer) }
        stage.model.textDecoder.vocabularySize = tokenizer.vocabulary.count
        do { try stage.model.validate(over: tokenizer) } catch { throw bad("model." + error.reason) }
        if !stage.model.learnsAll && stage.start == nil {
            throw bad("model.learns leaves parts out, which needs a flow to \"start\" from: they stay as they are")
        }
        if let share = stage.startAverage?.share, !(0...1).contains(share) { throw bad("start_average.share is \(share), expected 0 to 1") }
        if stage.startAverage != nil && stage.start == nil { throw bad("start_average needs a \"start\" to be averaged with") }
        var start = try stage.start.map { folder in
            try ConfigurationError.reading("start", of: file) { try FlowStart(folder: folder, over: tokenizer) }
        }
        if let other = stage.startAverage {
            try ConfigurationError.reading("start_average.folder", of: file) {
                try start?.average(with: FlowStart(folder: other.folder, over: tokenizer), share: other.share, folder: other.folder)
            }
        }
        let sources = try stage.data.sources(
            side: tokenizer.imageTokenizer.imageSize, file: file,
            known: TrainingRun.dataRecord(in: output, resume: resume), progress: checking)
        let task: FlowTrainer
        do {
            task = try FlowTrainer(
                stage.model, tokenizer: tokenizer, source: sources.training, shown: sources.shown,
                initial: start?.parameters, ignoresMismatchedSizes: stage.ignoreMismatchedSizes ?? false, latents: start?.latents)
        } catch let error as WeightMismatch {
            throw bad("start: \(error)")
        }
        return try TrainingRun(
            task, title: "flow", settings: stage.model.training, configuration: stage, folder: output, resume: resume,
            data: sources.data)
    }
}

/// What a flow run starts from: the averaged parameters of an earlier run, or a finished model.
struct FlowStart {
    private(set) var parameters: [String: Tensor]
    /// The statistics of latents that the flow is used to; nil where the run measures its own.
    let latents: LatentStatistics?

    /// Reads the folder of a run or of a model.
    ///
    /// - Throws: `TrainingError`, `FlowTokError`, `CheckpointError` and `VocabularyError` for what is missing or cannot be used.
    init(folder: String, over tokenizer: TokenizerFolder) throws {
        guard ModelFolder.isOne(folder) else {
            parameters = try RunCheckpoint.averages(from: folder + "/" + RunCheckpoint.fileName)
            latents = nil
            return
        }
        let (configuration, weights) = try ModelFolder.parameters(in: folder)
        let vocabulary = try SentencePieceVocabulary(path: folder + "/" + ModelFolder.vocabularyFile)
        guard vocabulary.modelBytes == tokenizer.vocabulary.modelBytes else {
            throw FlowTokError.unusableModel(
                file: folder + "/" + ModelFolder.vocabularyFile, reason: "it is another vocabulary than the tokenizer's")
        }
        parameters = weights.filter { !TokenizerFolder.isImageTokenizer($0.key) }
        // A decoder that has gone on learning leaves latents as they were; another encoder makes other ones.
        let encoder = weights.filter { TokenizerFolder.isImageTokenizer($0.key) && !TokenizerTrainer.isDecoder($0.key) }
        let isSame = encoder.allSatisfy { name, tensor in tokenizer.weights[name]?.values == tensor.values }
        latents = isSame ? configuration.latents : nil
    }
    /// Makes each parameter the average of both, `share` of which is the other's; what the other lacks or has in another shape stays.
    ///
    /// - Throws: `FlowTokError` where the other is used to latents on another scale, or has nothing in common with this one.
    mutating func average(with other: FlowStart, share: Float, folder: String) throws {
        guard latents == nil || other.latents == nil || latents == other.latents else {
            throw FlowTokError.unusableModel(file: folder, reason: "it is used to other latents than the model to start from")
        }
        let common = parameters.filter { other.parameters[$0.key]?.shape == $0.value.shape }
        guard !common.isEmpty else {
            throw FlowTokError.unusableModel(file: folder, reason: "it has no parameter of the shape that the model to start from has")
        }
        for (name, own) in common { parameters[name] = own * (1 - share) + (other.parameters[name] ?? own) * share }
    }
}
