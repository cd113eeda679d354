import Checkpoints
import Files
import Layers
import Networks
import TextTokenizers

extension ModelFolder {
    /// Writes a model that has learned nothing: every parameter as a trainer would start it, from a seed. For trying out a
    /// configuration, its speed and the programs around it.
    ///
    /// - Throws: `FlowTokError.unusableModel` where the configuration fits no model or not the vocabulary;
    ///   `CheckpointError` where the folder cannot be written.
    public static func writeFresh(
        _ configuration: FlowTokConfiguration, seed: UInt64, as type: ElementType = .f32,
        vocabulary: SentencePieceVocabulary, to path: String
    ) throws {
        let file = path + "/" + configurationFile
        try configuration.validate { FlowTokError.unusableModel(file: file, reason: $0) }
        guard vocabulary.count == configuration.textEncoder.vocabularySize else {
            throw FlowTokError.unusableModel(
                file: file,
                reason: "text_encoder.vocab_size is \(configuration.textEncoder.vocabularySize), but the vocabulary has \(vocabulary.count) pieces")
        }
        let recorder = WeightRecorder(FreshWeights(seed: seed))
        _ = FlowTokModel(configuration, weights: Weights(recorder))
        try write(configuration, weights: recorder.parameters, as: type, vocabulary: vocabulary, to: path)
    }
}
