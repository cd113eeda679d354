import Flow
import FlowTok
import ImageTokenizers
import Layers
import Tensors
import TestSupport
import Testing
import TextModels

/// Ids to pixels against the official implementation's outputs: text tower, text variational encoder, guided Euler
/// steps, tokenizer decoder.
@Suite struct EndToEndParityTests {
    @Test(
        "Ids to pixels agree with the official pipeline",
        .enabled(if: Goldens.areAvailable, Comment(rawValue: Goldens.absence)),
        arguments: Goldens.cases(of: "flowtok", prefix: "e2e_", full: false))
    func agrees(_ name: String) throws {
        try compare(name, tolerance: 3e-5)
    }

    @Test(
        "Ids to pixels of FlowTok-XL agree with the official pipeline",
        .enabled(if: Goldens.fullAreAvailable, Comment(rawValue: Goldens.fullAbsence)),
        arguments: Goldens.cases(of: "flowtok", prefix: "e2e_", full: true))
    func fullAgrees(_ name: String) throws {
        try compare(name, tolerance: 1e-4)
    }

    private struct Run: Decodable {
        let steps: Int
        let guidance_scale: Float
        let solver: Solver
    }

    private func compare(_ name: String, tolerance: Float) throws {
        let golden = try GoldenCase("flowtok", name)
        let run = try golden.decode("run", as: Run.self)
        let synthetic = golden.weights
        let configuration = try configuration(golden)
        #expect(configuration.problem == nil)
        let model = FlowTokModel(configuration, weights: Weights(OfficialNames(synthetic)))
        #expect(synthetic.problems.isEmpty, "\(synthetic.problems)")

        let ids = try golden.integers("input_ids").map { Int32($0) }
        let noise = try golden.tensor("input_text_noise")
        let (start, hidden) = model.textTokens(ids, noise: noise)
        let posterior = model.textVariationalEncoder(hidden)
        let guidance = Guidance(scale: run.guidance_scale)
        let end = try model.imageTokens(
            from: start, integrator: FlowIntegrator(run.solver, steps: run.steps), guidance: guidance)
        let image = model.pixels(end, guidedBy: hidden)
        let results = [
            "clip_hidden": hidden, "text_mu": posterior.mean, "text_logvar": posterior.logvar, "x0": start,
            "velocity_step0": model.velocity.guided(start, time: 0, by: guidance), "z_final": end, "image": image,
        ]
        let report = GoldenReport(name)
        for output in golden.outputs where !output.hasPrefix("input_") {
            switch output {
            case "image_u8":
                // One step of 255 either way is allowed: rounding decides.
                let bytes = image.values.map { Float(Int(max(0, min(255, 255 * $0 + 0.5)))) }
                report.compare(output, bytes, try golden.integers(output).map { Float($0) }, tolerance: 1)
            case "image_clamped_fraction":
                let outside = image.values.count { $0 < 0 || $0 > 1 }
                report.compare(
                    output, [Float(outside) / Float(image.count)], try golden.tensor(output).values, tolerance: 1e-4)
            default:
                let actual = try #require(results[output], "nothing computes \(output)")
                report.compare(output, actual, try golden.golden(output), tolerance: tolerance)
            }
        }
        report.print()
        #expect(report.failures.isEmpty, "\(report.failures.joined(separator: "\n"))")
    }

    /// The official model as one of this package's: the latents' deviation is the inverse of the scale factor, and a
    /// small text decoder, which the official release lacks, stands in.
    private func configuration(_ golden: GoldenCase) throws -> ModelConfiguration {
        let tower = try golden.decode("config", "clip", as: ClipCaseShape.self)
        let flow = try golden.decode("config", "flowtok", as: FlowTokCaseShape.self)
        let tokenizer = try golden.decode("config", "flowtitok", as: FlowTiTokConfiguration.self)
        let scale = try golden.decode("config", "scale_factor", as: Float.self)
        let text = TextTransformerConfiguration(
            vocabularySize: tower.vocab_size, contextLength: tower.context_length, width: tower.width,
            layers: tower.layers, heads: tower.heads, activation: try #require(Activation(rawValue: tower.activation)))
        var decoder = text
        (decoder.width, decoder.layers, decoder.heads) = (4, 1, 1)
        return ModelConfiguration(
            name: golden.name, imageTokenizer: tokenizer, textEncoder: text,
            textVariationalEncoder: TextVariationalConfiguration(
                width: flow.clip_dim, layers: flow.text_encoder.layers, heads: flow.text_encoder.heads,
                hidden: flow.text_encoder.ff, channels: flow.channels),
            textDecoder: decoder,
            velocity: VelocityConfiguration(
                depth: flow.depth, width: flow.width, heads: flow.heads, tokens: flow.num_latent_tokens,
                channels: flow.channels),
            latents: LatentStatistics(
                mean: .init(repeating: 0, count: flow.channels),
                deviation: .init(repeating: 1 / scale, count: flow.channels)))
    }
}

/// A case's weights under this package's names for the three models; the text decoder's are zeros.
private final class OfficialNames: WeightSource {
    private let source: SyntheticWeights
    private static let prefixes = [("text_encoder.", "clip."), ("flow.", "flowtok."), ("image_tokenizer.", "flowtitok.")]

    init(_ source: SyntheticWeights) {
        self.source = source
    }

    private func official(_ name: String) -> String? {
        Self.prefixes.first { name.hasPrefix($0.0) }.map { $0.1 + name.dropFirst($0.0.count) }
    }

    func contains(_ name: String) -> Bool { official(name).map(source.contains) ?? false }

    func tensor(named name: String, shape: [Int], initial: Initializer) -> Tensor {
        official(name).map { source.tensor(named: $0, shape: shape, initial: initial) } ?? .zeros(shape)
    }
}
