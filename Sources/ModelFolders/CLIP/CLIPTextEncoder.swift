import Checkpoints
import Layers
import Networks
import Tensors
import TextTokenizers

/// CLIP's text tower with its vocabulary: captions to the hidden states that condition published models.
public struct CLIPTextEncoder: Sendable {
    public let textTokenizer: CLIPTokenizer
    public let transformer: TextTransformer
    /// What is strange about the file, without making it useless.
    public var warnings: [String] { checkpoint.warnings }
    private let checkpoint: Checkpoint

    /// - Parameters:
    ///   - weights: a checkpoint in any of CLIP's formats.
    ///   - vocabulary: a list of merges, or `vocab.json` and `merges.txt`.
    /// - Throws: `ImageTokenizerError`, `WeightMismatch`, `CheckpointError` or `VocabularyError` where a file does not hold
    ///   what it should.
    public init(
        _ configuration: TextTransformerConfiguration, weights file: String, vocabulary files: [String],
        precision: Precision = .float32
    ) throws {
        textTokenizer = CLIPTokenizer(
            try Self.vocabulary(files, count: configuration.vocabularySize), length: configuration.contextLength)
        checkpoint = try Checkpoint.ofModel(file)
        let source = try CLIPWeights(checkpoint)
        transformer = TextTransformer(configuration, weights: Weights(PackingWeights(source, as: precision)))
        try source.verify()
    }

    /// Hidden states of every position, those after the end token too: [captions, positions, width].
    public func callAsFunction(_ captions: [String]) -> Tensor {
        transformer(captions.flatMap { self.textTokenizer.encode($0) })
    }

    /// CLIP's vocabulary, which must have `count` tokens.
    package static func vocabulary(_ files: [String], count: Int) throws -> CLIPVocabulary {
        let vocabulary: CLIPVocabulary
        switch files.count {
        // Start, end and twice the 256 bytes are no merges.
        case 1: vocabulary = try CLIPVocabulary(path: files[0], mergeCount: max(0, count - 514))
        case 2: vocabulary = try CLIPVocabulary(vocabularyPath: files[0], mergesPath: files[1])
        default: throw VocabularyError.unfit(reason: "\(files.count) files, expected one list of merges, or vocab.json and merges.txt")
        }
        guard vocabulary.count == count else {
            throw FlowTokError.unusableModel(
                file: files[0], reason: "the vocabulary has \(vocabulary.count) tokens, expected \(count) as the text encoder has")
        }
        return vocabulary
    }
}

extension Checkpoint {
    /// What was found strange about its values so far: a line, or none.
    package var warnings: [String] {
        firstNonFinite.map {
            ["\(path): the tensor \"\($0)\" holds values that are infinite or not a number, what is made with it will be too"]
        } ?? []
    }
}
