import FlowTok
import Layers
import ModelFolders
import Networks
import Tensors

/// The text side of a finished model: where its captions lie among the latents of images.
public struct TextSide: Sendable {
    /// Of the latents, K and D.
    public let shape: [Int]
    /// By name, for a run's fingerprint.
    let parameters: [String: Tensor]
    private let model: FlowTokModel

    /// Reads a model folder that `flowtok train flow` made.
    ///
    /// - Throws: `FlowTokError` and `CheckpointError` for what is no such folder.
    public init(folder: String) throws {
        let (configuration, weights) = try ModelFolder.parameters(in: folder)
        model = FlowTokModel(configuration, weights: Weights(NamedTensors(weights)))
        shape = model.latentShape
        parameters = weights.filter { $0.key.hasPrefix("text_encoder.") || $0.key.hasPrefix("flow.context_encoder.") }
    }

    /// The latents [captions, K, D] of an image tokenizer where captions, as pieces, lie: the mean of their text posterior.
    func latents(of captions: [Int32]) -> Tensor {
        model.denormalized(model.textVariationalEncoder(model.textEncoder(captions)).mean)
    }
}
