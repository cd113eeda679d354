import Checkpoints
import Foundation
import Layers
import ModelFolders
import Networks
import Sampling
import Tensors
import TestSupport
import Testing

extension FlowTokCaseShape {
    var velocity: VelocityConfiguration {
        VelocityConfiguration(depth: depth, width: width, heads: heads, tokens: num_latent_tokens, channels: channels)
    }

    var text: TextVariationalConfiguration {
        TextVariationalConfiguration(
            width: clip_dim, layers: text_encoder.layers, heads: text_encoder.heads, hidden: text_encoder.ff,
            channels: channels)
    }

    /// The table that published files hold and nobody need read: `pos_embed`.
    var computed: [(String, Tensor)] {
        let table = PositionTables.sinusoidal(positions: num_latent_tokens, width: width)
        return [("pos_embed", table.reshaped([1, num_latent_tokens, width]))]
    }
}

/// What a FlowTok checkpoint holds for training alone, or computed.
func isUnusedOfFlowTok(_ name: String) -> Bool {
    name == "t2t_temperature" || name == "pos_embed" || name.hasPrefix("context_projector.")
}

func compareFlowTok(_ comparison: Comparison) throws {
    let golden = comparison.golden
    let shape = try golden.decode("config", as: FlowTokCaseShape.self)
    #expect(shape.velocity.invalidReason == nil && shape.text.invalidReason == nil)
    let checkpoint = try comparison.checkpoint(as: .torch, computed: shape.computed)
    #expect(checkpoint.family == .officialFlowTok)
    let source = CheckpointWeights(checkpoint)
    let weights = Weights(PackingWeights(source, as: .float32))
    let network = VelocityNetwork(shape.velocity, weights: weights)
    let encoder = TextVariationalEncoder(shape.text, weights: weights["context_encoder"])
    let projector = TextProjector(weights["context_projector"], width: shape.clip_dim, channels: shape.channels)
    try source.verify(ignoring: isUnusedOfFlowTok)

    let times = try comparison.given("input_t").values
    let indicators = try comparison.givenIntegers("input_null").map { Int32($0) }
    let (batch, tokens, channels) = (times.count, shape.num_latent_tokens, shape.channels)
    let hidden = try comparison.noise("clip_hidden", shape: [batch, tokens, shape.clip_dim])
    let noise = try comparison.noise("text_noise", shape: [batch, tokens, channels])
    let x = try comparison.noise("x", shape: [batch, tokens, channels])

    let posterior = encoder(hidden)
    let layer = encoder.layers[0]
    let embedded = network.embed(x)
    let activated = network.condition(times: times, indicators: indicators).applying(.silu)
    var results: [String: () throws -> Tensor] = [
        "text_layer_0_attn_out": { layer.attention(hidden) },
        "text_layer_0_norm1_out": { layer.attended(hidden) },
        "text_layer_0_out": { layer(hidden) },
        "text_mu": { posterior.mean },
        "text_logvar": { posterior.logvar },
        "x0": { posterior.sample(noise: noise) },
        "projector": { projector(hidden) },
        "pos_embed": { network.positions.reshaped([1, tokens, shape.width]) },
        "t_sinusoid": { PositionTables.timeEmbedding(times) },
        "x_embedder_out": { network.input(x) },
        "t_embedder_out": { network.time(times) },
        "y_embedder_out": { network.indicators(indicators) },
        "block_0_attn_out": { network.blocks[0].attended(embedded, modulation: activated) },
        "block_0_out": { network.blocks[0](embedded, modulation: activated) },
        "velocity": { network(x, times: times, indicators: indicators) },
    ]
    if golden.contains("probe_in") {
        let probe = try comparison.given("probe_in")
        let (rows, width) = (probe.shape[0], probe.shape[1])
        results["probe_dit_norm_out"] = {
            let nothing = Tensor.zeros([1, width])
            return probe.reshaped([1, rows, width])
                .modulated(shift: nothing, scale: nothing, epsilon: VelocityNetwork.epsilon).reshaped([rows, width])
        }
    }
    if golden.contains("probe_text_in") {
        let probe = try comparison.given("probe_text_in")
        results["probe_text_norm_out"] = { layer.firstNorm(probe) }
    }
    let tolerance: Float = comparison.isFull ? 5e-5 : 2e-5
    try comparison.compareRest(results) { _ in tolerance }
    try compareSamplers(comparison, network)
    if golden.has("train_param_order") { try compareFlowTokTraining(comparison, shape, checkpoint) }
}

/// Guided integration of the network against the official samplers.
private func compareSamplers(_ comparison: Comparison, _ network: VelocityNetwork) throws {
    let golden = comparison.golden
    for run in golden.outputs.compactMap({ SamplerRun($0) }) {
        var evaluations = 0
        let guidance = Guidance(scale: run.scale)
        let end = try FlowIntegrator(run.solver, steps: run.steps).integrate(golden.tensor("x0")) { x, t in
            evaluations += 1
            return network.guided(x, time: t, by: guidance)
        }
        try comparison.compare(run.output, end, tolerance: run.solver == .dopri5 ? 2e-4 : 2e-5)
        if run.solver == .dopri5 {
            if golden.contains("dopri5_nfe") { try comparison.compare("dopri5_nfe", [evaluations]) }
        } else {
            #expect(evaluations == run.steps)
        }
    }
}

/// What the name of a stored result says of the run: `euler_<steps>_<mode>_cfg<scale>` or `dopri5_cfg<scale>`. The
/// official step modes differ in name only (reference section 8).
private struct SamplerRun {
    let output: String
    let solver: Solver
    let steps: Int
    let scale: Float

    init?(_ output: String) {
        guard let at = output.range(of: "_cfg"), let scale = Float(output[at.upperBound...]) else { return nil }
        let words = output[..<at.lowerBound].split(separator: "_")
        guard let solver = words.first.flatMap({ Solver(rawValue: String($0)) }) else { return nil }
        self.output = output
        self.solver = solver
        self.scale = scale
        steps = words.count > 1 ? Int(words[1]) ?? 1 : 1
    }
}
