import Checkpoints
import Files
import Foundation
import Networks
import Tensors
import TextTokenizers

/// The parts of a generator of pictures: its own checkpoint, the image tokenizer that it draws for and, where it reads
/// captions, CLIP or the text encoder that it was trained with.
///
/// They are found in one folder: as `flowtok import` described it; or the generator as the hub holds it (the official
/// `config.json` beside `model.safetensors`) with the others in the folders `tokenizer` and `clip` inside it; or all files
/// side by side with nothing that describes them. A generator may also be a checkpoint alone. What is not found there is
/// named by the user.
public struct GeneratorFolder: Sendable {
    /// The folders inside a generator's own in which the other parts are looked for.
    package static let tokenizerFolder = "tokenizer"
    package static let textFolder = "clip"

    public let name: String
    public let configuration: any TokenGeneratorConfiguration
    package let weightsFile: String
    package let tokenizer: TokenizerLocation
    /// What reads captions; nil where classes are drawn.
    package let text: TextEncoderFiles?
    /// The names of the classes by their numbers where they are none of ImageNet's.
    public let classNames: [String]?
    /// What in its configuration has no effect, a line each.
    public let warnings: [String]

    /// Looks for the parts; nothing but names and shapes is read.
    ///
    /// - Parameters:
    ///   - path: a folder, or the generator's checkpoint.
    ///   - tokenizer: the image tokenizer, a folder or a checkpoint, in place of the one found at `path`.
    ///   - clip: CLIP, likewise.
    /// - Throws: `FlowTokError.incompleteFiles` where a part is missing, and `FlowTokError`, `ImageTokenizerError` or
    ///   `CheckpointError` where a file does not hold what it should.
    public init(path: String, tokenizer: String? = nil, clip: CLIPSource? = nil) throws {
        var found = try Found(path: path)
        if let tokenizer { found.tokenizer = try TokenizerLocation(path: tokenizer) }
        if let clip {
            if case .textEncoder = found.configuration.captionStates {
                throw FlowTokError.badSetting(
                    name: "--clip", given: clip.paths.joined(separator: ", "), expected: "none, since \"\(found.name)\" does not read CLIP")
            }
            found.text = .clip(try CLIPFiles(sources: clip.paths, activation: clip.activation))
        }
        try found.configuration.validate { FlowTokError.unusableModel(file: found.weightsFile, reason: $0) }
        (name, configuration, weightsFile) = (found.name, found.configuration, found.weightsFile)
        classNames = found.classNames
        warnings = found.warnings + (found.tokenizer?.warnings ?? [])
        guard let location = found.tokenizer else {
            throw FlowTokError.incompleteFiles(
                "\(path): drawing also needs the image tokenizer that the generator draws for, expected it beside the generator, or --tokenizer")
        }
        self.tokenizer = TokenizerLocation(
            name: location.name, configuration: location.configuration.serving(configuration.tokens),
            weightsFile: location.weightsFile, text: location.text)
        text = try Self.text(configuration, among: [found.text, location.text].compactMap { $0 }, path: path)
    }

    /// What reads captions for a generator among what there is; nil where it draws classes.
    private static func text(
        _ configuration: any TokenGeneratorConfiguration, among all: [TextEncoderFiles], path: String
    ) throws -> TextEncoderFiles? {
        guard case .captions = configuration.subjects else { return nil }
        switch configuration.captionStates {
        case .clip:
            guard let clip = all.first(where: \.isCLIP) else {
                throw FlowTokError.incompleteFiles(
                    "\(path): captions need CLIP's text tower and its vocabulary, expected them beside the generator, or --clip")
            }
            return clip
        case .textEncoder:
            guard let pieces = all.first(where: { !$0.isCLIP }) else {
                throw FlowTokError.incompleteFiles(
                    "\(path): captions need the text encoder that the generator was trained with and its SentencePiece vocabulary, expected the whole folder that flowtok train made"
                )
            }
            return pieces
        }
    }

    /// What is at a path, before anything that is named beside it.
    private struct Found {
        var name: String
        var configuration: any TokenGeneratorConfiguration
        var weightsFile: String
        var tokenizer: TokenizerLocation?
        var text: TextEncoderFiles?
        var classNames: [String]?
        var warnings: [String] = []

