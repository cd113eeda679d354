import Checkpoints
import FlowTok
import Foundation
import Layers
import Tensors
import Vocabularies

/// What a flow run starts from: the averaged parameters of an earlier run, or a finished model.
struct FlowStart {
    let parameters: [String: Tensor]
    /// The statistics of latents that the flow is used to; nil where the run measures its own.
    let latents: LatentStatistics?

    /// Reads the folder of a run or of a model.
    ///
    /// - Throws: `TrainingError`, `FlowTokError`, `CheckpointError` and `VocabularyError` for what is missing or cannot be used.
    init(folder: String, over tokenizer: TokenizerFolder) throws {
        guard ModelFolder.isOne(folder) else {
            parameters = try RunCheckpoint.averages(from: folder + "/" + RunCheckpoint.fileName)
            latents = nil
            return
        }
        let (configuration, weights) = try ModelFolder.parameters(in: folder)
        let vocabulary = try SentencePieceVocabulary(path: folder + "/" + ModelFolder.vocabularyFile)
        guard vocabulary.modelBytes == tokenizer.vocabulary.modelBytes else {
            throw FlowTokError.unusableModel(
                file: folder + "/" + ModelFolder.vocabularyFile, reason: "it is another vocabulary than the tokenizer's")
        }
        parameters = weights.filter { !TokenizerFolder.isImageTokenizer($0.key) }
        // A decoder that has gone on learning leaves latents as they were; another encoder makes other ones.
        let encoder = weights.filter { TokenizerFolder.isImageTokenizer($0.key) && !TokenizerTask.isDecoder($0.key) }
        let isSame = encoder.allSatisfy { name, tensor in tokenizer.weights[name]?.values == tensor.values }
        latents = isSame ? configuration.latents : nil
    }
}
