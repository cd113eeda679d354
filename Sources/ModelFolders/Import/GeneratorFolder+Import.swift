import Foundation
import Networks

extension GeneratorFolder {
    /// The `config.json` that `flowtok import` writes for a generator: which file holds what, and the shape of every part.
    struct Configuration: Codable, Sendable {
        let name: String
        var files: ModelFiles
        let generator: GeneratorConfiguration
        let imageTokenizer: ImageTokenizerConfiguration?
        let textEncoder: TextTransformerConfiguration?

        private enum Keys: String, CodingKey {
            case modelType = "model_type"
            case name, files, generator
            case imageTokenizer = "image_tokenizer"
            case textEncoder = "text_encoder"
        }

        init(from decoder: any Decoder) throws {
            let values = try decoder.container(keyedBy: Keys.self)
            name = try values.decode(String.self, forKey: .name)
            files = try values.decode(ModelFiles.self, forKey: .files)
            generator = try values.decode(GeneratorConfiguration.self, forKey: .generator)
            imageTokenizer = try values.decodeIfPresent(ImageTokenizerConfiguration.self, forKey: .imageTokenizer)
            textEncoder = try values.decodeIfPresent(TextTransformerConfiguration.self, forKey: .textEncoder)
        }

        func encode(to encoder: any Encoder) throws {
            var values = encoder.container(keyedBy: Keys.self)
            try values.encode(kind.rawValue, forKey: .modelType)
            try values.encode(name, forKey: .name)
            try values.encode(files, forKey: .files)
            try values.encode(generator, forKey: .generator)
            try values.encodeIfPresent(imageTokenizer, forKey: .imageTokenizer)
            try values.encodeIfPresent(textEncoder, forKey: .textEncoder)
        }

        /// - Throws: `FlowTokError.unusableFiles` where the parts do not fit each other, `incompleteFiles` where there is no
        ///   generator.
        init(importing parts: ImportedParts, files: ModelFiles, options: ModelImport.Options) throws {
            guard let found = parts.generator else { throw FlowTokError.incompleteFiles("no generator") }
            generator = try GeneratorFolder.recognise(found.path)
            if let tokenizer = parts.tokenizer, let shape = tokenizer.configuration.tokens,
                shape.count != generator.tokens || shape.codes != generator.codebookSize
            {
                throw FlowTokError.unusableFiles(
                    "\(found.path) draws \(generator.tokens) tokens\(generator.codebookSize.map { " of \($0) codes" } ?? "") and \(tokenizer.path) decodes \(shape.count)\(shape.codes.map { " of \($0) codes" } ?? ""): they belong to different models")
            }
            if let text = parts.text, let width = generator.textWidth, text.shape.width != width {
                throw FlowTokError.unusableFiles(
                    "\(found.path) reads texts of \(width) numbers and \(text.path) gives \(text.shape.width): they belong to different models")
            }
            if let text = parts.text, !parts.vocabulary.isEmpty {
                _ = try CLIPTextEncoder.vocabulary(parts.vocabulary, count: text.shape.vocabularySize)
            }
            name = options.name ?? ((found.path as NSString).lastPathComponent as NSString).deletingPathExtension
            self.files = files
            imageTokenizer = parts.tokenizer?.configuration
            textEncoder = parts.text?.shape.configuration(activation: options.activation)
        }

        var kind: FolderKind {
            switch generator {
            case .maskGIT: .maskGIT
            case .maskGenVQ: .maskGenVQ
            case .maskGenKL: .maskGenKL
            }
        }

        /// What is still missing, a line each.
        var notes: [String] {
            var notes: [String] = []
            if files.imageTokenizer == nil {
                notes.append("generate also needs the image tokenizer that the generator draws for: import it too, or name it with --tokenizer")
            }
            if generator.textWidth != nil, files.textEncoder == nil || files.vocabulary == nil {
                notes.append("generate also needs CLIP's text tower and its vocabulary: import them too, or name them with --clip")
            }
            return notes
        }

        /// The image tokenizer of the folder; nil where it has none.
        func tokenizerLocation(in folder: String) throws -> TokenizerLocation? {
            guard let imageTokenizer else { return nil }
            let path = try ModelFiles.path(of: files.imageTokenizer, .imageTokenizer, in: folder)
            return TokenizerLocation(
                name: ((path as NSString).lastPathComponent as NSString).deletingPathExtension,
                configuration: imageTokenizer, weightsFile: path, text: try text(in: folder))
        }

        /// CLIP; nil where the folder has none.
        func text(in folder: String) throws -> CLIPFiles? {
            guard let textEncoder, let vocabulary = files.vocabulary, files.textEncoder != nil else { return nil }
            return CLIPFiles(
                configuration: textEncoder,
                weightsFile: try ModelFiles.path(of: files.textEncoder, .textEncoder, in: folder),
                vocabulary: try vocabulary.map { try ModelFiles.path(of: $0, in: folder) })
        }
    }
}

extension ImageTokenizerConfiguration {
    /// The number of an image's tokens and of the codebook's entries; nil where the image's size decides.
    fileprivate var tokens: (count: Int, codes: Int?)? {
        switch self {
        case .tiTok(let shape): (shape.latentTokens, shape.quantization == .vector ? shape.codebookSize : nil)
        case .flowTiTok(let shape): (shape.latentTokens, nil)
        case .maskGITVQGAN: nil
        }
    }
}
