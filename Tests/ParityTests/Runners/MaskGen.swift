import Networks
import Sampling
import Tensors
import TestSupport
import Testing

/// The captions of a case and the empty one.
private func texts(_ comparison: Comparison) throws -> (caption: TextCondition, empty: TextCondition) {
    (
        TextCondition(
            hidden: try comparison.requiredInput("condition"), pooled: try comparison.requiredInput("condition_pooled")),
        TextCondition(
            hidden: try comparison.requiredInput("null_condition"),
            pooled: try comparison.requiredInput("null_condition_pooled"))
    )
}

func compareMaskGenVQ(_ comparison: Comparison) throws {
    let golden = comparison.golden
    let configuration = try golden.decode("config", as: MaskGenVQConfiguration.self)
    #expect(configuration.invalidReason == nil)
    let generator = try comparison.generator(ignoring: MaskGenVQConfiguration.ignores) { MaskGenVQ(configuration, weights: $0) }
    let (text, empty) = try texts(comparison)
    let ids = try comparison.givenIntegers("forward/ids").map { Int32($0) }
    let scores = try comparison.given("forward/aesthetic_score").values
    let condition = generator.condition(text, aestheticScores: scores)
    let vector = generator.vector(text, aestheticScores: scores)
    let block = generator.blocks[0](generator.embed(ids), text: condition.text, activated: condition.activated)
    let states = generator.states(ids, condition)
    try comparison.compareRest([
        "forward/pooled_with_micro": { vector.reshaped([vector.shape[0], 1, vector.shape[1]]) },
        "forward/block_0_context": { block.text }, "forward/block_0_x": { block.x }, "forward/norm_out": { states },
        "forward/logits": { generator.logits(states) },
    ]) { _ in 1e-4 }
    for run in try golden.decode("runs", as: [GeneratorRun<MaskGenVQSampling>].self) {
        var noise = comparison.noise(of: run.name)
        var trace = TokenTrace(start: configuration.maskID, count: text.count * configuration.length)
        let tokens = try generator.generate(text, unconditional: empty, sampling: run.settings, noise: &noise) {
            trace.note($0.tokens)
        }
        comparison.expectDrawn(noise, in: run.name)
        #expect(tokens.flatMap { $0.map { Int($0) } } == trace.end)
        try comparison.compare(trace, of: run.name)
    }
}

func compareMaskGenKL(_ comparison: Comparison) throws {
    let golden = comparison.golden
    let configuration = try golden.decode("config", as: MaskGenKLConfiguration.self)
    #expect(configuration.invalidReason == nil)
    let generator = try comparison.generator { MaskGenKL(configuration, weights: $0) }
    let (text, empty) = try texts(comparison)
    try compareForward(comparison, generator, text)
    try compareSchedules(comparison, configuration)
    let orders = try comparison.givenIntegers("orders").rows(of: configuration.length)
    for run in try golden.decode("runs", as: [GeneratorRun<MaskGenKLSampling>].self) {
        var noise = comparison.noise(of: run.name)
        let tokens = try generator.generate(
            text, unconditional: empty, sampling: run.settings, orders: orders, noise: &noise)
        comparison.expectDrawn(noise, in: run.name)
        try comparison.compare("\(run.name)/tokens", channelsFirst(tokens), tolerance: 2e-3)
    }
}

private func compareForward(_ comparison: Comparison, _ generator: MaskGenKL, _ text: TextCondition) throws {
    let scores = try comparison.given("forward/aesthetic_score").values
    let latents = try comparison.requiredInput("latents")
    let mask = try comparison.givenIntegers("forward/mask").map { $0 != 0 }
    let condition = generator.condition(text, aestheticScores: scores)
    let embedded = generator.embed(latents, mask: mask)
    let block = generator.blocks[0](embedded, text: condition.text, activated: condition.activated)
    let z = generator.vectors(latents, mask: mask, condition)
    let rows = latents.reshaped([mask.count, latents.shape[2]])
    let flat = z.reshaped([mask.count, z.shape[2]])
    let timesteps = try comparison.givenIntegers("forward/mlp_t")
    let vector = condition.vector
    try comparison.compareRest([
        "forward/micro": {
            MicroCondition.interleaved(scores, width: generator.configuration.transformer.microWidth)
        },
        "forward/text_emb": { condition.text },
        "forward/text_pooled_emb": { vector.reshaped([vector.shape[0], 1, vector.shape[1]]) },
        "forward/block_0_context": { block.text }, "forward/block_0_x": { block.x }, "forward/z": { z },
        "forward/mlp_out": { generator.head(rows, timesteps: timesteps, z: flat) },
    ]) { _ in 1e-4 }
    guard comparison.golden.contains("train/loss") else { return }
    let noise = try comparison.requiredInput("train_noise")
    let terms = generator.head.lossTerms(rows, z: flat, timesteps: timesteps, noise: noise)
    try comparison.compareRelative("train/mse", terms.squaredError, tolerance: 1e-3)
    try comparison.compareRelative("train/vb", terms.variationalBound, tolerance: 1e-3)
    try comparison.compareRelative("train/loss", terms.total, tolerance: 1e-3)
}

/// The case's own schedule, and every other one that is stored, `schedule_<steps>`.
private func compareSchedules(_ comparison: Comparison, _ configuration: MaskGenKLConfiguration) throws {
    let own = try #require(DiffusionSchedule(keeping: configuration.samplingSteps))
    try comparison.compare("gen_timestep_map", own.timesteps)
    try comparison.compareRelative("gen_betas", own.betas.map { Float($0) }, tolerance: 1e-5)
    for table in comparison.golden.outputs where table.hasPrefix("schedule_") {
        let parts = table.dropFirst("schedule_".count).split(separator: "/")
        let schedule = try #require(DiffusionSchedule(keeping: String(parts[0])))
        let values: [Double]
        switch parts[1] {
        case "timestep_map":
            try comparison.compare(table, schedule.timesteps)
            continue
        case "betas": values = schedule.betas
        case "alphas_cumprod": values = schedule.cumulativeAlphas
        case "posterior_mean_coef1": values = schedule.posteriorStartFactors
        case "posterior_mean_coef2": values = schedule.posteriorStateFactors
        case "posterior_log_variance_clipped": values = schedule.posteriorLogVariances
        case "sqrt_recip_alphas_cumprod": values = schedule.inverseSignals
        case "sqrt_recipm1_alphas_cumprod": values = schedule.inverseNoises
        default: continue
        }
        try comparison.compareRelative(table, values.map { Float($0) }, tolerance: 1e-5)
    }
}
