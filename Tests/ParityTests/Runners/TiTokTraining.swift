import Checkpoints
import Layers
import Networks
import Tensors
import TestSupport
import Testing
import Training

/// One step of a TiTok's training: the losses, the gradient of every parameter, and what AdamW makes of it (reference
/// sections 11 and 16).
func compareTiTokTraining(_ comparison: Comparison) throws {
    let golden = comparison.golden
    let shape = try golden.decode("config", as: TiTokConfiguration.self)
    #expect(shape.invalidReason == nil)
    let checkpoint = try comparison.checkpoint(as: .safetensors)
    let store = ParameterStore(from: CheckpointWeights(checkpoint))
    let model = TiTok(shape, weights: Weights(store))
    #expect(Set(store.entries.map(\.name)) == Set(checkpoint.names))
    let images = try comparison.requiredInput("image")

    let loss = try losses(comparison, model, images)
    let slopes = gradients(of: loss, withRespectTo: store.leaves)
    try comparison.compareGradients(store, slopes, global: "global_grad_norm")
    try comparison.compareUpdate(
        checkpoint, store, slopes, rate: 1e-4, settings: AdamWSettings(beta1: 0.9, beta2: 0.999, weightDecay: 1e-4, clip: 1))
}

/// The loss of the case's batch, its parts compared.
private func losses(_ comparison: Comparison, _ model: TiTok, _ images: Tensor) throws -> Tensor {
    let batch = images.shape[0]
    func note(_ name: String, _ value: Tensor) throws {
        if comparison.golden.contains(name) { try comparison.compareRelative(name, [value.item], tolerance: 1e-3) }
    }
    let total: Tensor
    guard let quantizer = model.quantizer else {
        let noise = tokensFirst(try comparison.requiredInput("noise"))
        let posterior = model.posterior(images)
        let error = (try model.decode(posterior.sample(noise: noise)) - images).meanSquare()
        let divergence = posterior.klDivergence * (1 / Float(batch))
        total = error + divergence * 1e-3
        try note("mse", error)
        try note("kl", divergence)
        try note("loss", total)
        return total
    }
    let quantized = quantizer(model.features(images))
    if comparison.golden.contains("indices") {
        try comparison.compare("indices", quantized.indices.map { Int($0) })
    }
    if model.configuration.isLegacy {
        // The first stage learns the codes of a teacher, for which random ones stand here.
        let codes = model.configuration.pixels.codebookSize
        let targets = try comparison.requiredInput("codes_uniform").values.map { Int($0 * Float(codes)) }
        try comparison.compare("proxy_codes", targets)
        let logits = model.codeLogits(quantized.values)
        let grid = model.configuration.decoderGrid
        try comparison.compare(
            "logits", logits.detached.permuted(0, 2, 1).reshaped([batch, codes, grid, grid]), tolerance: 5e-5)
        let error = logits.reshaped([batch * grid * grid, codes]).crossEntropy(targets.map { Int32($0) })
        total = error + quantized.loss
        try note("reconstruction_loss", error)
        try note("total_loss", total)
    } else {
        let error = (try model.decode(quantized.values) - images).meanSquare()
        total = error + quantized.loss
        try note("mse", error)
    }
    try note("quantizer_loss", quantized.loss)
    try note("commitment_loss", quantized.commitmentLoss)
    try note("codebook_loss", quantized.codebookLoss)
    try note("loss", total)
    return total
}
