import Checkpoints
import Files
import Foundation
import Networks
import Tensors

/// The parts of a generator of pictures: its own checkpoint, the image tokenizer that it draws for and, where it reads
/// captions, CLIP.
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
    public let configuration: GeneratorConfiguration
    package let weightsFile: String
    package let tokenizer: TokenizerLocation
    /// Nil where classes are drawn.
    package let text: CLIPFiles?

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
        if let clip { found.text = try CLIPFiles(sources: clip.paths, activation: clip.activation) }
        if let problem = found.configuration.problem {
            throw FlowTokError.unusableModel(file: found.weightsFile, reason: problem)
        }
        (name, configuration, weightsFile) = (found.name, found.configuration, found.weightsFile)
        guard let location = found.tokenizer else {
            throw FlowTokError.incompleteFiles(
                "\(path): drawing also needs the image tokenizer that the generator draws for, expected it beside the generator, or --tokenizer")
        }
        self.tokenizer = location
        if configuration.textWidth == nil {
            text = nil
        } else {
            guard let files = found.text ?? location.text else {
                throw FlowTokError.incompleteFiles(
                    "\(path): captions need CLIP's text tower and its vocabulary, expected them beside the generator, or --clip")
            }
            text = files
        }
    }

    /// What is at a path, before anything that is named beside it.
    private struct Found {
        var name: String
        var configuration: GeneratorConfiguration
        var weightsFile: String
        var tokenizer: TokenizerLocation?
        var text: CLIPFiles?

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
            name = ((path as NSString).lastPathComponent as NSString).deletingPathExtension
            weightsFile = path
            configuration = try GeneratorFolder.recognise(path)
        }

        /// A folder with a `config.json`, by `flowtok import` or official.
        private init(described path: String) throws {
            let kind = try FolderKind(folder: path)
            let file = try ModelFolder.configurationPath(in: path)
            guard kind.isGenerator else {
                throw FlowTokError.unusableModel(
                    file: file, reason: "it is of \(kind.title), expected a generator\(kind.isImageTokenizer ? "" : "; flowtok t2i draws with it")")
            }
            if let imported = try? JSONFile.read(Configuration.self, from: file) {
                name = imported.name
                configuration = imported.generator
                weightsFile = try ModelFiles.path(of: imported.files.generator, .generator, in: path)
                tokenizer = try imported.tokenizerLocation(in: path)
                text = try imported.text(in: path)
                return
            }
            name = URL(fileURLWithPath: path).standardizedFileURL.lastPathComponent
            configuration = try JSONFile.read(GeneratorConfiguration.self, from: file)
            weightsFile = try ModelFolder.hubWeights(in: path)
            let (tokenizerPath, textPath) = (path + "/" + tokenizerFolder, path + "/" + textFolder)
            if FileManager.default.fileExists(atPath: tokenizerPath) { tokenizer = try TokenizerLocation(path: tokenizerPath) }
            if FileManager.default.fileExists(atPath: textPath) {
                text = try CLIPFiles(sources: [textPath], activation: .quickGELU)
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
            text = CLIPFiles(parts, activation: .quickGELU)
        }
    }

    /// The configuration of the generator that a checkpoint holds.
    ///
    /// - Throws: `ImageTokenizerError.otherArchitecture` where it holds something else, `FlowTokError.unusableModel` where
    ///   its shapes contradict its names.
    package static func recognise(_ path: String) throws -> GeneratorConfiguration {
        let checkpoint = try Checkpoint(path: path)
        guard case .generator = CheckpointFamily(names: checkpoint.names) else {
            throw checkpoint.isNot("a generator of pictures")
        }
        do {
            return try GeneratorConfiguration(shapes: checkpoint.shapes)
        } catch let error as GeneratorError {
            throw FlowTokError.unusableModel(file: path, reason: String(describing: error))
        }
    }

    /// - Throws: `FlowTokError.unusableFiles` where the parts do not fit each other.
    package func checkFit(_ tokens: any ImageTokenization, text: CLIPConditioner?) throws {
        func told(_ codes: Int?, _ count: Int, _ channels: Int?) -> String {
            codes.map { "\(count) tokens of \($0) codes" } ?? "\(count) tokens of \(channels ?? 0) numbers"
        }
        var channels: Int?
        if case .maskGenKL(let shape) = configuration { channels = shape.channels }
        let fits = tokens.latentShape[0] == configuration.tokens && tokens.codebookSize == configuration.codebookSize
            && (channels == nil || channels == tokens.latentShape[1])
        guard fits else {
            throw FlowTokError.unusableFiles(
                "\(weightsFile) draws \(told(configuration.codebookSize, configuration.tokens, channels)) and \(tokenizer.weightsFile) decodes \(told(tokens.codebookSize, tokens.latentShape[0], tokens.latentShape[1])): they belong to different models")
        }
        guard let text, let files = self.text, let width = configuration.textWidth else { return }
        guard files.configuration.width == width, text.vectorWidth == width else {
            throw FlowTokError.unusableFiles(
                "\(weightsFile) reads texts of \(width) numbers and \(files.weightsFile) gives \(files.configuration.width): they belong to different models")
        }
        guard let guidance = tokens.textGuidance else { return }
        guard (guidance.contextLength, guidance.width) == (files.configuration.contextLength, files.configuration.width) else {
            throw FlowTokError.unusableFiles(
                "\(tokenizer.weightsFile) reads texts of \(guidance.contextLength)×\(guidance.width) and \(files.weightsFile) gives \(files.configuration.contextLength)×\(files.configuration.width): they belong to different models")
        }
    }
}
