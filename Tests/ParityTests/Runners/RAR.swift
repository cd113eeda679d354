import Checkpoints
import Foundation
import Layers
import Networks
import Sampling
import Tensors
import TestSupport
import Testing
import Training

/// How a run of a manifest chooses its tokens.
private struct RARRun: Decodable {
    let run: String
    let draw: String
    let guidance_scale: Double
    let guidance_scale_pow: Double
    let randomize_temperature: Double
}

/// RAR: forward in raster and other orders, one training step, and drawing (reference section 7).
func compareRAR(_ comparison: Comparison) throws {
    let golden = comparison.golden
    let configuration = try golden.decode("config", as: RARConfiguration.self)
    #expect(configuration.invalidReason == nil)
    let model = try comparison.generator(ignoring: RARConfiguration.ignores) { RAR(configuration, weights: $0) }
    let length = configuration.length
    let tolerance: Float = comparison.isFull ? 5e-5 : 1e-5

    let uniform = try comparison.requiredInput("tokens_uniform").values
    let ids = uniform.map { Int32(($0 * Float(configuration.codebookSize)).rounded(.down)) }
    try comparison.compare("forward/ids", ids.map { Int($0) })
    let labels = try golden.integers("forward/labels")
    try comparison.compare("forward/labels", try golden.decode("labels", as: [Int].self))
    let first = configuration.codebookSize + 1
    try comparison.compare("forward/condition_ids", labels.map { first + $0 })

    // Raster order.
    let pass = model.pass(ids, labels: labels)
    var results: [String: () throws -> Tensor] = [
        "forward/block_0_in": { pass.input }, "forward/block_0_out": { pass.blocks[0] },
        "forward/block_last_out": { pass.blocks[pass.blocks.count - 1] }, "forward/head_in": { pass.head },
        "forward/logits": { pass.logits },
        "forward/logits_uncond": { model.pass(ids, labels: labels.map { _ in configuration.noClass }).logits },
    ]
    if golden.contains("forward/argmax") {
        let margins = pass.logits.values.rows(of: configuration.codebookSize).map { row in
            let sorted = row.sorted(by: >)
            return sorted[0] - sorted[1]
        }
        try comparison.compare("forward/argmax", pass.logits.argmax().map { Int($0) }, margins: margins, tie: 1e-4)
    }
    try compareLoss(comparison, "forward", pass, ids)

    // Any order.
    let given = try comparison.givenIntegers("permuted/orders")
    let orders = stride(from: 0, to: given.count, by: length).map { Array(given[$0..<$0 + length]) }
    let others = try comparison.givenIntegers("permuted/condition_ids").map { $0 - first }
    let targets = orders.enumerated().flatMap { image, order in order.map { ids[image * length + $0] } }
    try comparison.compare("permuted/labels", targets.map { Int($0) })
    let permuted = model.pass(ids, labels: others, orders: orders)
    results["permuted/block_0_out"] = { permuted.blocks[0] }
    results["permuted/logits"] = { permuted.logits }
    try compareLoss(comparison, "permuted", permuted, targets)
    if golden.contains("permuted/grad_norm_global") {
        try compareTraining(comparison, configuration) { $0.pass(ids, labels: others, orders: orders).loss(targets) }
    }

    for run in try golden.decode("runs", as: [RARRun].self) {
        try compare(comparison, model, run, labels: labels)
    }
    try comparison.compareRest(results) { _ in tolerance }
}

extension RAR.Pass {
    /// The mean cross entropy of the tokens in their order.
    fileprivate func loss(_ targets: [Int32]) -> Tensor {
        let (batch, slots, codes) = (logits.shape[0], logits.shape[1], logits.shape[2])
        return logits.sliced(axis: 1, 0..<slots - 1).reshaped([batch * (slots - 1), codes]).crossEntropy(targets)
    }
}

