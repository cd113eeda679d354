import Files
import Layers
import Networks
import Tensors
import TextTokenizers

/// The text encoder whose states of captions condition a generator, with its SentencePiece tokenizer; it stays as it is.
public struct GeneratorTextEncoder {
    public let configuration: TextTransformerConfiguration
    public let textTokenizer: SentencePieceTokenizer
    /// Parameters under the names of the published files, as float32.
    let parameters: [(String, Tensor)]
    private let encoder: TextTransformer

    /// Opens the folder of a FlowTok, of a FlowTiTok, or of the run that made it.
    ///
    /// - Throws: `FlowTokError`, `CheckpointError` and others where there is none.
    public init(path: String) throws {
        let folder = try TokenizerFolder(path: path)
        configuration = folder.textEncoder
        textTokenizer = try SentencePieceTokenizer(folder.vocabulary, length: folder.textEncoder.contextLength)
        let weights = NamedTensors(folder.weights)
        let recorder = WeightRecorder(weights)
        _ = TextTransformer(folder.textEncoder, weights: Weights(recorder)["text_encoder"])
        encoder = TextTransformer(folder.textEncoder, weights: Weights(PackingWeights(weights, as: .float32))["text_encoder"])
        parameters = recorder.parameters.map { (String($0.0.dropFirst("text_encoder.".count)), $0.1) }
    }

    /// Captions as generators read them, by their ids.
    public func condition(_ ids: [Int32]) -> TextCondition {
        // They do not depend on how the generator's products are computed.
        Precision.$current.withValue(.float32) { encoder.condition(ids, padding: textTokenizer.padPiece) }
    }

    /// What tells it from others.
    var fingerprint: String {
        var fingerprint = Fingerprint()
        fingerprint.add(Dictionary(parameters) { first, _ in first })
        fingerprint.add(textTokenizer.vocabulary.modelBytes)
        return fingerprint.text
    }
}
