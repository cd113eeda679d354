import Layers
import Tensors
import TestSupport
import Testing
import TextModels

/// The text variational encoder and the projector against the official implementation's outputs.
@Suite struct TextVariationalEncoderParityTests {
    @Test(
        "The text variational encoder agrees with the official one",
        .enabled(if: Goldens.areAvailable, Comment(rawValue: Goldens.absence)),
        arguments: Goldens.cases(of: "flowtok", prefix: "flowtok_", full: false))
    func agrees(_ name: String) throws {
        try compare(name, tolerance: 2e-5)
    }

    @Test(
        "The text variational encoder of FlowTok-S agrees with the official one",
        .enabled(if: Goldens.fullAreAvailable, Comment(rawValue: Goldens.fullAbsence)),
        arguments: Goldens.cases(of: "flowtok", prefix: "flowtok_", full: true))
    func fullAgrees(_ name: String) throws {
        try compare(name, tolerance: 5e-5)
    }

    private func compare(_ name: String, tolerance: Float) throws {
        let golden = try GoldenCase("flowtok", name)
        let shape = try golden.decode("config", as: FlowTokCaseShape.self)
        let configuration = TextVariationalConfiguration(
            width: shape.clip_dim, layers: shape.text_encoder.layers, heads: shape.text_encoder.heads,
            hidden: shape.text_encoder.ff, channels: shape.channels)
        #expect(configuration.problem == nil)
        let weights = golden.weights
        let encoder = TextVariationalEncoder(configuration, weights: Weights(weights)["context_encoder"])
        let projector = TextProjector(
            Weights(weights)["context_projector"], width: shape.clip_dim, channels: shape.channels)
        #expect(weights.problems.isEmpty, "\(weights.problems)")
        #expect(weights.unused(under: "context_").isEmpty, "never read: \(weights.unused(under: "context_"))")

        let batch = try golden.integers("input_null").count
        let hidden = try golden.noise("clip_hidden", shape: [batch, shape.num_latent_tokens, shape.clip_dim])
        let noise = try golden.noise("text_noise", shape: [batch, shape.num_latent_tokens, shape.channels])
        let posterior = encoder(hidden)
        let layer = encoder.layers[0]
        var results: [String: Tensor] = [
            "text_layer_0_attn_out": layer.attention(hidden),
            "text_layer_0_norm1_out": layer.attended(hidden),
            "text_layer_0_out": layer(hidden),
            "text_mu": posterior.mean,
            "text_logvar": posterior.logvar,
            "x0": posterior.sample(noise: noise),
            "projector": projector(hidden),
        ]
        if golden.contains("probe_text_in") {
            results["probe_text_norm_out"] = layer.firstNorm(try golden.tensor("probe_text_in"))
        }
        // The velocity network and training are compared elsewhere.
        let report = GoldenReport(name)
        for output in golden.outputs {
            guard let actual = results[output] else { continue }
            report.compare(output, actual, try golden.golden(output), tolerance: tolerance)
        }
        report.print()
        #expect(report.compared.isSuperset(of: ["text_mu", "text_logvar", "x0", "projector"]))
        #expect(report.failures.isEmpty, "\(report.failures.joined(separator: "\n"))")
    }
}
