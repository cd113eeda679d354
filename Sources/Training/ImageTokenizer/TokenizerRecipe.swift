import Checkpoints
import Datasets
import Files
import FlowTok
import Layers
import ModelFolders
import Networks
import Tensors
import TextTokenizers

/// The config file of `flowtok train tokenizer`.
public struct TokenizerRecipe: Sendable, Codable, Equatable {
    /// How `"kind"` names it; a file that names none is of it too.
    public static let kind = "flowtitok"

    public var kind: String?
    public var data: DataConfiguration
    /// The folder of a trained vocabulary. Its number of pieces becomes the text encoder's `vocab_size`.
    public var vocabulary: String
    /// The folder of a trained tokenizer to start from.
    public var start: String?
    /// Whether the decoder may differ from that of `start`: a larger picture, overlap, a refiner. What fits is taken, and the
    /// rest grows from it or begins fresh.
    public var grow: Bool?
    /// The folder of a model whose text encoder takes the place of that of `start`, and whose text side draws latents where
    /// `drawn_fraction` asks for them.
    public var textEncoder: String?
    /// The pictures by which, before the first step, the layer that draws windows is fitted to what the decoder's blocks tell of
    /// them: a layer that learns by gradients takes a night to draw what this finds in a minute. Goes with `image_tokenizer.blended`.
    public var fitWindows: Int?
    public var model: TokenizerTrainingConfiguration

    enum CodingKeys: String, CodingKey {
        case kind, data, vocabulary, start, grow
        case textEncoder = "text_encoder"
        case fitWindows = "fit_windows"
        case model
    }

    /// A run in `output`, new or resumed. Pictures of a user's own are all looked at before it begins.
    ///
    /// - Parameter checking: called with the number of pictures that were looked at, and of all.
    /// - Throws: `TrainingError`, each with the file and the key in question.
    public static func open(
        file: String, output: String, resume: Bool, checking: (_ done: Int, _ total: Int) -> Void = { _, _ in }
    ) throws -> TrainingRun {
        var stage = try JSONFile.readStrictly(TokenizerRecipe.self, from: file, formerKeys: DataConfiguration.formerKeys)
        func bad(_ reason: String) -> ConfigurationError { .badConfiguration(file: file, reason: reason) }
        // What is cheap to find out comes first: data take seconds to load.
        try TrainingRun.check(folder: output, resume: resume)
        let vocabulary = try ConfigurationError.reading("vocabulary", of: file) {
            try SentencePieceVocabulary(path: stage.vocabulary + "/" + ModelFolder.vocabularyFile)
        }
        stage.model.textEncoder.vocabularySize = vocabulary.count
        try stage.model.validate { bad("model." + $0) }
        if stage.model.decoderOnly && stage.start == nil {
            throw bad("model.decoder_only needs a tokenizer to \"start\" from: its encoder stays as it is")
        }
        let start = try stage.start.map { folder in
            try ConfigurationError.reading("start", of: file) { try TokenizerFolder(path: folder) }
        }
        if let start, start.vocabulary.modelBytes != vocabulary.modelBytes {
            throw bad("start: it was trained with another vocabulary than \(stage.vocabulary)")
        }
        if stage.grow == true, start == nil { throw bad("grow needs a tokenizer to \"start\" from") }
        if let pictures = stage.fitWindows {
            guard stage.model.imageTokenizer.blended else { throw bad("fit_windows needs image_tokenizer.blended") }
            guard (1...1_000_000).contains(pictures) else { throw bad("fit_windows is \(pictures), expected 1 to 1000000") }
        }
        let initial = try stage.initial(start, file: file)
        let textSide = try stage.textSide(file: file)
        let sources = try stage.data.sources(
            side: stage.model.imageTokenizer.imageSize, file: file,
            known: TrainingRun.dataRecord(in: output, resume: resume), progress: checking)
        let task: TokenizerTrainer
        do {
            task = try TokenizerTrainer(
                stage.model, vocabulary: vocabulary, source: sources.training, shown: sources.shown,
                initial: initial, textSide: textSide)
        } catch let error as WeightMismatch {
            throw bad("start: \(error)")
        }
        if let pictures = stage.fitWindows, !resume { try task.fitWindows(pictures: pictures) }
        return try TrainingRun(
            task, title: "image tokenizer", settings: stage.model.training, configuration: stage, folder: output,
            resume: resume, data: sources.data)
    }

    /// The text side that draws latents, where there is need of it.
    private func textSide(file: String) throws -> TextSide? {
        guard model.drawnFraction > 0 else { return nil }
        guard let textEncoder else {
            throw ConfigurationError.badConfiguration(
                file: file, reason: "model.drawn_fraction needs a text_encoder: the folder of a model whose text side draws latents")
        }
        return try ConfigurationError.reading("text_encoder", of: file) {
            let side = try TextSide(folder: textEncoder)
            let own = [model.imageTokenizer.latentTokens, model.imageTokenizer.tokenSize]
            guard side.shape == own else {
                throw ConfigurationError.badConfiguration(
                    file: textEncoder, reason: "it draws latents of shape \(side.shape), and the tokenizer's are of shape \(own)")
            }
            return side
        }
    }

    /// The parameters to start from, if any.
    private func initial(_ start: TokenizerFolder?, file: String) throws -> [String: Tensor]? {
        var weights = start?.weights
        if grow == true, let start { weights = try TokenizerGrowth(start, to: model, file: file).weights }
        guard let textEncoder else { return weights }
        guard var weights else {
            throw ConfigurationError.badConfiguration(
                file: file, reason: "text_encoder needs a tokenizer to \"start\" from: it takes the place of its text encoder")
        }
        try ConfigurationError.reading("text_encoder", of: file) {
            let vocabulary = try SentencePieceVocabulary(path: textEncoder + "/" + ModelFolder.vocabularyFile)
            guard vocabulary.modelBytes == start?.vocabulary.modelBytes else {
                throw ConfigurationError.badConfiguration(
                    file: textEncoder, reason: "it was trained with another vocabulary than \(self.vocabulary)")
            }
            let checkpoint = try Checkpoint(path: ModelFolder.weights(in: textEncoder))
            for name in weights.keys where name.hasPrefix("text_encoder.") {
                weights[name] = try checkpoint.tensor(name, shape: weights[name]?.shape ?? [])
            }
        }
        return weights
    }
}
