import Checkpoints
import Files
import Foundation
import Layers
import Networks
import Tensors
import TextTokenizers

/// A folder with a model that draws: one of this package's own making (`config.json`, `model.safetensors`,
/// `tokenizer.model` and the model card `README.md`), or published files beside the `config.json` that `flowtok import`
/// wrote for them.
public struct ModelFolder: Sendable {
    public static let configurationFile = "config.json"
    public static let weightsFile = "model.safetensors"
    public static let vocabularyFile = "tokenizer.model"

    public let path: String
    public let family: ModelFamily
    public let configuration: FlowTokConfiguration
    public let model: FlowTokModel
    public let textTokenizer: any TextTokenizer
    /// The SentencePiece vocabulary; nil where the model reads CLIP's.
    public let vocabulary: SentencePieceVocabulary?
    /// The checkpoints that the weights came from.
    public let weightFiles: [String]
    /// What products are computed in, and what the weights are kept in.
    public let precision: Precision
    /// Whether the matrices lie in the files as products read them, so that no other precision can be had.
    public let isPacked: Bool
    /// What was found strange about the files so far, without making them useless: weights that are not finite.
    public var warnings: [String] { checkpoints.flatMap(\.warnings) }
    private let checkpoints: [Checkpoint]

    /// Opens a folder.
    ///
    /// - Parameter precision: what products are computed in, and what the weights are kept in. Where nothing is said, it is
    ///   what a packed model is packed as, `Precision.preferred` for this package's own models, and float32 for published
    ///   ones, whose numbers are float32's.
    /// - Throws: `FlowTokError` where the folder or one of its files is missing, its configuration cannot be used, it is
    ///   packed as another precision, or it holds another kind of model; `WeightMismatch`, `CheckpointError`, `ImageTokenizerError` or `VocabularyError` where
    ///   a file does not hold what it should.
    public init(path: String, precision: Precision? = nil) throws {
        self.path = path
        family = try ModelFamilies.family(ofFolder: path)
        switch family {
        case .flowTok:
            let weights = try ModelFolder.weights(in: path)
            guard FileManager.default.fileExists(atPath: path + "/" + ModelFolder.vocabularyFile) else {
                throw FlowTokError.missingFile(folder: path, file: ModelFolder.vocabularyFile)
            }
            configuration = try ModelFolder.readConfiguration(path + "/" + ModelFolder.configurationFile)
            weightFiles = [weights]
            let checkpoint = try Checkpoint(path: weights)
            isPacked = PackedFile.precision(of: checkpoint) != nil
            self.precision = try ModelFolder.precision(precision, of: [checkpoint]) ?? .preferred
            checkpoints = [checkpoint]
            model = try ModelFolder.load(configuration, checkpoint, self.precision)
            let pieces = try SentencePieceVocabulary(path: path + "/" + ModelFolder.vocabularyFile)
            guard pieces.count == configuration.textEncoder.vocabularySize else {
                throw FlowTokError.unusableModel(
                    file: path + "/" + ModelFolder.vocabularyFile,
                    reason: "it has \(pieces.count) pieces, expected \(configuration.textEncoder.vocabularySize)")
            }
            vocabulary = pieces
            textTokenizer = try SentencePieceTokenizer(pieces, length: configuration.textEncoder.contextLength)
        case .officialFlowTok:
            let official = try OfficialFlowTokConfiguration.read(from: path)
            let opened = try OfficialFlowTok(folder: path, official, precision: precision)
            isPacked = opened.isPacked
            self.precision = opened.precision
            configuration = official.model
            weightFiles = try official.files.checkpoints(in: path)
            (model, textTokenizer, vocabulary, checkpoints) = (opened.model, opened.textTokenizer, nil, opened.checkpoints)
        default:
            throw FlowTokError.unusableModel(
                file: path + "/" + ModelFolder.configurationFile,
                reason: "it is of \(family.title), expected a FlowTok\(family.isGenerator ? "; flowtok generate draws with it" : "")")
        }
    }

    /// The networks of one of this package's own models. What captions alone is read when it is first used.
    private static func load(
        _ configuration: FlowTokConfiguration, _ checkpoint: Checkpoint, _ precision: Precision
    ) throws -> FlowTokModel {
        let weights = CheckpointWeights(checkpoint)
        let model = FlowTokModel(
            configuration, weights: Weights(PackingWeights(weights, as: precision)), expected: ExpectedWeights(weights),
            later: { Weights(PackingWeights(CheckpointWeights(checkpoint), as: precision))[$0] })
        // The projector and the temperature of training may be there; drawing and captioning do without.
        try weights.verify(ignoring: unused)
        try PrecomputedModulation.restore(model.velocity, from: checkpoint, prefix: "flow.")
        return model
    }

    /// What may be in a model's file beside its parameters: what only training uses, a packed model's schedule, and where the text
    /// side puts names.
    static func unused(_ name: String) -> Bool {
        name.hasPrefix("flow.context_projector.") || name == "flow.t2t_temperature" || name.hasPrefix("flow.modulation.")
            || name.hasPrefix(nameIndexPrefix)
    }

