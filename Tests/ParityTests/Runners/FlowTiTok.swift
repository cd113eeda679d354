import Checkpoints
import Layers
import ModelFolders
import Networks
import Tensors
import TestSupport
import Testing

extension FlowTiTokConfiguration {
    /// The tables that published files hold and nobody need read: angles of the patches as cosines and sines.
    var computed: [(String, Tensor)] {
        [("encoder", encoder), ("decoder", decoder)].flatMap { part, shape in
            let table = PositionTables.rotary2D(side: grid, headDimension: shape.width / shape.heads)
            return [
                ("\(part).positional_embedding.freqs_cos", table.cosines),
                ("\(part).positional_embedding.freqs_sin", table.sines),
            ]
        }
    }
}

/// The FlowTiTok of a checkpoint.
func flowTiTok(_ configuration: FlowTiTokConfiguration, _ checkpoint: Checkpoint) throws -> FlowTiTok {
    #expect(checkpoint.family == .flowTiTok)
    return try #require(try configuration.load(checkpoint) as? FlowTiTok)
}

func compareFlowTiTok(_ comparison: Comparison) throws {
    let golden = comparison.golden
    let shape = try golden.decode("config", as: FlowTiTokConfiguration.self)
    let model = try flowTiTok(shape, comparison.checkpoint(as: .torch, computed: shape.computed))
    let (encoder, decoder) = (model.encoder, model.decoder)
    let batch = try golden.outputs.contains("moments") ? golden.golden("moments").shape[0] : 1
    let images = try comparison.image("image", shape: [batch, 3, shape.imageSize, shape.imageSize])
    let noise = try comparison.noise("posterior_noise", shape: [batch, shape.tokenSize, 1, shape.latentTokens])
    let text = try comparison.noise(
        "text_guidance", shape: [batch, shape.textContextLength, shape.textEmbeddingWidth])

    let patches = encoder.embed(images)
    let encoderInput = encoder.sequence(patches)
    var x = encoderInput
    for block in encoder.blocks { x = block(x, rotary: encoder.rotary) }
    let features = encoder.latentFeatures(x)
    let moments = encoder.moments(features)
    let posterior = model.encode(images)
    let latents = posterior.sample(noise: tokensFirst(noise))

    let decoderInput = decoder.sequence(latents, text: text)
    var y = decoderInput
    for block in decoder.blocks { y = block(y, rotary: decoder.rotary) }
    let patchFeatures = decoder.patchFeatures(y)

    let grid = shape.grid
    var results: [String: () throws -> Tensor] = [
        "enc_patch_embed_conv": {
            patches.reshaped([batch, grid, grid, shape.encoder.width]).permuted(0, 3, 1, 2)
        },
        "enc_ln_pre_out": { encoderInput },
        "enc_block_0_attn_out": { encoder.blocks[0].attended(encoderInput, rotary: encoder.rotary) },
        "enc_block_0_out": { encoder.blocks[0](encoderInput, rotary: encoder.rotary) },
        "enc_ln_post_out": { features },
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
    if golden.contains("rope_in") {
        let queries = try comparison.given("rope_in")
        let isOfEncoder = queries.shape[3] == shape.encoder.width / shape.encoder.heads
        results["rope_out"] = { rotated(queries, by: isOfEncoder ? encoder.rotary : decoder.rotary) }
    }
    if golden.contains("probe_in") {
        let probe = try comparison.given("probe_in")
        results["probe_ln_pre_out"] = { encoder.firstNorm(probe) }
    }
    try comparison.compareRest(results) { output in output == "kl" || comparison.isFull ? 5e-5 : 2e-5 }
}

/// The divergence of each token alone: [batch, tokens].
func divergences(_ moments: Tensor) -> Tensor {
    let (batch, count) = (moments.shape[0], moments.shape[1])
    let values = (0..<batch * count).map { index in
        let token = moments.sliced(axis: 0, index / count..<index / count + 1)
            .sliced(axis: 1, index % count..<index % count + 1)
        return LatentPosterior(moments: token).klDivergence.item
    }
    return Tensor(values, shape: [batch, count])
}

/// Queries x [1, 1, positions, dimension] turned by the table; keys turn alike and values stay.
private func rotated(_ x: Tensor, by table: RotaryTable) -> Tensor {
    let one = x.reshaped([1, x.shape[2], x.shape[3]])
    let dimension = x.shape[3]
    let packed = Tensor.concatenated([one, one, one], axis: 2).rotatingQueriesAndKeys(table, heads: 1)
    let parts = (0..<3).map { packed.sliced(axis: 2, $0 * dimension..<($0 + 1) * dimension) }
    #expect(parts[0].values == parts[1].values)
    #expect(parts[2].values == one.values)
    return parts[0].reshaped(x.shape)
}
