import Datasets
import FlowTok
import Foundation
import Networks
import Sampling
import Tensors
import TestSupport
import TextTokenizers
import Training

/// Runs that take no time: 32×32 pixels, four latents of four numbers, one layer of width 32.
enum TinyTraining {
    static func vocabulary() throws -> SentencePieceVocabulary { try madeVocabulary.get() }

    private static let madeVocabulary = Result {
        var options = SentencePieceVocabulary.TrainingOptions()
        options.vocabularySize = 320
        let captions = (0..<200).map { BlockSource().sample($0).caption }
        return try SentencePieceVocabulary(
            modelBytes: SentencePieceVocabulary.train(sentences: captions, options: options))
    }

    static func settings(
        steps: Int = 20, rate: Float = 2e-3, precision: Precision = .float32, logEvery: Int = 5
    ) -> TrainingSettings {
        TrainingSettings(
            steps: steps, batchSize: 4, learningRate: rate, warmupSteps: 4,
            optimizer: AdamWSettings(averageDecay: 0.9, clip: 1), seed: 3, precision: precision,
            checkpointMinutes: 1000, sampleEvery: 0, logEvery: logEvery)
    }

    static func tokenizerConfiguration(_ settings: TrainingSettings = settings()) throws -> TokenizerTrainingConfiguration {
        let shape = TransformerShape(width: 32, layers: 1, heads: 2)
        return TokenizerTrainingConfiguration(
            imageTokenizer: FlowTiTokConfiguration(
                imageSize: 32, patchSize: 8, latentTokens: 4, tokenSize: 4, textContextLength: 4,
                textEmbeddingWidth: 32, encoder: shape, decoder: shape, seeded: true),
            textEncoder: try tower(), training: settings)
    }

    private static func tower() throws -> TextTransformerConfiguration {
        TextTransformerConfiguration(
            vocabularySize: try vocabulary().count, contextLength: 4, width: 32, layers: 1, heads: 2, causal: false)
    }

    static func flowConfiguration(_ settings: TrainingSettings = settings()) throws -> FlowTrainingConfiguration {
        FlowTrainingConfiguration(
            name: "tiny",
            velocity: VelocityConfiguration(depth: 1, width: 32, heads: 2, tokens: 4, channels: 4, indicators: 3),
            textVariationalEncoder: TextVariationalConfiguration(width: 32, layers: 1, heads: 2, hidden: 64, channels: 4),
            textDecoder: try tower(), imageToTextFraction: 0.25, unconditionalFraction: 0.5, training: settings,
            sampling: SamplingDefaults(steps: 2), captioning: CaptioningDefaults(steps: 2))
    }

    static func tokenizerTask(_ settings: TrainingSettings = settings()) throws -> TokenizerTrainer {
        try TokenizerTrainer(
            tokenizerConfiguration(settings), vocabulary: vocabulary(), source: BlockSource(), shown: BlockSource())
    }

    static func flowTask(_ settings: TrainingSettings = settings()) throws -> FlowTrainer {
        try flowTask(flowConfiguration(settings))
    }

    static func flowTask(_ configuration: FlowTrainingConfiguration) throws -> FlowTrainer {
        try FlowTrainer(
            configuration, tokenizer: TokenizerFolder(path: tokenizerFolder()), source: BlockSource(),
            shown: BlockSource())
    }

    /// The folder of a tokenizer that took a few steps, made once for all tests.
    static func tokenizerFolder() throws -> String { try madeTokenizer.get().url.path }

    private static let madeTokenizer = Result {
        let folder = try TemporaryFolder()
        _ = try TinyRun.tokenizer.train(in: folder.url.path, settings: settings(steps: 40))
        return folder
    }
}

/// The parameters of a trained tokenizer bit by bit, under the names that they have in a FlowTok.
func tokenizerBits(_ folder: String) throws -> [String: [UInt32]] {
    var parameters: [String: [UInt32]] = [:]
    for (file, prefix) in [("model.safetensors", "image_tokenizer."), ("text_encoder.safetensors", "text_encoder.")] {
        for (name, values) in try bits(folder + "/model/" + file) { parameters[prefix + name] = values }
    }
    return parameters
}

/// The two runs that take gradient steps.
enum TinyRun: String, CaseIterable {
    case tokenizer, flow

    /// A run as a process of its own would open it: everything anew.
    func open(in folder: String, settings: TrainingSettings, resume: Bool = false) throws -> TrainingRun {
        switch self {
        case .tokenizer:
            try TrainingRun(
                TinyTraining.tokenizerTask(settings), title: "tiny tokenizer", settings: settings,
                configuration: TinyTraining.tokenizerConfiguration(settings), folder: folder, resume: resume)
        case .flow:
            try TrainingRun(
                TinyTraining.flowTask(settings), title: "tiny flow", settings: settings,
                configuration: TinyTraining.flowConfiguration(settings), folder: folder, resume: resume)
        }
    }

    /// Trains and returns the losses of all steps.
    func train(
        in folder: String, settings: TrainingSettings, resume: Bool = false, stopAfter: Int? = nil
    ) throws -> [Double] {
        var losses: [Double] = []
        let run = try open(in: folder, settings: settings, resume: resume)
        try run.run(stopAfter: stopAfter) { losses.append($0.loss) }
        return losses
    }

    /// What a run leaves for others, under its folder.
    var exported: [String] {
        switch self {
        case .tokenizer: ["model/config.json", "model/model.safetensors", "model/text_encoder.safetensors", "model/tokenizer.model"]
        case .flow: ["model/config.json", "model/model.safetensors", "model/tokenizer.model"]
        }
    }
}