private func compareLoss(_ comparison: Comparison, _ prefix: String, _ pass: RAR.Pass, _ targets: [Int32]) throws {
    let tolerance: Float = comparison.isFull ? 1e-5 : 3e-6
    try comparison.compare("\(prefix)/loss", pass.loss(targets), tolerance: tolerance)
    let length = pass.logits.shape[1] - 1
    let likeliest = pass.logits.sliced(axis: 1, 0..<length).argmax()
    let right = zip(likeliest, targets).count { $0 == $1 }
    try comparison.compare(
        "\(prefix)/correct_tokens", Tensor(Float(right) / Float(targets.count)), tolerance: 1e-6)
}

/// The gradients of a loss, and one update (reference sections 4 and 7).
private func compareTraining(
    _ comparison: Comparison, _ configuration: RARConfiguration, _ loss: (RAR) -> Tensor
) throws {
    let checkpoint = try comparison.checkpoint("training", as: .safetensors)
    let store = ParameterStore(from: CheckpointWeights(checkpoint))
    let model = RAR(configuration, weights: Weights(store))
    #expect(Set(store.entries.map(\.name)) == Set(checkpoint.names))
    let slopes = gradients(of: loss(model), withRespectTo: store.leaves)
    try comparison.compareGradients(store, slopes, prefix: "permuted/", global: "grad_norm_global")
    try comparison.compareUpdate(
        checkpoint, store, slopes, rate: 4e-4,
        settings: AdamWSettings(beta1: 0.9, beta2: 0.96, weightDecay: 0.03, clip: 1), prefix: "permuted/")
}

