import Files
import Foundation
import Networks

extension GeneratorFolder {
    /// The `config.json` that `flowtok import` writes for a generator: which file holds what, and the shape of every part.
    struct Configuration: Codable, Sendable {
        let name: String
        var files: ModelFiles
        let generator: any TokenGeneratorConfiguration
        let imageTokenizer: (any ImageTokenizerConfiguration)?
        let textEncoder: TextTransformerConfiguration?
        /// The names of the classes by their numbers; nil for ImageNet's.
        let classes: [String]?

        private enum Keys: String, CodingKey {
            case modelType = "model_type"
            case name, files, generator, classes
            case imageTokenizer = "image_tokenizer"
            case textEncoder = "text_encoder"
        }

        init(from decoder: any Decoder) throws {
            let values = try decoder.container(keyedBy: Keys.self)
            name = try values.decode(String.self, forKey: .name)
            files = try values.decode(ModelFiles.self, forKey: .files)
            let type = try values.decode(String.self, forKey: .modelType)
            guard case .generator(let configuration)? = ModelFamilies.family(type)?.network else {
                throw DecodingError.dataCorruptedError(
                    forKey: .modelType, in: values, debugDescription: "\"\(type)\" is no generator that is known here")
            }
            generator = try configuration.init(from: values.superDecoder(forKey: .generator))
            imageTokenizer = try values.decodeIfPresent(TypedConfiguration.self, forKey: .imageTokenizer)
                .map { described in
                    guard let tokenizer = described.configuration as? any ImageTokenizerConfiguration else {
                        throw DecodingError.dataCorruptedError(
                            forKey: .imageTokenizer, in: values, debugDescription: "it is none")
                    }
                    return tokenizer
                }
            textEncoder = try values.decodeIfPresent(TextTransformerConfiguration.self, forKey: .textEncoder)
            classes = try values.decodeIfPresent([String].self, forKey: .classes)
        }

        /// That of a generator over a tokenizer in the same folder: of `classes`, or of captions that `textEncoder` reads.
        init(
            name: String, files: ModelFiles, generator: any TokenGeneratorConfiguration, imageTokenizer: any ImageTokenizerConfiguration,
            classes: [String]?, textEncoder: TextTransformerConfiguration?
        ) {
            self.name = name
            self.files = files
            self.generator = generator
            self.imageTokenizer = imageTokenizer
            self.classes = classes
            self.textEncoder = textEncoder
        }

        func encode(to encoder: any Encoder) throws {
            var values = encoder.container(keyedBy: Keys.self)
            try values.encode(TypedConfiguration(generator).family.id, forKey: .modelType)
            try values.encode(name, forKey: .name)
            try values.encode(files, forKey: .files)
            try generator.encode(to: values.superEncoder(forKey: .generator))
            try values.encodeIfPresent(imageTokenizer.map { try TypedConfiguration($0) }, forKey: .imageTokenizer)
            try values.encodeIfPresent(textEncoder, forKey: .textEncoder)
            try values.encodeIfPresent(classes, forKey: .classes)
        }

        /// - Throws: `FlowTokError.unusableFiles` where the parts do not fit each other, `incompleteFiles` where there is no
        ///   generator.
        init(importing parts: ImportedParts, files: ModelFiles, options: ModelImport.Options) throws {
            guard let found = parts.generator else { throw FlowTokError.incompleteFiles("no generator") }
            generator = try GeneratorFolder.recognise(found.path).configuration
            imageTokenizer = parts.tokenizer?.configuration.serving(generator.tokens)
            if let tokenizer = parts.tokenizer, let decoded = imageTokenizer?.tokens, decoded != generator.tokens {
                throw FlowTokError.unusableFiles(
                    "\(found.path) draws \(generator.tokens.summary) and \(tokenizer.path) decodes \(decoded.summary): they belong to different models"
                )
            }
            if let text = parts.text, case .captions(let width) = generator.subjects, text.configuration.width != width {
                throw FlowTokError.unusableFiles(
                    "\(found.path) reads texts of \(width) numbers and \(text.path) gives \(text.configuration.width): they belong to different models")
            }
            if let text = parts.text, !parts.vocabulary.isEmpty {
                _ = try CLIPTextEncoder.vocabulary(parts.vocabulary, count: text.configuration.vocabularySize)
            }
            name = options.name ?? InputFile.stem(found.path)
            self.files = files
            classes = nil
            textEncoder = parts.text?.configuration.tower(activation: options.activation)
        }

        /// The configuration in a file; nil where the hub's official one is there, which has no list of files.
        static func read(from file: String) throws -> Configuration? {
            guard try JSONFile.read(JSONValue.self, from: file)["files"] != nil else { return nil }
            return try JSONFile.read(Configuration.self, from: file)
        }

        /// What is still missing, a line each.
        var notes: [String] {
            var notes: [String] = []
            if files.imageTokenizer == nil {
                notes.append("generate also needs the image tokenizer that the generator draws for: import it too, or name it with --tokenizer")
            }
            if case .captions = generator.subjects, files.textEncoder == nil || files.vocabulary == nil {
                switch generator.captionStates {
                case .clip:
                    notes.append("generate also needs CLIP's text tower and its vocabulary: import them too, or name them with --clip")
                case .textEncoder:
                    notes.append("generate also needs the text encoder that the generator was trained with: it lies in the folder that flowtok train made")
                }
            }
            return notes
        }

        /// The image tokenizer of the folder; nil where it has none.
        func tokenizerLocation(in folder: String) throws -> TokenizerLocation? {
            guard let imageTokenizer else { return nil }
            let path = try ModelFiles.path(of: files.imageTokenizer, .imageTokenizer, in: folder)
            return TokenizerLocation(
                name: InputFile.stem(path),
                configuration: imageTokenizer, weightsFile: path, text: try text(in: folder))
        }

        /// What reads captions; nil where the folder has nothing that does.
        func text(in folder: String) throws -> TextEncoderFiles? {
            files.textEncoder == nil ? nil : try TextEncoderFiles(textEncoder, files, in: folder)
        }
    }
}