        init(path: String) throws {
            var isFolder: ObjCBool = false
            guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
                throw FlowTokError.modelNotFound(path: path)
            }
            if !isFolder.boolValue {
                try self.init(checkpoint: path)
            } else if FileManager.default.fileExists(atPath: path + "/" + ModelFolder.configurationFile) {
                try self.init(described: path)
            } else {
                try self.init(undescribed: path)
            }
        }

        private init(checkpoint path: String) throws {
            name = InputFile.stem(path)
            weightsFile = path
            (configuration, warnings) = try GeneratorFolder.recognise(path)
        }

        /// A folder with a `config.json`, by `flowtok import` or official.
        private init(described path: String) throws {
            let family = try ModelFamilies.family(ofFolder: path)
            let file = try ModelFolder.configurationPath(in: path)
            guard case .generator(let type) = family.network else {
                throw FlowTokError.unusableModel(
                    file: file, reason: "it is of \(family.title), expected a generator\(family.isFlow ? "; flowtok t2i draws with it" : "")")
            }
            warnings = try GeneratorFolder.warnings(type, file)
            if let imported = try Configuration.read(from: file) {
                name = imported.name
                configuration = imported.generator
                weightsFile = try ModelFiles.path(of: imported.files.generator, .generator, in: path)
                tokenizer = try imported.tokenizerLocation(in: path)
                text = try imported.text(in: path)
                classNames = imported.classes
                return
            }
            name = URL(fileURLWithPath: path).standardizedFileURL.lastPathComponent
            func read<Found: TokenGeneratorConfiguration>(_ type: Found.Type) throws -> any TokenGeneratorConfiguration {
                try JSONFile.read(type, from: file)
            }
            configuration = try read(type)
            weightsFile = try ModelFolder.hubWeights(in: path)
            let (tokenizerPath, textPath) = (path + "/" + tokenizerFolder, path + "/" + textFolder)
            if FileManager.default.fileExists(atPath: tokenizerPath) { tokenizer = try TokenizerLocation(path: tokenizerPath) }
            if FileManager.default.fileExists(atPath: textPath) {
                text = .clip(try CLIPFiles(sources: [textPath], activation: .quickGELU))
            }
        }

