import Checkpoints
import Files
import Layers
import Networks
import Tensors
import TextTokenizers

/// The text encoder that guides the decoder of an image tokenizer, as it lies on disk.
package enum TextEncoderFiles {
    /// CLIP's text tower, which published tokenizers read.
    case clip(CLIPFiles)
    /// A text encoder that was trained with its image tokenizer, over SentencePiece pieces.
    case pieces(configuration: TextTransformerConfiguration, weightsFile: String, vocabulary: String)

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

    /// CLIP, or nil where the text encoder is another.
    package var clip: CLIPFiles? {
        if case .clip(let files) = self { files } else { nil }
    }

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
        case .pieces(let configuration, let weightsFile, let vocabularyPath):
            try configuration.validate { FlowTokError.unusableModel(file: weightsFile, reason: $0) }
            let vocabulary = try SentencePieceVocabulary(path: vocabularyPath)
            guard vocabulary.count == configuration.vocabularySize else {
                throw FlowTokError.unusableModel(
                    file: vocabularyPath, reason: "it has \(vocabulary.count) pieces, expected \(configuration.vocabularySize)")
            }
            let tokenizer = try SentencePieceTokenizer(vocabulary, length: configuration.contextLength)
            let checkpoint = try Checkpoint(path: weightsFile)
            let source = CheckpointWeights(checkpoint)
            let encoder = TextTransformer(configuration, weights: Weights(PackingWeights(source, as: precision)))
            try source.verify()
            return ({ encoder(try tokenizer.encode($0)) }, { checkpoint.warnings })
        }
    }
}
