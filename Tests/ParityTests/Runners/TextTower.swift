import Checkpoints
import Layers
import ModelFolders
import Networks
import Tensors
import TestSupport
import Testing

extension ClipCaseShape {
    func configuration() throws -> TextTransformerConfiguration {
        let configuration = TextTransformerConfiguration(
            vocabularySize: vocab_size, contextLength: context_length, width: width, layers: layers, heads: heads,
            activation: try #require(Activation(rawValue: activation), "activation \(activation)"))
        #expect(configuration.invalidReason == nil)
        return configuration
    }
}

/// What a tower's checkpoint holds and its hidden states do without.
func isUnusedOfTextTower(_ name: String) -> Bool { name == "text_projection" || name == "logit_scale" }

func compareTextTower(_ comparison: Comparison) throws {
    let golden = comparison.golden
    let configuration = try golden.decode("config", as: ClipCaseShape.self).configuration()
    let checkpoint = try comparison.checkpoint(as: .torch)
    #expect(checkpoint.family == .clipText)
    let weights = CheckpointWeights(checkpoint)
    let model = TextTransformer(configuration, weights: Weights(PackingWeights(weights, as: .float32)))
    try weights.verify(ignoring: isUnusedOfTextTower)

    let ids = try comparison.givenIntegers("input_ids").map { Int32($0) }
    let embedded = model.embed(ids)
    try compareIDs(comparison)
    try comparison.compareRest(
        ["embed": { embedded }, "block_0_out": { model.blocks[0](embedded) }, "hidden": { model(ids) }]
    ) { _ in 2e-5 }
}
