import Checkpoints
import Files
import FlowTok
import Layers
import ModelFolders
import Networks
import Tensors
import TextTokenizers

/// A trained tokenizer in a folder: `image_tokenizer.json`, `image_tokenizer.safetensors` (names as in a model folder)
/// and `tokenizer.model`; or the tokenizer of a model in its folder.
public struct TokenizerFolder {
    static let configurationFile = "image_tokenizer.json"
    static let weightsFile = "image_tokenizer.safetensors"
    static let vocabularyFile = "tokenizer.model"

    public let configuration: TokenizerTrainingConfiguration
    public let weights: [String: Tensor]
    public let vocabulary: SentencePieceVocabulary

    /// Opens a folder.
    ///
    /// - Throws: `TrainingError` where the folder or its configuration is missing or cannot be used; `WeightMismatch`,
    ///   `CheckpointError` or `VocabularyError` where a file does not hold what it should.
    public init(path: String) throws {
        guard !ModelFolder.isOne(path) else {
            let (model, weights) = try ModelFolder.parameters(in: path)
            // What a model's tokenizer was trained with is not said, and nobody asks.
            try self.init(
                TokenizerTrainingConfiguration(
                    imageTokenizer: model.imageTokenizer, textEncoder: model.textEncoder,
                    training: TrainingSettings(steps: 1, batchSize: 1, learningRate: 0)),
                weights: weights.filter { TokenizerFolder.isImageTokenizer($0.key) || $0.key.hasPrefix("text_encoder.") },
                path: path, file: path + "/" + ModelFolder.configurationFile)
            return
        }
        let file = path + "/" + TokenizerFolder.configurationFile
        let configuration = try JSONFile.read(TokenizerTrainingConfiguration.self, from: file)
        if let problem = configuration.problem { throw ConfigurationError.badConfiguration(file: file, reason: problem) }
        let checkpoint = try Checkpoint(path: path + "/" + TokenizerFolder.weightsFile)
        let source = CheckpointWeights(checkpoint)
        TokenizerFolder.build(configuration, from: source)
        try source.verify()
        var weights: [String: Tensor] = [:]
        for name in checkpoint.names { weights[name] = try checkpoint.tensor(name) }
        try self.init(configuration, weights: weights, path: path, file: file)
    }

    static func isImageTokenizer(_ name: String) -> Bool { name.hasPrefix("image_tokenizer.") }

    private init(
        _ configuration: TokenizerTrainingConfiguration, weights: [String: Tensor], path: String, file: String
    ) throws {
        self.configuration = configuration
        self.weights = weights
        let vocabularyPath = path + "/" + TokenizerFolder.vocabularyFile
        vocabulary = try SentencePieceVocabulary(path: vocabularyPath)
        guard vocabulary.count == configuration.textEncoder.vocabularySize else {
            throw ConfigurationError.badConfiguration(
                file: file,
                reason: "text_encoder.vocab_size is \(configuration.textEncoder.vocabularySize) but \(vocabularyPath) has \(vocabulary.count) pieces")
        }
    }

    /// Writes a folder from a source that has all parameters; each file is written whole or not at all.
    static func write(
        _ configuration: TokenizerTrainingConfiguration, weights: any WeightSource,
        vocabulary: SentencePieceVocabulary, to path: String
    ) throws {
        try JSONFile.write(configuration, to: path + "/" + configurationFile)
        try AtomicFile.write(to: path + "/" + vocabularyFile, vocabulary.modelBytes)
        let recorder = WeightRecorder(weights)
        build(configuration, from: recorder)
        try Checkpoint.write(
            recorder.parameters, metadata: ["format": "flowtok-image-tokenizer"], to: path + "/" + weightsFile)
    }

    /// Asks a source for every parameter of a tokenizer.
    private static func build(_ configuration: TokenizerTrainingConfiguration, from source: any WeightSource) {
        let weights = Weights(source)
        _ = FlowTiTok(configuration.imageTokenizer, weights: weights["image_tokenizer"])
        _ = TextTransformer(configuration.textEncoder, weights: weights["text_encoder"])
    }
}
