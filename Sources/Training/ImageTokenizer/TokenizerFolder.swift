import Checkpoints
import Files
import FlowTok
import Foundation
import Layers
import ModelFolders
import Networks
import Tensors
import TextTokenizers

/// A trained image tokenizer with its text encoder, for training to go on from: a model folder as a tokenizer run exports it,
/// the folder of such a run, or the tokenizer of a FlowTok in its folder.
public struct TokenizerFolder {
    public let imageTokenizer: FlowTiTokConfiguration
    public let textEncoder: TextTransformerConfiguration
    /// Parameters under the names that they have in a FlowTok: `image_tokenizer.…`, `text_encoder.…`.
    public let weights: [String: Tensor]
    public let vocabulary: SentencePieceVocabulary

    /// Opens a folder.
    ///
    /// - Throws: `FlowTokError`, `ConfigurationError` where the folder or its configuration is missing or cannot be used;
    ///   `WeightMismatch`, `CheckpointError` or `VocabularyError` where a file does not hold what it should.
    public init(path: String) throws {
        if FileManager.default.fileExists(atPath: path + "/" + Former.configurationFile) {
            try self.init(former: path)
            return
        }
        let run = path + "/" + RunFolder.model
        let folder = !ModelFolder.isOne(path) && ModelFolder.isOne(run) ? run : path
        guard try !ModelFamilies.family(ofFolder: folder).isFlow else {
            let (model, weights) = try ModelFolder.parameters(in: folder)
            try self.init(
                model.imageTokenizer, model.textEncoder,
                weights: weights.filter { TokenizerFolder.isImageTokenizer($0.key) || $0.key.hasPrefix("text_encoder.") },
                vocabulary: folder + "/" + ModelFolder.vocabularyFile)
            return
        }
        let opened = try ImageTokenizerFolder(path: folder)
        let file = folder + "/" + ModelFolder.configurationFile
        guard let tokenizer = opened.configuration as? FlowTiTokConfiguration else {
            throw FlowTokError.unusableModel(file: file, reason: "it is of \(opened.family.title), expected a FlowTiTok")
        }
        guard case .pieces(let text, let textFile, let vocabulary)? = try opened.text else {
            throw FlowTokError.unusableModel(
                file: file, reason: "it names no text encoder over SentencePiece pieces, expected a tokenizer that flowtok train made")
        }
        var weights = try Self.parameters(of: opened.weightsFile, prefix: "image_tokenizer.", FlowTiTokConfiguration.ignores) {
            _ = FlowTiTok(tokenizer, weights: $0)
        }
        weights.merge(
            try Self.parameters(of: textFile, prefix: "text_encoder.") { _ = TextTransformer(text, weights: $0) }
        ) { $1 }
        try self.init(tokenizer, text, weights: weights, vocabulary: vocabulary)
    }

    static func isImageTokenizer(_ name: String) -> Bool { name.hasPrefix("image_tokenizer.") }

    private init(
        _ imageTokenizer: FlowTiTokConfiguration, _ textEncoder: TextTransformerConfiguration, weights: [String: Tensor],
        vocabulary path: String
    ) throws {
        self.imageTokenizer = imageTokenizer
        self.textEncoder = textEncoder
        self.weights = weights
        vocabulary = try SentencePieceVocabulary(path: path)
        guard vocabulary.count == textEncoder.vocabularySize else {
            throw FlowTokError.unusableModel(
                file: path, reason: "it has \(vocabulary.count) pieces, expected \(textEncoder.vocabularySize) as text_encoder.vocab_size says")
        }
    }

    /// The parameters that `build` asks for, all of which the file must have, as float32.
    private static func parameters(
        of file: String, prefix: String, _ ignored: (String) -> Bool = { _ in false }, build: (Weights) -> Void
    ) throws -> [String: Tensor] {
        let source = CheckpointWeights(try Checkpoint(path: file))
        let recorder = WeightRecorder(source)
        build(Weights(recorder))
        try source.verify(ignoring: ignored)
        return Dictionary(uniqueKeysWithValues: recorder.parameters.map { (prefix + $0.0, $0.1) })
    }

    /// Writes a model folder from a source that has all parameters under the names of a FlowTok; each file is written whole or
    /// not at all.
    static func write(
        _ configuration: TokenizerTrainingConfiguration, weights: any WeightSource, name: String,
        vocabulary: SentencePieceVocabulary, to path: String
    ) throws {
        let recorder = WeightRecorder(weights)
        let source = Weights(recorder)
        _ = FlowTiTok(configuration.imageTokenizer, weights: source["image_tokenizer"])
        _ = TextTransformer(configuration.textEncoder, weights: source["text_encoder"])
        func part(_ prefix: String) -> [(String, Tensor)] {
            recorder.parameters.filter { $0.0.hasPrefix(prefix) }.map { (String($0.0.dropFirst(prefix.count)), $0.1) }
        }
        try ImageTokenizerFolder.write(
            name: name, configuration.imageTokenizer, weights: part("image_tokenizer."), textEncoder: configuration.textEncoder,
            textWeights: part("text_encoder."), vocabulary: vocabulary, to: path)
    }

    /// What version 0.1 exported: a configuration of its own, and one checkpoint for both parts.
    private enum Former {
        static let configurationFile = "image_tokenizer.json"
        static let weightsFile = "image_tokenizer.safetensors"
    }

    private init(former path: String) throws {
        let file = path + "/" + Former.configurationFile
        let configuration = try JSONFile.read(TokenizerTrainingConfiguration.self, from: file)
        try configuration.validate { ConfigurationError.badConfiguration(file: file, reason: $0) }
        let weights = try Self.parameters(of: path + "/" + Former.weightsFile, prefix: "") { weights in
            _ = FlowTiTok(configuration.imageTokenizer, weights: weights["image_tokenizer"])
            _ = TextTransformer(configuration.textEncoder, weights: weights["text_encoder"])
        }
        try self.init(
            configuration.imageTokenizer, configuration.textEncoder, weights: weights,
            vocabulary: path + "/" + ModelFolder.vocabularyFile)
    }
}