/// One run: guidance, logits at every step or at those that are stored, and the tokens.
private func compare(_ comparison: Comparison, _ model: RAR, _ run: RARRun, labels: [Int]) throws {
    let golden = comparison.golden
    let configuration = model.configuration
    let (batch, length, codes) = (labels.count, configuration.length, configuration.codebookSize)
    let sampling = RARSampling(
        temperature: run.randomize_temperature, guidance: run.guidance_scale, power: run.guidance_scale_pow)
    let scales = (0..<length).map { Float(sampling.scale($0, of: length) ?? 0) }
    if golden.contains("\(run.run)/guidance") {
        // Without guidance the official code still computes a scale, which it does not use.
        let stored = try golden.tensor("\(run.run)/guidance").values
        if run.guidance_scale == 0 {
            _ = try comparison.given("\(run.run)/guidance")
        } else {
            comparison.compare(
                "\(run.run)/guidance", worst: zip(scales, stored).map { abs($0 - $1) }.max() ?? .infinity, tolerance: 1e-5)
        }
    }
    let uniform = try comparison.input("\(run.run)/uniform")
    let steps = golden.has("stored_steps") ? try golden.decode("stored_steps", as: [Int].self) : Array(0..<length)
    var (softmaxInputs, conditional, unconditional): ([Tensor], [Tensor], [Tensor]) = ([], [], [])
    var top: [Float] = []

    // The tokens that the noise of the case gives, by the generator's own loop.
    func observe(_ index: Int, _ logits: Tensor) {
        guard steps.contains(index) else { return }
        conditional.append(logits.sliced(axis: 0, 0..<batch))
        if logits.shape[0] > batch { unconditional.append(logits.sliced(axis: 0, batch..<2 * batch)) }
    }
    func choose(_ logits: Tensor, _ index: Int) throws -> [Int32] {
        if steps.contains(index) { softmaxInputs.append(logits * Float(1 / run.randomize_temperature)) }
        top += logits.values.rows(of: codes).map { $0.max() ?? 0 }
        let row = uniform.map { $0.sliced(axis: 0, index..<index + 1) }
        switch run.draw {
        case "argmax": return logits.argmax()
        case "race":
            var noise = GivenNoise(try #require(row).reshaped([batch, codes]))
            return TokenSampling(temperature: run.randomize_temperature).draw(from: logits, noise: &noise)
        default:
            return inverted(
                TokenSampling(temperature: run.randomize_temperature).probabilities(of: logits), at: try #require(row).values)
        }
    }
    let tokens = try model.generate(classes: labels, sampling: sampling, observing: observe, choosing: choose)
    try comparison.compare("\(run.run)/ids", tokens.flatMap { $0.map { Int($0) } })
    let tolerances: (plain: Float, guided: Float) = comparison.isFull ? (5e-5, 5e-4) : (1e-5, 1e-4)
    func compare(_ name: String, _ parts: [Tensor], _ tolerance: Float) throws {
        guard golden.contains("\(run.run)/\(name)"), !parts.isEmpty else { return }
        try comparison.compare("\(run.run)/\(name)", .concatenated(parts.map { $0.reshaped([1] + $0.shape) }, axis: 0), tolerance: tolerance)
    }
    try compare("logits", softmaxInputs, tolerances.guided)
    try compare("logits_cond", conditional, tolerances.plain)
    try compare("logits_uncond", unconditional, tolerances.plain)
    if golden.contains("\(run.run)/top_logit") {
        let stored = try golden.tensor("\(run.run)/top_logit").values
        // Stored before or after the temperature, which is 1 in these cases.
        comparison.compare(
            "\(run.run)/top_logit",
            worst: zip(top, stored).map { abs($0 / Float(run.randomize_temperature) - $1) }.max() ?? .infinity,
            tolerance: tolerances.guided)
    }
    if golden.contains("\(run.run)/margin") { _ = try comparison.given("\(run.run)/margin") }
    if golden.contains("\(run.run)/logits_uncond"), unconditional.isEmpty { _ = try comparison.given("\(run.run)/logits_uncond") }
    try compareCache(comparison, model, run, labels: labels, tokens: tokens, guided: run.guidance_scale != 0)

    // With noise of a source, the whole call draws the same.
    guard run.draw == "race", let uniform else { return }
    var noise = SlicedNoise(uniform, batch: batch)
    let again = try model.generate(classes: labels, sampling: sampling, noise: &noise)
    #expect(again == tokens)
}

/// The keys and values of the first block at the end of a run.
private func compareCache(
    _ comparison: Comparison, _ model: RAR, _ run: RARRun, labels: [Int], tokens: [[Int32]], guided: Bool
) throws {
    guard comparison.golden.contains("\(run.run)/block_0_k_cache") else { return }
    let rows = guided ? tokens + tokens : tokens
    let reader = RAR.Reader(
        model, labels: guided ? labels + labels.map { _ in model.configuration.noClass } : labels)
    for index in 0..<model.configuration.length {
        _ = reader.logits(index, after: index == 0 ? [] : rows.map { $0[index - 1] })
    }
    let (keys, values) = reader.cache.contents(layer: 0)
    try comparison.compare("\(run.run)/block_0_k_cache", keys, tolerance: 1e-5)
    try comparison.compare("\(run.run)/block_0_v_cache", values, tolerance: 1e-5)
}

/// The number of entries of the cumulative sum that are not above u.
private func inverted(_ probabilities: Tensor, at uniform: [Float]) -> [Int32] {
    probabilities.values.rows(of: probabilities.shape[1]).enumerated().map { row, values in
        var sums: [Double] = []
        for value in values { sums.append((sums.last ?? 0) + Double(value)) }
        return Int32(sums.count { $0 / (sums.last ?? 1) <= Double(uniform[row]) })
    }
}

/// Uniform values that are given, one request of them.
private struct GivenNoise: NoiseSource {
    let values: Tensor

    init(_ values: Tensor) { self.values = values }

    mutating func uniform(_ shape: [Int]) -> Tensor { values.reshaped(shape) }
    mutating func normal(_ shape: [Int]) -> Tensor { .zeros(shape) }
    mutating func permutation(_ count: Int) -> [Int] { Array(0..<count) }
}

/// The noise of a run [steps, batch, codes], after the values that the official code draws first and does not use.
private struct SlicedNoise: NoiseSource {
    private let values: Tensor
    private let batch: Int
    private var step = -1

    init(_ values: Tensor, batch: Int) {
        self.values = values
        self.batch = batch
    }

    mutating func uniform(_ shape: [Int]) -> Tensor {
        defer { step += 1 }
        if step < 0 {
            #expect(shape == [batch])
            return .zeros(shape)
        }
        return values.sliced(axis: 0, step..<step + 1).reshaped(shape)
    }

    mutating func normal(_ shape: [Int]) -> Tensor { .zeros(shape) }
    mutating func permutation(_ count: Int) -> [Int] { Array(0..<count) }
}
