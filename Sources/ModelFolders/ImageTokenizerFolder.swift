import Checkpoints
import Files
import Foundation
import Layers
import Networks
import Tensors
import TextTokenizers

/// A folder with an image tokenizer: as the hub holds it (the official `config.json` beside `model.safetensors`), or files
/// with the `config.json` of `flowtok import`.
public struct ImageTokenizerFolder: Sendable {
    public let path: String
    public let family: ModelFamily
    /// What token files record: the name that was given on import, or the folder's.
    public let name: String
    public let configuration: any ImageTokenizerConfiguration
    /// The checkpoint's path.
    public let weightsFile: String
    let imported: Configuration?

    /// Opens a folder without reading its weights.
    ///
    /// - Throws: `FlowTokError` where the folder or a file is missing, or it holds something else.
    public init(path: String) throws {
        self.path = path
        family = try ModelFamilies.family(ofFolder: path)
        let file = try ModelFolder.configurationPath(in: path)
        guard case .imageTokenizer(let type) = family.network else {
            throw FlowTokError.unusableModel(file: file, reason: "it is of \(family.title), expected an image tokenizer")
        }
        func read<Found: ImageTokenizerConfiguration>(_ type: Found.Type) throws -> any ImageTokenizerConfiguration {
            try JSONFile.read(type, from: file)
        }
        configuration = try read(type)
        try configuration.validate { FlowTokError.unusableModel(file: file, reason: $0) }
        let header = try JSONFile.read(Header.self, from: file)
        imported = header.files == nil ? nil : try JSONFile.read(Configuration.self, from: file)
        if let imported {
            name = imported.name
            weightsFile = try ModelFiles.path(of: imported.files.imageTokenizer, .imageTokenizer, in: path)
        } else {
            name = URL(fileURLWithPath: path).standardizedFileURL.lastPathComponent
            weightsFile = try ModelFolder.hubWeights(in: path)
        }
    }

    private struct Header: Decodable {
        let files: ModelFiles?
    }

    /// The tokenizer with its weights.
    ///
    /// - Throws: see `ImageTokenizerConfiguration.load`.
    public func load(precision: Precision = .float32) throws -> any ImageTokenizer {
        try configuration.load(Checkpoint.ofModel(weightsFile), precision: precision)
    }

    /// The text encoder that the folder names, for tokenizers whose decoder is guided by captions; otherwise nil.
    package var text: TextEncoderFiles? {
        get throws {
            guard let imported else { return nil }
            return try TextEncoderFiles(imported.textEncoder, imported.files, in: path)
        }
    }

    static let textEncoderFile = "text_encoder.safetensors"

