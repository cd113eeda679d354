import ImageTokenizers
import Layers
import Tensors
import TestSupport
import Testing

/// FlowTiTok against the official implementation's outputs.
@Suite struct FlowTiTokParityTests {
    @Test(
        "FlowTiTok agrees with the official one",
        .enabled(if: Goldens.areAvailable, Comment(rawValue: Goldens.absence)),
        arguments: Goldens.cases(of: "flowtok", prefix: "flowtitok_", full: false))
    func agrees(_ name: String) throws {
        try compare(name, tolerance: 2e-5, klTolerance: 5e-5)
    }

    @Test(
        "The released FlowTiTok's shape agrees with the official one",
        .enabled(if: Goldens.fullAreAvailable, Comment(rawValue: Goldens.fullAbsence)),
        arguments: Goldens.cases(of: "flowtok", prefix: "flowtitok_", full: true))
    func fullAgrees(_ name: String) throws {
        try compare(name, tolerance: 5e-5, klTolerance: 5e-5)
    }

    private func compare(_ name: String, tolerance: Float, klTolerance: Float) throws {
        let golden = try GoldenCase("flowtok", name)
        let configuration = try golden.decode("config", as: FlowTiTokConfiguration.self)
        #expect(configuration.problem == nil)
        let weights = golden.weights
        let model = FlowTiTok(configuration, weights: Weights(weights))
        #expect(weights.problems.isEmpty, "\(weights.problems)")
        let unused = weights.unused().filter { !$0.contains("positional_embedding.freqs_") }
        #expect(unused.isEmpty, "never read: \(unused)")

        let results = try outputs(of: model, golden)
        let report = GoldenReport(name)
        for output in golden.outputs where !output.hasPrefix("input_") && !output.hasSuffix("_in") {
            let actual = try #require(results[output], "nothing computes \(output)")
            report.compare(
                output, try actual(), try golden.golden(output), tolerance: output == "kl" ? klTolerance : tolerance)
        }
        report.print()
        #expect(report.failures.isEmpty, "\(report.failures.joined(separator: "\n"))")
    }

    /// Everything that a case may store, by name, in the official layout; computed when asked for.
    private func outputs(of model: FlowTiTok, _ golden: GoldenCase) throws -> [String: () throws -> Tensor] {
        let shape = model.configuration
        let (encoder, decoder) = (model.encoder, model.decoder)
        let batch = try golden.contains("input_image") ? golden.tensor("input_image").shape[0] : 1
        let images = try golden.image("image", shape: [batch, 3, shape.imageSize, shape.imageSize])
        let noise = try golden.noise("posterior_noise", shape: [batch, shape.tokenSize, 1, shape.latentTokens])
        let text = try golden.noise(
            "text_guidance", shape: [batch, shape.textContextLength, shape.textEmbeddingWidth])

        let patches = encoder.embed(images)
        let encoderInput = encoder.sequence(patches)
        var x = encoderInput
        for block in encoder.blocks { x = block(x, rotary: encoder.rotary) }
        let features = encoder.latentFeatures(x)
        let moments = encoder.moments(features)
        let posterior = model.encode(images)
        let latents = posterior.sample(noise: tokens(noise))

        let decoderInput = decoder.sequence(latents, text: text)
        var y = decoderInput
        for block in decoder.blocks { y = block(y, rotary: decoder.rotary) }
        let patchFeatures = decoder.patchFeatures(y)

        let grid = shape.grid
        return [
            "rope_out": { try rotated(golden.tensor("rope_in"), by: encoder.rotary) },
            "enc_patch_embed_conv": {
                patches.reshaped([batch, grid, grid, shape.encoder.width]).permuted(0, 3, 1, 2)
            },
            "enc_ln_pre_out": { encoderInput },
            "enc_block_0_attn_out": { encoder.blocks[0].attended(encoderInput, rotary: encoder.rotary) },
            "enc_block_0_out": { encoder.blocks[0](encoderInput, rotary: encoder.rotary) },
            "enc_ln_post_out": { features },
            "probe_ln_pre_out": { encoder.firstNorm(try golden.tensor("probe_in")) },
            "moments": { channelsFirst(moments) },
            "mean": { channelsFirst(posterior.mean) },
            "logvar": { channelsFirst(posterior.logvar) },
            "kl": { divergences(moments) },
            "z": { channelsFirst(latents) },
            "z_tokens": { latents },
            "dec_embed_out": { decoder.latentEmbedding(latents) },
            "dec_text_proj_out": { decoder.textProjection(text) },
            "dec_ln_pre_out": { decoderInput },
            "dec_block_0_out": { decoder.blocks[0](decoderInput, rotary: decoder.rotary) },
            "dec_ln_post_out": { patchFeatures },
            "dec_pixels_before_conv": { decoder.planes(patchFeatures) },
            "image": { model.decode(latents, guidedBy: text) },
            "image_zero_text": { model.decode(latents, guidedBy: .zeros(text.shape)) },
        ]
    }

    /// [batch, tokens, channels] in the official layout [batch, channels, 1, tokens].
    private func channelsFirst(_ x: Tensor) -> Tensor {
        x.permuted(0, 2, 1).reshaped([x.shape[0], x.shape[2], 1, x.shape[1]])
    }

    /// The way back.
    private func tokens(_ x: Tensor) -> Tensor {
        x.reshaped([x.shape[0], x.shape[1], x.shape[3]]).permuted(0, 2, 1)
    }

    /// The divergence of each token alone: [batch, tokens].
    private func divergences(_ moments: Tensor) -> Tensor {
        let (batch, count) = (moments.shape[0], moments.shape[1])
        let values = (0..<batch * count).map { index in
            let (b, k) = (index / count, index % count)
            let token = moments.sliced(axis: 0, b..<b + 1).sliced(axis: 1, k..<k + 1)
            return LatentPosterior(moments: token).klDivergence.item
        }
        return Tensor(values, shape: [batch, count])
    }

    /// Queries x [1, 1, positions, dimension] turned by the table; keys turn alike and values stay.
    private func rotated(_ x: Tensor, by table: RotaryTable) throws -> Tensor {
        let one = x.reshaped([1, x.shape[2], x.shape[3]])
        let dimension = x.shape[3]
        let packed = Tensor.concatenated([one, one, one], axis: 2).rotatingQueriesAndKeys(table, heads: 1)
        let parts = (0..<3).map { packed.sliced(axis: 2, $0 * dimension..<($0 + 1) * dimension) }
        #expect(parts[0].values == parts[1].values)
        #expect(parts[2].values == one.values)
        return parts[0].reshaped(x.shape)
    }
}