        /// A folder with files and nothing that says what they are.
        private init(undescribed path: String) throws {
            let parts = try ImportedParts(ModelImport.look(at: path))
            guard let generator = parts.generator else {
                throw FlowTokError.incompleteFiles("\(path): no generator among its files, expected one")
            }
            try self.init(checkpoint: generator.path)
            tokenizer = parts.tokenizer == nil ? nil : try TokenizerLocation(path: path)
            text = CLIPFiles(parts, activation: .quickGELU).map { .clip($0) }
        }
    }

    /// The names of the classes of a generator that was trained here, before anything else of its folder is read; nil where it
    /// has none of its own.
    package static func classNames(in path: String) -> [String]? {
        (try? Configuration.read(from: path + "/" + ModelFolder.configurationFile))?.classes
    }

    static let tokenizerFile = "image_tokenizer.safetensors"

    /// What a generator that was trained here draws, as its folder holds it.
    package enum TrainedSubjects {
        /// Classes, by their names in the order of their numbers.
        case classes([String])
        /// Captions, and the text encoder that reads them.
        case captions(TextTransformerConfiguration, weights: [(String, Tensor)], vocabulary: SentencePieceVocabulary)
    }

    /// Writes the folder of a generator that was trained, with the image tokenizer that it draws for and the text encoder that it
    /// reads captions with. Each file is written whole or not at all, the configuration last.
    ///
    /// - Parameter tokenizerWeights: nil where they and the text encoder were written before, since both stay as they are.
    package static func write(
        name: String, _ generator: any TokenGeneratorConfiguration, weights: [(String, Tensor)], subjects: TrainedSubjects,
        tokenizer: any ImageTokenizerConfiguration, tokenizerWeights: [(String, Tensor)]?, to path: String
    ) throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        let metadata = ["format": "pt", "model": name]
        var files = ModelFiles(imageTokenizer: tokenizerFile, generator: ModelFolder.weightsFile)
        var (classes, textEncoder): ([String]?, TextTransformerConfiguration?)
        if let tokenizerWeights {
            try Checkpoint.write(tokenizerWeights, metadata: metadata, to: path + "/" + tokenizerFile)
        }
        switch subjects {
        case .classes(let names): classes = names
        case .captions(let configuration, let textWeights, let vocabulary):
            textEncoder = configuration
            files.textEncoder = ImageTokenizerFolder.textEncoderFile
            files.vocabulary = [ModelFolder.vocabularyFile]
            if tokenizerWeights != nil {
                try Checkpoint.write(textWeights, metadata: metadata, to: path + "/" + ImageTokenizerFolder.textEncoderFile)
                try AtomicFile.write(to: path + "/" + ModelFolder.vocabularyFile, vocabulary.modelBytes)
            }
        }
        try Checkpoint.write(weights, metadata: metadata, to: path + "/" + ModelFolder.weightsFile)
        try JSONFile.write(
            Configuration(
                name: name, files: files, generator: generator, imageTokenizer: tokenizer, classes: classes, textEncoder: textEncoder),
            to: path + "/" + ModelFolder.configurationFile)
    }

    /// What a `config.json` says of a generator and nothing here knows.
    static func warnings(_ type: any TokenGeneratorConfiguration.Type, _ file: String) throws -> [String] {
        let document = try JSONFile.read(JSONValue.self, from: file)
        // One of `flowtok import` holds the official sections inside its own.
        let unknown = type.unknownKeys(in: document["files"] == nil ? document : document["generator"] ?? .null)
        guard !unknown.isEmpty else { return [] }
        return [
            "\(file): \(unknown.joined(separator: ", ")) \(unknown.count == 1 ? "is no key that is" : "are no keys that are") known here, and without effect"
        ]
    }

    /// The configuration of the generator that a checkpoint holds, and what was assumed of it.
    ///
    /// - Throws: `ImageTokenizerError.otherArchitecture` where it holds something else, `undetermined` where its shapes
    ///   contradict its names.
    package static func recognise(_ path: String) throws -> (configuration: any TokenGeneratorConfiguration, warnings: [String]) {
        let checkpoint = try Checkpoint.ofModel(path)
        let recognised = try RecognisedCheckpoint(checkpoint)
        guard let recognised, let found = recognised.configuration as? any TokenGeneratorConfiguration else {
            throw checkpoint.isNot("a generator of pictures")
        }
        return (found, recognised.warnings)
    }

    /// - Throws: `FlowTokError.unusableFiles` where the parts do not fit each other.
    package func checkFit(_ tokenizer: any ImageTokenizer, text: CaptionConditioner?) throws {
        guard tokenizer.tokens == configuration.tokens else {
            throw FlowTokError.unusableFiles(
                "\(weightsFile) draws \(configuration.tokens.summary) and \(self.tokenizer.weightsFile) decodes \(tokenizer.tokens.summary): they belong to different models"
            )
        }
        guard let text, let files = self.text, case .captions(let width) = configuration.subjects else { return }
        guard files.configuration.width == width, text.vectorWidth == width else {
            throw FlowTokError.unusableFiles(
                "\(weightsFile) reads texts of \(width) numbers and \(files.weightsFile) gives \(files.configuration.width): they belong to different models")
        }
        if case .textEncoder(let positions?) = configuration.captionStates, positions != files.configuration.contextLength {
            throw FlowTokError.unusableFiles(
                "\(weightsFile) reads texts of \(positions) positions and \(files.weightsFile) gives \(files.configuration.contextLength): they belong to different models"
            )
        }
        guard let guidance = tokenizer.textGuidance else { return }
        guard (guidance.contextLength, guidance.width) == (files.configuration.contextLength, files.configuration.width) else {
            throw FlowTokError.unusableFiles(
                "\(self.tokenizer.weightsFile) reads texts of \(guidance.contextLength)×\(guidance.width) and \(files.weightsFile) gives \(files.configuration.contextLength)×\(files.configuration.width): they belong to different models"
            )
        }
    }
}