    /// Writes the folder of a tokenizer that no caption guides: `config.json` and `model.safetensors` under the names of the
    /// published ones. Each file is written whole or not at all, the configuration last.
    package static func write(
        name: String, _ tokenizer: any ImageTokenizerConfiguration, weights: [(String, Tensor)], metadata: [String: String] = [:],
        to path: String
    ) throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        try Checkpoint.write(
            weights, metadata: ["format": "pt", "model": name].merging(metadata) { $1 }, to: path + "/" + ModelFolder.weightsFile)
        try JSONFile.write(
            Configuration(
                name: name, files: ModelFiles(imageTokenizer: ModelFolder.weightsFile), tokenizer: tokenizer, textEncoder: nil),
            to: path + "/" + ModelFolder.configurationFile)
    }

    /// Writes the folder of a tokenizer that was trained together with its text encoder: `config.json`, `model.safetensors`
    /// and `text_encoder.safetensors` under the names of the published ones, and `tokenizer.model`. Each file is written
    /// whole or not at all, the configuration last.
    package static func write(
        name: String, _ tokenizer: any ImageTokenizerConfiguration, weights: [(String, Tensor)],
        textEncoder: TextTransformerConfiguration, textWeights: [(String, Tensor)], vocabulary: SentencePieceVocabulary,
        to path: String
    ) throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        let metadata = ["format": "pt", "model": name]
        try Checkpoint.write(weights, metadata: metadata, to: path + "/" + ModelFolder.weightsFile)
        try Checkpoint.write(textWeights, metadata: metadata, to: path + "/" + textEncoderFile)
        try AtomicFile.write(to: path + "/" + ModelFolder.vocabularyFile, vocabulary.modelBytes)
        let files = ModelFiles(
            imageTokenizer: ModelFolder.weightsFile, textEncoder: textEncoderFile, vocabulary: [ModelFolder.vocabularyFile])
        try JSONFile.write(
            Configuration(name: name, files: files, tokenizer: tokenizer, textEncoder: textEncoder),
            to: path + "/" + ModelFolder.configurationFile)
    }

    /// The `config.json` that `flowtok import` writes: the tokenizer's own keys, and the files.
    struct Configuration: Codable, Sendable {
        let name: String
        var files: ModelFiles
        let tokenizer: any ImageTokenizerConfiguration
        let textEncoder: TextTransformerConfiguration?

        init(
            name: String, files: ModelFiles, tokenizer: any ImageTokenizerConfiguration, textEncoder: TextTransformerConfiguration?
        ) {
            self.name = name
            self.files = files
            self.tokenizer = tokenizer
            self.textEncoder = textEncoder
        }

        private enum Keys: String, CodingKey {
            case name, files
            case textEncoder = "text_encoder"
        }

        init(from decoder: any Decoder) throws {
            let values = try decoder.container(keyedBy: Keys.self)
            name = try values.decode(String.self, forKey: .name)
            files = try values.decode(ModelFiles.self, forKey: .files)
            textEncoder = try values.decodeIfPresent(TextTransformerConfiguration.self, forKey: .textEncoder)
            guard let found = try TypedConfiguration(from: decoder).configuration as? any ImageTokenizerConfiguration else {
                throw DecodingError.dataCorruptedError(
                    forKey: .files, in: values, debugDescription: "they are those of no image tokenizer")
            }
            tokenizer = found
            do { try textEncoder?.validate() } catch {
                throw DecodingError.dataCorruptedError(forKey: .textEncoder, in: values, debugDescription: error.reason)
            }
        }

        func encode(to encoder: any Encoder) throws {
            var values = encoder.container(keyedBy: Keys.self)
            try values.encode(name, forKey: .name)
            try values.encode(files, forKey: .files)
            try values.encodeIfPresent(textEncoder, forKey: .textEncoder)
            try TypedConfiguration(tokenizer).encode(to: encoder)
        }

        /// - Throws: `FlowTokError.unusableFiles` where the tokenizer and the text encoder do not fit each other.
        init(importing parts: ImportedParts, files: ModelFiles, options: ModelImport.Options) throws {
            guard let (path, configuration) = parts.tokenizer else {
                throw FlowTokError.incompleteFiles("no image tokenizer")
            }
            var tokenizer = configuration
            if let side = options.imageSize {
                guard let resized = tokenizer.resized(to: side) else {
                    throw FlowTokError.unusableFiles("\(path): the size of its pictures is fixed, expected a FlowTiTok for another")
                }
                tokenizer = resized
            }
            try tokenizer.validate { FlowTokError.unusableFiles("\(path): \($0)") }
            if let text = parts.text, let guidance = tokenizer.textGuidance,
                (guidance.contextLength, guidance.width) != (text.configuration.contextLength, text.configuration.width)
            {
                throw FlowTokError.unusableFiles(
                    "\(path) reads texts of \(guidance.contextLength)×\(guidance.width) and \(text.path) gives \(text.configuration.contextLength)×\(text.configuration.width): they belong to different models"
                )
            }
            if let text = parts.text, !parts.vocabulary.isEmpty {
                _ = try CLIPTextEncoder.vocabulary(parts.vocabulary, count: text.configuration.vocabularySize)
            }
            self.tokenizer = tokenizer
            self.files = files
            let stem = InputFile.stem(path)
            name = options.name ?? stem
            textEncoder = parts.text?.configuration.tower(activation: options.activation)
        }

        var notes: [String] {
            guard tokenizer.textGuidance != nil, textEncoder == nil || files.vocabulary == nil else { return [] }
            return ["its decoder is guided by captions: detokenize and reconstruct also need CLIP's text tower and its vocabulary"]
        }
    }
}
