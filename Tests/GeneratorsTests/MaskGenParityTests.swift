import Generators
import Tensors
import TestSupport
import Testing

/// The text-to-image generators against the official implementation's outputs.
@Suite struct MaskGenParityTests {
    @Test(
        "MaskGen VQ agrees with the official one",
        .enabled(if: Goldens.areAvailable, Comment(rawValue: Goldens.absence)), arguments: generatorCases("MaskGen_VQ"))
    func integerTokens(_ name: String) throws {
        let golden = try GoldenCase("titok", name)
        let inputs = try GoldenInputs(golden)
        let configuration = try golden.decode("config", as: MaskGenVQConfiguration.self)
        #expect(configuration.problem == nil)
        let generator = try built(golden, ignoring: MaskGenVQ.ignores) { MaskGenVQ(configuration, weights: $0) }
        let (text, empty) = try texts(inputs)
        let ids = try golden.integers("forward/ids").map { Int32($0) }
        let scores = try golden.tensor("forward/aesthetic_score").values
        let condition = generator.condition(text, aestheticScores: scores)
        let vector = generator.vector(text, aestheticScores: scores)
        let block = generator.blocks[0](generator.embed(ids), text: condition.text, activated: condition.activated)
        let states = generator.states(ids, condition)
        let report = GoldenReport(name)
        for (output, value) in [
            ("forward/pooled_with_micro", vector.reshaped([vector.shape[0], 1, vector.shape[1]])),
            ("forward/block_0_context", block.text), ("forward/block_0_x", block.x), ("forward/norm_out", states),
            ("forward/logits", generator.logits(states)),
        ] {
            report.compare(output, value, try golden.golden(output), tolerance: 1e-4)
        }
        for run in try golden.decode("runs", as: [Run<MaskGenVQSampling>].self) {
            var noise = inputs.noise(of: run.name)
            var trace = TokenTrace(start: configuration.maskID, count: ids.count)
            let tokens = try generator.generate(text, unconditional: empty, sampling: run.settings, noise: &noise) {
                trace.note($0.tokens)
            }
            #expect(noise.problems.isEmpty && noise.left.isEmpty, "\(run.name): \(noise.problems), left \(noise.left)")
            #expect(tokens.flatMap { $0.map { Int($0) } } == trace.end)
            try report.compare("\(run.name)/ids_before_step", trace.before, golden)
            try report.compare("\(run.name)/ids", trace.end, golden)
        }
        report.conclude(golden, given: ["forward/ids", "forward/aesthetic_score"])
    }

    @Test(
        "MaskGen KL agrees with the official one",
        .enabled(if: Goldens.areAvailable, Comment(rawValue: Goldens.absence)), arguments: generatorCases("MaskGen_KL"))
    func continuousTokens(_ name: String) throws {
        let golden = try GoldenCase("titok", name)
        let inputs = try GoldenInputs(golden)
        let configuration = try golden.decode("config", as: MaskGenKLConfiguration.self)
        #expect(configuration.problem == nil)
        let generator = try built(golden) { MaskGenKL(configuration, weights: $0) }
        let report = GoldenReport(name)
        try compareForward(generator, golden, inputs, report)
        try compareSchedules(configuration, golden, report)
        let (text, empty) = try texts(inputs)
        let places = try golden.integers("orders")
        let orders = (0..<text.count).map {
            Array(places[$0 * configuration.tokens..<($0 + 1) * configuration.tokens])
        }
        for run in try golden.decode("runs", as: [Run<MaskGenKLSampling>].self) {
            var noise = inputs.noise(of: run.name)
            let tokens = try generator.generate(
                text, unconditional: empty, sampling: run.settings, orders: orders, noise: &noise)
            #expect(noise.problems.isEmpty && noise.left.isEmpty, "\(run.name): \(noise.problems), left \(noise.left)")
            let planar = tokens.permuted(0, 2, 1).reshaped([text.count, configuration.channels, 1, configuration.tokens])
            report.compare("\(run.name)/tokens", planar, try golden.golden("\(run.name)/tokens"), tolerance: 2e-3)
        }
        report.conclude(golden, given: ["orders", "forward/mask", "forward/aesthetic_score", "forward/mlp_t"])
    }

    private func compareForward(
        _ generator: MaskGenKL, _ golden: GoldenCase, _ inputs: GoldenInputs, _ report: GoldenReport
    ) throws {
        let (text, _) = try texts(inputs)
        let scores = try golden.tensor("forward/aesthetic_score").values
        let latents = try inputs.tensor("latents")
        let mask = try golden.integers("forward/mask").map { $0 != 0 }
        let condition = generator.condition(text, aestheticScores: scores)
        let embedded = generator.embed(latents, mask: mask)
        let block = generator.blocks[0](embedded, text: condition.text, activated: condition.activated)
        let z = generator.vectors(latents, mask: mask, condition)
        let rows = latents.reshaped([mask.count, latents.shape[2]])
        let flat = z.reshaped([mask.count, z.shape[2]])
        let timesteps = try golden.integers("forward/mlp_t")
        let noise = try inputs.tensor("train_noise")
        let vector = condition.vector
        for (output, value) in [
            (
                "forward/micro",
                MicroCondition.interleaved(scores, width: generator.configuration.transformer.microWidth)
            ),
            ("forward/text_emb", condition.text),
            ("forward/text_pooled_emb", vector.reshaped([vector.shape[0], 1, vector.shape[1]])),
            ("forward/block_0_context", block.text), ("forward/block_0_x", block.x), ("forward/z", z),
            ("forward/mlp_out", generator.head(rows, timesteps: timesteps, z: flat)),
        ] {
            report.compare(output, value, try golden.golden(output), tolerance: 1e-4)
        }
        let terms = generator.head.lossTerms(rows, z: flat, timesteps: timesteps, noise: noise)
        try report.compareRelative("train/mse", terms.squaredError, golden, tolerance: 1e-3)
        try report.compareRelative("train/vb", terms.variationalBound, golden, tolerance: 1e-3)
        try report.compareRelative("train/loss", terms.total, golden, tolerance: 1e-3)
    }

    /// The case's own schedule, and every other one that is stored, `schedule_<steps>`.
    private func compareSchedules(
        _ configuration: MaskGenKLConfiguration, _ golden: GoldenCase, _ report: GoldenReport
    ) throws {
        let own = try #require(DiffusionSchedule(keeping: configuration.samplingSteps))
        try report.compare("gen_timestep_map", own.timesteps, golden)
        try report.compareRelative("gen_betas", own.betas.map { Float($0) }, golden, tolerance: 1e-5)
        for table in golden.outputs where table.hasPrefix("schedule_") {
            let parts = table.dropFirst("schedule_".count).split(separator: "/")
            let schedule = try #require(DiffusionSchedule(keeping: String(parts[0])))
            let values: [Double]
            switch parts[1] {
            case "timestep_map":
                try report.compare(table, schedule.timesteps, golden)
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
            try report.compareRelative(table, values.map { Float($0) }, golden, tolerance: 1e-5)
        }
    }

    private func texts(_ inputs: GoldenInputs) throws -> (caption: TextCondition, empty: TextCondition) {
        (
            TextCondition(hidden: try inputs.tensor("condition"), pooled: try inputs.tensor("condition_pooled")),
            TextCondition(hidden: try inputs.tensor("null_condition"), pooled: try inputs.tensor("null_condition_pooled"))
        )
    }
}
