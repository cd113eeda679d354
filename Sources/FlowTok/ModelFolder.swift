import Checkpoints
import Foundation
import ImageTokenizers
import Layers
import Tensors
import TextModels
import Vocabularies

/// A model folder: `config.json`, `model.safetensors`, `tokenizer.model` and the model card `README.md`.
public struct ModelFolder: Sendable {
    public static let configurationFile = "config.json"
    public static let weightsFile = "model.safetensors"
    public static let vocabularyFile = "tokenizer.model"

    public let path: String
    public let configuration: ModelConfiguration
    public let model: FlowTokModel
    public let vocabulary: SentencePieceVocabulary

    /// Opens a folder.
    ///
    /// - Throws: `FlowTokError` where the folder or one of its files is missing or its configuration cannot be used;
    ///   `WeightMismatch`, `CheckpointError` or `VocabularyError` where a file does not hold what it should.
    ///
    /// - Parameter precision: what products are computed in, and what the weights are kept in.
    public init(path: String, precision: Precision = .float32) throws {
        self.path = path
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue else {
            throw FlowTokError.modelNotFound(path: path)
        }
        for file in [ModelFolder.configurationFile, ModelFolder.weightsFile, ModelFolder.vocabularyFile]
        where !FileManager.default.fileExists(atPath: path + "/" + file) {
            throw FlowTokError.missingFile(folder: path, file: file)
        }
        let file = path + "/" + ModelFolder.configurationFile
        configuration = try ModelFolder.readConfiguration(file)
        let weights = CheckpointWeights(try Checkpoint(path: path + "/" + ModelFolder.weightsFile))
        model = FlowTokModel(configuration, weights: Weights(PackingWeights(weights, as: precision)))
        // The projector and the temperature of training may be there; drawing and captioning do without.
        try weights.verify(ignoring: { $0.hasPrefix("flow.context_projector.") || $0 == "flow.t2t_temperature" })
        vocabulary = try SentencePieceVocabulary(path: path + "/" + ModelFolder.vocabularyFile)
        guard vocabulary.count == configuration.textEncoder.vocabularySize else {
            throw FlowTokError.unusableModel(
                file: path + "/" + ModelFolder.vocabularyFile,
                reason: "it has \(vocabulary.count) pieces, expected \(configuration.textEncoder.vocabularySize)")
        }
    }

    private static func readConfiguration(_ file: String) throws -> ModelConfiguration {
        let configuration: ModelConfiguration
        do {
            configuration = try JSONDecoder().decode(
                ModelConfiguration.self, from: Data(contentsOf: URL(fileURLWithPath: file)))
        } catch let error as DecodingError {
            throw FlowTokError.unusableModel(file: file, reason: error.oneLine)
        } catch {
            throw FlowTokError.unusableModel(file: file, reason: "it cannot be read: \(error.localizedDescription)")
        }
        if let problem = configuration.problem { throw FlowTokError.unusableModel(file: file, reason: problem) }
        return configuration
    }

    /// Writes a model folder; each file is written whole or not at all, the configuration last.
    public static func write(
        _ configuration: ModelConfiguration, weights: [(String, Tensor)], as type: ElementType = .f32,
        vocabulary: SentencePieceVocabulary, to path: String
    ) throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let text = try encoder.encode(configuration)
        try Checkpoint.write(
            weights, as: type, metadata: ["format": "flowtok", "model": configuration.name],
            to: path + "/" + weightsFile)
        try AtomicFile.write(to: path + "/" + vocabularyFile, vocabulary.modelBytes)
        try AtomicFile.write(to: path + "/" + configurationFile, text)
    }
}

extension DecodingError {
    /// What is wrong and at which key, in one line.
    package var oneLine: String {
        func place(_ context: Context) -> String {
            let path = context.codingPath.map(\.stringValue).joined(separator: ".")
            return path.isEmpty ? "the file" : path
        }
        switch self {
        case .keyNotFound(let key, let context):
            return "\(context.codingPath.map { $0.stringValue + "." }.joined())\(key.stringValue) is missing"
        case .typeMismatch(let type, let context): return "\(place(context)) is no \(type)"
        case .valueNotFound(let type, let context): return "\(place(context)) is null, expected \(type)"
        case .dataCorrupted(let context): return "\(place(context)): \(context.debugDescription)"
        @unknown default: return "it cannot be read"
        }
    }
}
