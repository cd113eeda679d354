import Checkpoints
import FlowTok
import Foundation
import ImageTokenizers
import Layers
import Tensors
import TextModels
import Vocabularies

/// The config file of `flowtok train vocabulary`.
public struct VocabularyStage: Sendable, Codable, Equatable {
    public var data: DataConfiguration
    /// How many captions to learn from.
    public var captions: Int
    public var vocabularySize: Int

    enum CodingKeys: String, CodingKey {
        case data, captions
        case vocabularySize = "vocab_size"
    }

    /// Learns a SentencePiece vocabulary and writes it as `tokenizer.model` into a folder.
    public static func run(file: String, output: String, progress: (Int, Int) -> Void = { _, _ in }) throws -> SentencePieceVocabulary {
        let stage = try JSONFile.read(VocabularyStage.self, from: file)
        guard (300...65536).contains(stage.vocabularySize), (1...10_000_000).contains(stage.captions) else {
            throw TrainingError.badConfiguration(
                file: file, reason: "vocab_size must be 300 to 65536 and captions 1 to 10000000")
        }
        let source = try stage.data.sources(side: 16).training
        var sentences: [String] = []
        for index in 0..<stage.captions {
            sentences.append(try source.sample(UInt64(index)).caption)
            if index % 1000 == 0 { progress(index, stage.captions) }
        }
        var options = SentencePieceVocabulary.TrainingOptions()
        options.vocabularySize = stage.vocabularySize
        // "Fox" and "fox" are one word to a model that draws.
        options.normalization = "nmt_nfkc_cf"
        let bytes = try SentencePieceVocabulary.train(sentences: sentences, options: options)
        let vocabulary = try SentencePieceVocabulary(modelBytes: bytes)
        try FileManager.default.createDirectory(atPath: output, withIntermediateDirectories: true)
        try Checkpoints.AtomicFile.write(to: output + "/" + ModelFolder.vocabularyFile, bytes)
        return vocabulary
    }
}

/// The config file of `flowtok train tokenizer`.
public struct TokenizerStage: Sendable, Codable, Equatable {
    public var data: DataConfiguration
    /// The folder of a trained vocabulary. Its number of pieces replaces the text encoder's `vocab_size`.
    public var vocabulary: String
    /// The folder of a trained tokenizer to start from.
    public var start: String?
    public var model: TokenizerTrainingConfiguration

    /// A run in `output`, new or resumed.
    public static func open(file: String, output: String, resume: Bool) throws -> TrainingRun {
        var stage = try JSONFile.read(TokenizerStage.self, from: file)
        let vocabulary = try SentencePieceVocabulary(path: stage.vocabulary + "/" + ModelFolder.vocabularyFile)
        stage.model.textEncoder.vocabularySize = vocabulary.count
        if let problem = stage.model.problem { throw TrainingError.badConfiguration(file: file, reason: problem) }
        let sources = try stage.data.sources(side: stage.model.imageTokenizer.imageSize)
        let start = try stage.start.map { try TokenizerFolder(path: $0).weights }
        let task = try TokenizerTask(
            stage.model, vocabulary: vocabulary, source: sources.training, shown: sources.shown, initial: start)
        return try TrainingRun(
            task, title: "image tokenizer", settings: stage.model.training, configuration: JSONFile.text(stage),
            folder: output, resume: resume)
    }
}

/// The config file of `flowtok train flow`.
public struct FlowStage: Sendable, Codable, Equatable {
    public var data: DataConfiguration
    /// The folder of a trained tokenizer.
    public var tokenizer: String
    /// The folder of an earlier flow run to start from: its averaged parameters.
    public var start: String?
    public var model: FlowTrainingConfiguration

    /// A run in `output`, new or resumed.
    public static func open(file: String, output: String, resume: Bool) throws -> TrainingRun {
        var stage = try JSONFile.read(FlowStage.self, from: file)
        let tokenizer = try TokenizerFolder(path: stage.tokenizer)
        stage.model.textDecoder.vocabularySize = tokenizer.vocabulary.count
        if let problem = stage.model.problem { throw TrainingError.badConfiguration(file: file, reason: problem) }
        let sources = try stage.data.sources(side: tokenizer.configuration.imageTokenizer.imageSize)
        let start = try stage.start.map { try RunCheckpoint.averages(from: $0 + "/" + RunCheckpoint.fileName) }
        let task = try FlowTask(
            stage.model, tokenizer: tokenizer, source: sources.training, shown: sources.shown, initial: start)
        return try TrainingRun(
            task, title: "flow", settings: stage.model.training, configuration: JSONFile.text(stage), folder: output,
            resume: resume)
    }
}
