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
    #expect(shape.problem == nil)
    let checkpoint = try comparison.checkpoint(as: .safetensors)
    let store = ParameterStore(from: CheckpointWeights(checkpoint))
    let model = TiTok(shape, weights: Weights(store))
    #expect(Set(store.entries.map(\.name)) == Set(checkpoint.names))
    let images = try comparison.requiredInput("image")

    let loss = try losses(comparison, model, images)
    let slopes = gradients(of: loss, withRespectTo: store.leaves)
    let norms = slopes.map(\.norm)
    let norm = norms.reduce(0) { $0 + $1 * $1 }.squareRoot()
    try comparison.compareRelative("global_grad_norm", [Float(norm)], tolerance: 1e-3)
    for (entry, (slope, size)) in zip(store.entries, zip(slopes, norms)) {
        // The smallest gradients are rounding: the error counts against the parameter's norm, or a share of the whole.
        let floor = Float(max(size, 1e-5 * norm))
        let expected = try golden.tensor("grad_norm/" + entry.name).values[0]
        comparison.compare("grad_norm/" + entry.name, worst: abs(Float(size) - expected) / floor, tolerance: 1e-3)
        let head = try golden.tensor("grad_head/" + entry.name).values
        let worst = zip(slope.values, head).map { abs($0 - $1) }.max() ?? .infinity
        comparison.compare("grad_head/" + entry.name, worst: worst / floor, tolerance: 1e-3)
    }
    try compareUpdate(comparison, checkpoint, store, slopes, norm: norm)
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

/// Clipping to norm 1 and one update by AdamW, with weight decay and, for the parameters that the manifest lists, without.
private func compareUpdate(
    _ comparison: Comparison, _ checkpoint: Checkpoint, _ store: ParameterStore, _ slopes: [Tensor], norm: Double
) throws {
    let golden = comparison.golden
    let spared = Set(try golden.decode("no_weight_decay", as: [String].self))
    let scale = Float(min(1, 1 / norm))
    let rate: Float = 1e-4
    for decay in [Float(1e-4), 0] {
        // Each group is taken from an update of all of them.
        let copy = ParameterStore(from: CheckpointWeights(checkpoint))
        for entry in store.entries { _ = copy.tensor(named: entry.name, shape: entry.shape, initial: .zeros) }
        AdamW(copy, settings: AdamWSettings(beta1: 0.9, beta2: 0.999, weightDecay: decay, clip: 1))
            .update(slopes, rate: rate)
        for (index, entry) in copy.entries.enumerated() where spared.contains(entry.name) == (decay == 0) {
            let output = "delta_head/" + entry.name
            let expected = try golden.tensor(output).values
            let (after, before, slope) = (
                entry.leaf.values, try checkpoint.tensor(entry.name).values, slopes[index].values
            )
            // The first update is the gradient's sign nearly: where the gradient is rounding, nothing can be told.
            let worst =
                expected.indices.filter { abs(slope[$0]) * scale > 1e-6 }
                .map { abs(after[$0] - before[$0] - expected[$0]) }.max() ?? 0
            // Changes are differences of numbers of order 1, of which float32 keeps seven digits.
            comparison.compare(output, worst: worst / rate, tolerance: 5e-3)
        }
    }
}