    /// What names of tensors begin with that hold where the text side puts names.
    package static let nameIndexPrefix = "names."

    /// A tensor of the model's files that is none of its parameters; nil where they have none of that name.
    package func tensor(_ name: String) throws -> Tensor? {
        for checkpoint in checkpoints where checkpoint.names.contains(name) { return try checkpoint.tensor(name) }
        return nil
    }

    /// The precision that is asked for, or else the one that files are packed as; nil where neither is said.
    ///
    /// - Throws: `FlowTokError.unusableModel` for the first file that is packed as something else.
    package static func precision(_ wanted: Precision?, of files: [Checkpoint]) throws -> Precision? {
        var precision = wanted
        for file in files {
            guard let packed = PackedFile.precision(of: file) else { continue }
            guard packed == precision ?? packed else {
                throw FlowTokError.unusableModel(
                    file: file.path,
                    reason: "its matrices are packed as \(packed.rawValue), expected \(precision?.rawValue ?? "")")
            }
            precision = packed
        }
        return precision
    }

    /// Whether there is a model's configuration in a folder, whatever it says.
    package static func isOne(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: path + "/" + configurationFile)
    }

    /// The configuration of one of this package's own models.
    ///
    /// - Throws: `FlowTokError.modelNotFound`, `missingFile`, and `unusableModel` where it is another or cannot be used.
    package static func trainableConfiguration(in path: String) throws -> FlowTokConfiguration {
        let file = path + "/" + configurationFile
        let family = try ModelFamilies.family(ofFolder: path)
        guard family == .flowTok else {
            throw FlowTokError.unusableModel(file: file, reason: "it is of \(family.title), expected one that flowtok train made")
        }
        return try readConfiguration(file)
    }

    /// All parameters of one of this package's own models, as float32, for training to go on from.
    ///
    /// - Throws: as `init(path:precision:)`, and `FlowTokError.unusableModel` where matrices are packed.
    package static func parameters(in path: String) throws -> (FlowTokConfiguration, [String: Tensor]) {
        let configuration = try trainableConfiguration(in: path)
        let weights = try weights(in: path)
        let checkpoint = try Checkpoint(path: weights)
        guard PackedFile.precision(of: checkpoint) == nil else {
            throw FlowTokError.unusableModel(file: weights, reason: "its matrices are packed, expected plain ones to train")
        }
        let source = CheckpointWeights(checkpoint)
        let recorder = WeightRecorder(source)
        _ = FlowTokModel(configuration, weights: Weights(recorder))
        try source.verify(ignoring: unused)
        return (configuration, Dictionary(uniqueKeysWithValues: recorder.parameters))
    }

    /// The checkpoint of a folder: one file, or the index of several.
    ///
    /// - Throws: `FlowTokError.missingFile`.
    package static func weights(in path: String) throws -> String {
        guard let found = Checkpoint.existing(path + "/" + weightsFile) else {
            throw FlowTokError.missingFile(folder: path, file: weightsFile)
        }
        return found
    }

    /// The checkpoint of a folder as the hub holds it.
    ///
    /// - Throws: `FlowTokError.missingFile`.
    static func hubWeights(in path: String) throws -> String {
        let own = Checkpoint.existing(path + "/" + weightsFile)
        guard let found = own ?? Checkpoint.existing(path + "/pytorch_model.bin") else {
            throw FlowTokError.missingFile(folder: path, file: weightsFile)
        }
        return found
    }

    static func readConfiguration(_ file: String) throws -> FlowTokConfiguration {
        let configuration = try JSONFile.read(FlowTokConfiguration.self, from: file)
        try configuration.validate { FlowTokError.unusableModel(file: file, reason: $0) }
        return configuration
    }

    /// Writes a model folder; each file is written whole or not at all, the configuration last.
    public static func write(
        _ configuration: FlowTokConfiguration, weights: [(String, Tensor)], as type: ElementType = .f32,
        vocabulary: SentencePieceVocabulary, to path: String
    ) throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        try Checkpoint.write(
            weights, as: type, metadata: ["format": "flowtok", "model": configuration.name],
            to: path + "/" + weightsFile)
        try AtomicFile.write(to: path + "/" + vocabularyFile, vocabulary.modelBytes)
        try JSONFile.write(configuration, to: path + "/" + ModelFolder.configurationFile)
    }

    /// The path of the configuration in the folder at `folder`.
    ///
    /// - Throws: `FlowTokError.modelNotFound` where there is no such folder, `missingFile` where it has none.
    static func configurationPath(in folder: String) throws -> String {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder) else {
            throw FlowTokError.modelNotFound(path: folder)
        }
        guard isFolder.boolValue else {
            let found = try Checkpoint.ofModel(folder).contents
            throw FlowTokError.unusableModel(
                file: folder, reason: "a file of \(found), expected a model folder; flowtok import makes one of published files")
        }
        let file = folder + "/" + configurationFile
        guard FileManager.default.fileExists(atPath: file) else {
            throw FlowTokError.missingFile(folder: folder, file: configurationFile)
        }
        return file
    }
}
