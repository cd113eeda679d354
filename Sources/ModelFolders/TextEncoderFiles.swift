import Checkpoints
import Files
import Layers
import Networks
import Tensors
import TextTokenizers

/// The text encoder of a model as it lies on disk: one that guides the decoder of an image tokenizer, or reads captions for a
/// generator.
package enum TextEncoderFiles {
    /// CLIP's text tower, which published models read.
    case clip(CLIPFiles)
    /// A text encoder that was trained here with an image tokenizer, over SentencePiece pieces.
    case pieces(configuration: TextTransformerConfiguration, weightsFile: String, vocabulary: String)

    /// Those that the `config.json` of a folder names; nil where it names none.
    ///
    /// - Throws: `FlowTokError` where a file is missing or lies elsewhere.
    init?(_ configuration: TextTransformerConfiguration?, _ files: ModelFiles, in folder: String) throws {
        guard let configuration, let vocabulary = files.vocabulary else { return nil }
        let weightsFile = try ModelFiles.path(of: files.textEncoder, .textEncoder, in: folder)
        let paths = try vocabulary.map { try ModelFiles.path(of: $0, in: folder) }
        if paths.count == 1, paths[0].hasSuffix(".model") {
            self = .pieces(configuration: configuration, weightsFile: weightsFile, vocabulary: paths[0])
        } else {
            self = .clip(CLIPFiles(configuration: configuration, weightsFile: weightsFile, vocabulary: paths))
        }
    }

    package var configuration: TextTransformerConfiguration {
        switch self {
        case .clip(let files): files.configuration
        case .pieces(let configuration, _, _): configuration
        }
    }

    package var weightsFile: String {
        switch self {
        case .clip(let files): files.weightsFile
        case .pieces(_, let weightsFile, _): weightsFile
        }
    }

    /// Whether it is CLIP.
    package var isCLIP: Bool { if case .clip = self { true } else { false } }

    /// The text encoder with its weights: captions to hidden states [1, positions, width], and what was found strange about
    /// its file.
    ///
    /// - Throws: `FlowTokError`, `WeightMismatch`, `CheckpointError` or `VocabularyError` where a file does not hold what it
    ///   should.
    package func load(
        precision: Precision
    ) throws -> (states: @Sendable (String) throws -> Tensor, warnings: @Sendable () -> [String]) {
        switch self {
        case .clip(let files):
            let encoder = try files.load(precision: precision)
            return ({ encoder([$0]) }, { encoder.warnings })
        case .pieces(let configuration, let weightsFile, let vocabulary):
            let pieces = try Pieces(configuration, weightsFile: weightsFile, vocabulary: vocabulary, precision: precision)
            return ({ pieces.encoder(try pieces.tokenizer.encode($0)) }, { pieces.checkpoint.warnings })
        }
    }

    /// The text encoder with its weights, as a generator reads captions with it.
    ///
    /// - Throws: as `load(precision:)`.
    package func conditioner(precision: Precision) throws -> CaptionConditioner {
        switch self {
        case .clip(let files):
            let clip = try CLIPConditioner(files, precision: precision)
            return CaptionConditioner(
                textTokenizer: clip.encoder.textTokenizer, vectorWidth: clip.vectorWidth, warnings: { clip.encoder.warnings },
                read: { clip($0) })
        case .pieces(let configuration, let weightsFile, let vocabulary):
            let pieces = try Pieces(configuration, weightsFile: weightsFile, vocabulary: vocabulary, precision: precision)
            return CaptionConditioner(
                textTokenizer: pieces.tokenizer, vectorWidth: configuration.width, warnings: { pieces.checkpoint.warnings }
            ) { prompt in
                let condition = pieces.encoder.condition(
                    try pieces.tokenizer.encode(prompt: prompt), padding: pieces.tokenizer.padPiece)
                return (condition, condition.hidden)
            }
        }
    }

    /// A text encoder over SentencePiece pieces with its weights.
    private struct Pieces: Sendable {
        let encoder: TextTransformer
        let tokenizer: SentencePieceTokenizer
        let checkpoint: Checkpoint

        init(_ configuration: TextTransformerConfiguration, weightsFile: String, vocabulary path: String, precision: Precision) throws {
            try configuration.validate { FlowTokError.unusableModel(file: weightsFile, reason: $0) }
            let vocabulary = try SentencePieceVocabulary(path: path)
            guard vocabulary.count == configuration.vocabularySize else {
                throw FlowTokError.unusableModel(
                    file: path, reason: "it has \(vocabulary.count) pieces, expected \(configuration.vocabularySize)")
            }
            tokenizer = try SentencePieceTokenizer(vocabulary, length: configuration.contextLength)
            checkpoint = try Checkpoint(path: weightsFile)
            let source = CheckpointWeights(checkpoint)
            encoder = TextTransformer(configuration, weights: Weights(PackingWeights(source, as: precision)))
            try source.verify()
        }
    }
}

/// Captions as a generator reads them.
package struct CaptionConditioner: Sendable {
    package let textTokenizer: any TextTokenizer
    /// The numbers of a caption's vector.
    package let vectorWidth: Int
    /// What was found strange about the file of the text encoder.
    package let warnings: @Sendable () -> [String]
    fileprivate let read: @Sendable (String) throws -> (condition: TextCondition, guidance: Tensor)

    /// What conditions the generator, and what guides a decoder of the tokenizer that captions guide.
    ///
    /// - Throws: `VocabularyError` where the caption cannot be read.
    package func callAsFunction(_ prompt: String) throws -> (condition: TextCondition, guidance: Tensor) { try read(prompt) }
}
