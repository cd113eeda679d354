import Checkpoints
import Files
import Networks
import Tensors

/// CLIP's text tower and its vocabulary among a user's files.
package struct CLIPFiles {
    package let configuration: TextTransformerConfiguration
    package let weightsFile: String
    /// A list of merges, or the table and its merges.
    package let vocabulary: [String]

    package init(configuration: TextTransformerConfiguration, weightsFile: String, vocabulary: [String]) {
        self.configuration = configuration
        self.weightsFile = weightsFile
        self.vocabulary = vocabulary
    }

    /// Nil where the files do not hold both.
    ///
    /// - Parameter activation: the tower's, which its file does not tell.
    init?(_ parts: ImportedParts, activation: Activation) {
        guard let text = parts.text, !parts.vocabulary.isEmpty else { return nil }
        self.init(
            configuration: text.configuration.tower(activation: activation), weightsFile: text.path,
            vocabulary: parts.vocabulary)
    }

    /// CLIP in files and folders that a user names.
    ///
    /// - Throws: `FlowTokError.incompleteFiles` where the tower or its vocabulary is missing.
    package init(sources: [String], activation: Activation) throws {
        let parts = try ImportedParts(sources.flatMap { try ModelImport.look(at: $0) })
        guard let found = CLIPFiles(parts, activation: activation) else {
            let missing =
                parts.text == nil
                ? "no text tower of CLIP" : "no vocabulary of CLIP (bpe_simple_vocab_16e6.txt.gz, or vocab.json and merges.txt)"
            throw FlowTokError.incompleteFiles("\(sources.joined(separator: ", ")): \(missing) among these files")
        }
        self = found
    }

    /// The tower with its weights.
    package func load(precision: Precision) throws -> CLIPTextEncoder {
        try configuration.validate { FlowTokError.unusableModel(file: weightsFile, reason: $0) }
        return try CLIPTextEncoder(configuration, weights: weightsFile, vocabulary: vocabulary, precision: precision)
    }
}

/// Where a user says that CLIP is, for models that read captions and do not bring it.
public struct CLIPSource: Sendable, Hashable {
    /// Files, and folders that hold them: the text tower and its vocabulary.
    public var paths: [String]
    /// The tower's activation, which its file does not tell.
    public var activation: Activation

    public init(_ paths: [String], activation: Activation = .quickGELU) {
        self.paths = paths
        self.activation = activation
    }
}
