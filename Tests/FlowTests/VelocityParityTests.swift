import Flow
import Layers
import Tensors
import TestSupport
import Testing

/// The velocity network against the official implementation's outputs.
@Suite struct VelocityParityTests {
    @Test(
        "The velocity network agrees with the official one",
        .enabled(if: Goldens.areAvailable, Comment(rawValue: Goldens.absence)),
        arguments: Goldens.cases(of: "flowtok", prefix: "flowtok_", full: false))
    func agrees(_ name: String) throws {
        try compare(name, tolerance: 2e-5)
    }

    @Test(
        "The velocity network of FlowTok-S agrees with the official one",
        .enabled(if: Goldens.fullAreAvailable, Comment(rawValue: Goldens.fullAbsence)),
        arguments: Goldens.cases(of: "flowtok", prefix: "flowtok_", full: true))
    func fullAgrees(_ name: String) throws {
        try compare(name, tolerance: 5e-5)
    }

    private func compare(_ name: String, tolerance: Float) throws {
        let golden = try GoldenCase("flowtok", name)
        let weights = golden.weights
        let network = try velocityNetwork(golden, weights)
        #expect(weights.problems.isEmpty, "\(weights.problems)")
        // What the network does not own: the text side, a training temperature and the table that it computes.
        let others = weights.unused().filter {
            !$0.hasPrefix("context_") && $0 != "t2t_temperature" && $0 != "pos_embed"
        }
        #expect(others.isEmpty, "never read: \(others)")

        let shape = network.configuration
        let times = try golden.tensor("input_t").values
        let indicators = try golden.integers("input_null").map { Int32($0) }
        let x = try golden.noise("x", shape: [times.count, shape.tokens, shape.channels])
        let embedded = network.embed(x)
        let activated = network.condition(times: times, indicators: indicators).applying(.silu)
        var results: [String: Tensor] = [
            "pos_embed": network.positions.reshaped([1, shape.tokens, shape.width]),
            "t_sinusoid": PositionTables.timeEmbedding(times),
            "x_embedder_out": network.input(x),
            "t_embedder_out": network.time(times),
            "y_embedder_out": network.indicators(indicators),
            "block_0_attn_out": network.blocks[0].attended(embedded, modulation: activated),
            "block_0_out": network.blocks[0](embedded, modulation: activated),
            "velocity": network(x, times: times, indicators: indicators),
        ]
        if golden.contains("probe_in") {
            let probe = try golden.tensor("probe_in")
            let (rows, width) = (probe.shape[0], probe.shape[1])
            let nothing = Tensor.zeros([1, width])
            results["probe_dit_norm_out"] = probe.reshaped([1, rows, width])
                .modulated(shift: nothing, scale: nothing, epsilon: VelocityNetwork.epsilon).reshaped([rows, width])
        }
        let report = GoldenReport(name)
        for output in golden.outputs {
            guard let actual = results[output] else { continue }
            report.compare(output, actual, try golden.golden(output), tolerance: tolerance)
        }
        report.print()
        #expect(report.compared.isSuperset(of: ["block_0_out", "velocity"]))
        #expect(report.failures.isEmpty, "\(report.failures.joined(separator: "\n"))")
    }
}

/// The network of a case of the `flowtok` goldens.
func velocityNetwork(_ golden: GoldenCase, _ weights: SyntheticWeights) throws -> VelocityNetwork {
    let shape = try golden.decode("config", as: FlowTokCaseShape.self)
    let configuration = VelocityConfiguration(
        depth: shape.depth, width: shape.width, heads: shape.heads, tokens: shape.num_latent_tokens,
        channels: shape.channels)
    #expect(configuration.problem == nil)
    return VelocityNetwork(configuration, weights: Weights(weights))
}
