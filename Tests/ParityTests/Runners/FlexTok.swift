import Checkpoints
import Layers
import ModelFolders
import Networks
import Sampling
import Tensors
import TestSupport
import Testing
import Training

/// FlexTok at every stage, from a file as it is published, and a step of its training where the case has one.
func compareFlexTok(_ comparison: Comparison) throws {
    let golden = comparison.golden
    let settings = try golden.decode("config", as: FlexTokSettings.self)
    let checkpoint = try comparison.checkpoint(as: .safetensors, computed: tables(settings), metadata: settings.header)
    let configuration = try #require(try checkpoint.imageTokenizerConfiguration() as? FlexTokConfiguration)
    let model = try #require(try configuration.load(checkpoint) as? FlexTok)
    #expect(model.tokens.counts == 1...settings.registers && model.quantizer.codes == settings.fsq_levels.reduce(1, *))
    var results = try encoding(comparison, model)
    let ids = try golden.integers("ids").map { Int32($0) }.rows(of: settings.registers)
    if golden.contains("dec_t") { results.merge(try velocity(comparison, model, ids)) { $1 } }
    if golden.contains("velocity_cond_step0") {
        results.merge(try fullDecoding(comparison, model, ids)) { $1 }
    } else {
        try drawings(comparison, model, ids)
    }
    if golden.contains("train/loss") { try compareFlexTokTraining(comparison, checkpoint, configuration) }
    try comparison.compareRest(results) { output in
        if comparison.isFull { return 1e-3 }
        if output == "dec_time_freq" { return 2e-4 }
        return output.hasPrefix("vae_mean") || output.hasPrefix("vae_logvar") || output.hasPrefix("enc_") || output.hasPrefix("fsq_")
            || output.hasPrefix("latents") ? 5e-5 : 1e-4
    }
}

/// The tables of positions that the file holds beside its parameters.
private func tables(_ settings: FlexTokSettings) -> [(String, Tensor)] {
    FlexTokConfiguration(
        encoder: FlexTokTrunkConfiguration(width: settings.encoder_dim, depth: 1),
        decoder: FlexTokTrunkConfiguration(width: settings.decoder_dim, depth: 1), grid: settings.posemb_grid
    ).tables.map { ($0.name, $0.tensor) }
}

private func encoding(_ comparison: Comparison, _ model: FlexTok) throws -> [String: () throws -> Tensor] {
    let golden = comparison.golden
    let images = try comparison.requiredInput("image")
    let posterior = try model.autoencoderEncoder(images * 2 + -1)
    let latents = try model.latents(images, noise: comparison.requiredInput("posterior_noise"))
    let encoder = try model.encoder
    let rows = latents.shape[2] / model.configuration.patchSize
    let embedded = encoder.embed(latents)
    let placed = encoder.placed(embedded, rows: rows)
    var sequence = encoder.sequence(placed)
    var traced: [Tensor] = []
    for block in encoder.blocks {
        sequence = block(sequence, mask: .prefix(placed.shape[1]))
        traced.append(sequence)
    }
    let z = encoder.head(sequence)
    let bounded = model.quantizer.bounded(z)
    var results: [String: () throws -> Tensor] = [
        "vae_mean": { posterior.mean }, "vae_logvar": { posterior.logvar }, "latents": { latents },
        "latents_mode": { try model.latents(images) }, "enc_patch_embed": { embedded }, "enc_after_posemb": { placed },
        "fsq_in": { z }, "fsq_bounded": { bounded }, "fsq_quant": { model.quantizer.quantized(bounded: bounded) },
        "enc_block_0_out_sub": { part(traced[0]) }, "enc_block_last_out_sub": { part(sequence) },
    ]
    for (index, output) in traced.enumerated() { results["enc_block_\(index)_out"] = { output } }
    // A code may differ where the official code was at a tie of rounding.
    let ties: [Float] = try golden.tensor("fsq_bounded").values.map { abs(abs($0 - $0.rounded(.down)) - 0.5) }
    let dimensions = model.configuration.levels.count
    let margins = stride(from: 0, to: ties.count, by: dimensions).map { ties[$0..<$0 + dimensions].min() ?? 0 }
    let codes = try #require(model.quantizer.codes(bounded: bounded))
    try comparison.compare("ids", codes.map { Int($0) }, margins: margins, tie: comparison.isFull ? 5e-4 : 0)
    if golden.contains("ids_mode") {
        let mode = try #require(try model.quantizer.codes(bounded: model.quantizer.bounded(model.encoder(model.latents(images)))))
        try comparison.compare("ids_mode", mode.map { Int($0) })
    }
    if golden.contains("vae_decode_of_latents") {
        results["vae_decode_of_latents"] = { try model.images(latents) * 2 + -1 }
    }
    return results
}

/// Every sixteenth token and every eighth channel of the one sample.
private func part(_ x: Tensor) -> Tensor {
    let (tokens, width) = (x.shape[1], x.shape[2])
    let values = x.values
    let kept = stride(from: 0, to: tokens, by: 16).flatMap { token in
        stride(from: 0, to: width, by: 8).map { values[token * width + $0] }
    }
    return Tensor(kept, shape: [(tokens + 15) / 16, (width + 7) / 8])
}

/// One evaluation of the decoder, with and without its condition.
private func velocity(_ comparison: Comparison, _ model: FlexTok, _ ids: [[Int32]]) throws -> [String: () throws -> Tensor] {
    let golden = comparison.golden
    let keep = try golden.decode("config", "dec_forward_keep_k", as: Int.self)
    let steps = try golden.decode("config", "steps", as: Int.self)
    let time = try comparison.given("dec_t").values[0]
    let x = try comparison.requiredInput("init_noise")
    let (decoder, batch) = (try model.decoder, ids.count)
    let times = [Float](repeating: time, count: batch)
    // What the official code embeds in place of the codes that are masked is code 0.
    let padded = ids.flatMap { $0.prefix(keep) + [Int32](repeating: 0, count: $0.count - keep) }
    let embedded = decoder.embed(
        codes: model.quantizer.vectors(padded).reshaped([batch, ids[0].count, model.configuration.levels.count]))
    let masked = decoder.masked(embedded, keeping: [Int](repeating: keep, count: batch))
    let traced = decoder.trace(x, times: times, registers: masked)
    let none = decoder.nullRegisters(batch: batch)
    var results: [String: () throws -> Tensor] = [
        "dec_time_freq": {
            FlexTokDecoder.timeFeatures(RectifiedFlow.times(steps: steps), largest: model.configuration.maxTimestep)
        },
        "dec_k\(keep)/dec_registers_embed": { embedded }, "dec_k\(keep)/dec_registers_masked": { masked },
        "dec_k\(keep)/dec_patches_embed": { decoder.embed(x) }, "dec_k\(keep)/dec_temb": { decoder.time(times) },
        "dec_k\(keep)/velocity": { decoder(x, times: times, registers: masked) },
        "dec_uncond/velocity": { decoder(x, times: times, registers: none) }, "dec_uncond/dec_registers_masked": { none },
    ]
    for (index, output) in traced.enumerated() { results["dec_k\(keep)/dec_block_\(index)_out"] = { output } }
    return results
}

private struct Drawing: Decodable {
    let tag: String
    let keep_k: [Int]
    let guidance_scale: Double
    let apg: Bool
}

/// Latents and images of every way of decoding that the manifest lists.
private func drawings(_ comparison: Comparison, _ model: FlexTok, _ ids: [[Int32]]) throws {
    let golden = comparison.golden
    let steps = try golden.decode("config", "steps", as: Int.self)
    for drawing in try golden.decode("config", "detok", as: [Drawing].self) {
        let latents = try model.draw(
            zip(ids, drawing.keep_k).map { Array($0.prefix($1)) }, from: comparison.requiredInput("init_noise"),
            settings: DecoderSettings(
                steps: steps, guidance: drawing.guidance_scale, method: drawing.apg ? .projected : .classifierFree)
        ) { _ in }
        try comparison.compare("detok/\(drawing.tag)/latents", latents, tolerance: 1e-4)
        try comparison.compare("detok/\(drawing.tag)/image", model.images(latents) * 2 + -1, tolerance: 1e-4)
    }
}

/// The first velocities, the latents and the image of a model of a published size.
private func fullDecoding(_ comparison: Comparison, _ model: FlexTok, _ ids: [[Int32]]) throws -> [String: () throws -> Tensor] {
    let golden = comparison.golden
    let keep = try golden.decode("config", "keep_k", as: Int.self)
    let settings = DecoderSettings(
        steps: try golden.decode("config", "steps", as: Int.self),
        guidance: try golden.decode("config", "guidance_scale", as: Double.self),
        method: try golden.decode("config", "apg", as: Bool.self) ? .projected : .classifierFree)
    let x = try comparison.requiredInput("init_noise")
    let codes = ids.map { Array($0.prefix(keep)) }
    let decoder = try model.decoder
    decoder.prepare(RectifiedFlow.times(steps: settings.steps))
    let times = [Float](repeating: 1, count: ids.count)
    let latents = try model.draw(codes, from: x, settings: settings) { _ in }
    var results: [String: () throws -> Tensor] = [
        "velocity_cond_step0": { try decoder(x, times: times, registers: model.registers(codes)) },
        "velocity_uncond_step0": { decoder(x, times: times, registers: decoder.nullRegisters(batch: ids.count)) },
        "detok_latents": { latents },
    ]
    guard golden.contains("detok_image_mean_std") else { return results }
    let image = try model.images(latents) * 2 + -1
    results["detok_image_sub4"] = { image }
    results["detok_image_mean_std"] = {
        let mean = image.mean().item
        let std = ((image + -mean).sumOfSquares().item / Float(image.count - 1)).squareRoot()
        return Tensor([mean, std], shape: [2])
    }
    return results
}

/// The loss of a step with frozen latents, and the gradients of all parameters.
private func compareFlexTokTraining(
    _ comparison: Comparison, _ checkpoint: Checkpoint, _ configuration: FlexTokConfiguration
) throws {
    let golden = comparison.golden
    let store = ParameterStore(from: CheckpointWeights(checkpoint))
    let model = FlexTok(configuration, weights: Weights(store))
    let latents = try golden.tensor("latents")
    let noise = try comparison.requiredInput("init_noise")
    let sigmas = try comparison.given("train/sigmas").values
    let keep = try golden.decode("config", "dec_forward_keep_k", as: Int.self)
    let decoder = try model.decoder
    let quantized = model.quantizer.quantized(bounded: model.quantizer.bounded(try model.encoder(latents)))
    let registers = decoder.masked(
        decoder.embed(codes: quantized), keeping: [Int](repeating: keep, count: latents.shape[0]))
    let point = RectifiedFlow.point(data: latents, noise: noise, times: sigmas)
    let velocity = decoder(point, times: sigmas, registers: registers)
    let loss = (velocity - (noise - latents)).meanSquare()
    try comparison.compare("train/noised", point, tolerance: 1e-5)
    try comparison.compare("train/velocity", velocity.detached, tolerance: 1e-4)
    try comparison.compare("train/loss", loss.detached, tolerance: 1e-4)
    let slopes = gradients(of: loss, withRespectTo: store.leaves)
    let byName = Dictionary(uniqueKeysWithValues: zip(store.entries.map(\.name), slopes))
    let order = try golden.decode("grad_l2_order", as: [String].self)
    try comparison.compareRelative("train/grad_l2", try order.map { Float(try #require(byName[$0], "\($0)").norm) }, tolerance: 1e-3)
    for output in golden.outputs where output.hasPrefix("train/grad/") {
        let found = try #require(byName[String(output.dropFirst("train/grad/".count))])
        let expected = try golden.tensor(output)
        let largest = expected.values.map(abs).max() ?? 0
        #expect(found.shape == expected.shape)
        comparison.compare(
            output, worst: (zip(found.values, expected.values).map { abs($0 - $1) }.max() ?? .infinity) / largest, tolerance: 1e-3)
    }
}

// MARK: - Parts

/// The autoencoder alone.
func compareFlexTokAutoencoder(_ comparison: Comparison) throws {
    struct Shape: Decodable {
        let latent_channels: Int
        let vae_block_out_channels: [Int]
        let vae_layers_per_block: Int
        let vae_norm_num_groups: Int
        let vae_scaling_factor: Double
    }
    let golden = comparison.golden
    let shape = try golden.decode("config", as: Shape.self)
    let configuration = AutoencoderKLConfiguration(
        latentChannels: shape.latent_channels, blockChannels: shape.vae_block_out_channels,
        layersPerBlock: shape.vae_layers_per_block, groups: shape.vae_norm_num_groups, scalingFactor: shape.vae_scaling_factor)
    #expect(configuration.invalidReason == nil)
    let prefix = golden.parameters.first.map { $0.name.hasPrefix("vae.vae.") ? "vae.vae." : "" } ?? ""
    let source = CheckpointWeights(try comparison.checkpoint(as: .safetensors, under: prefix))
    let (encoder, decoder) = (
        AutoencoderKLEncoder(configuration.shape, weights: Weights(source)), AutoencoderKLDecoder(configuration.shape, weights: Weights(source))
    )
    try source.verify()
    let images = try comparison.requiredInput("image") * 2 + -1
    let posterior = encoder(images)
    let scale = Float(shape.vae_scaling_factor)
    let latents = posterior.sample(noise: try comparison.requiredInput("posterior_noise")) * scale
    var results: [String: () throws -> Tensor] = [
        "mean": { posterior.mean }, "logvar": { posterior.logvar }, "std": { posterior.std }, "latents": { latents },
        "kl": { posterior.klDivergence }, "image_reconst": { decoder(latents * (1 / scale)) },
        "image_from_input_latents": { decoder(try comparison.requiredInput("latents") * (1 / scale)) },
    ]
    for (name, tensor) in encoder.trace(images).merging(decoder.trace(latents * (1 / scale)), uniquingKeysWith: { $1 }) {
        results["mid/" + name] = { tensor }
    }
    try comparison.compareRest(results) { $0 == "mid/dec_up_last" ? 1e-3 : 2e-4 }
}

/// Quantizer, guidance, times and tables.
func compareFlexTokUnits(_ comparison: Comparison) throws {
    struct Guidance: Decodable {
        let guidance_scale: Double
        let momentum: Float
        let eta: Double
        let norm_threshold: Double
    }
    let golden = comparison.golden
    let quantizer = FiniteScalarQuantizer(levels: try golden.decode("config", "fsq_levels", as: [Int].self))
    let bounded = quantizer.bounded(try comparison.given("fsq/z"))
    try comparison.compare("fsq/bounded", bounded, tolerance: 1e-5)
    try comparison.compare("fsq/quant", quantizer.quantized(bounded: bounded), tolerance: 1e-5)
    try comparison.compare("fsq/ids", try #require(quantizer.codes(bounded: bounded)).map { Int($0) })
    let table = try comparison.givenIntegers("fsq/table_ids").map { Int32($0) }
    try comparison.compare("fsq/table_codes", quantizer.vectors(table), tolerance: 0)
    // All codes come back from their vectors.
    let all = (0..<quantizer.codes).map { Int32($0) }
    let halves = quantizer.levels.map { Float($0 / 2) }
    #expect(quantizer.codes(bounded: quantizer.vectors(all).scaledPerChannel(halves, plus: halves.map { _ in 0 })) == all)

    let warp = try golden.decode("config", "mode_scale", as: Double.self)
    let u = try comparison.given("rf/u")
    try comparison.compare(
        "rf/mode_sigma_\(warp)", Tensor(u.values.map { Float(RectifiedFlow.warped(Double($0), scale: warp)) }, shape: u.shape),
        tolerance: 1e-5)

    let settings = try golden.decode("config", "apg", as: Guidance.self)
    func guidance() -> ProjectedGuidance {
        ProjectedGuidance(
            scale: settings.guidance_scale, momentum: settings.momentum, threshold: settings.norm_threshold,
            parallelShare: settings.eta)
    }
    func step(_ name: String, _ index: Int) throws -> Tensor {
        let whole = try comparison.given(name)
        return whole.sliced(axis: 0, index..<index + 1).reshaped(Array(whole.shape.dropFirst()))
    }
    let scale = try golden.decode("config", "cfg_scale", as: Double.self)
    func text(_ number: Double) -> String { number == number.rounded() ? "\(Int(number))" : "\(number)" }
    var projected = guidance()
    for index in 0..<(try golden.tensor("guid/cond").shape[0]) {
        let (with, without) = (try step("guid/cond", index), try step("guid/uncond", index))
        try comparison.compare(
            "guid/apg\(text(settings.guidance_scale))_step\(index)", projected(conditional: with, unconditional: without), tolerance: 1e-5)
        try comparison.compare("guid/cfg\(text(scale))_step\(index)", without + (with - without) * Float(scale), tolerance: 1e-5)
    }
    var fresh = guidance()
    try comparison.compare(
        "guid/apg\(text(settings.guidance_scale))_small",
        fresh(conditional: try step("guid/cond", 0), unconditional: try step("guid/uncond_small", 0)), tolerance: 1e-5)

    for output in golden.outputs where output.hasPrefix("posemb/sincos_") {
        let numbers = output.split { !$0.isNumber }.compactMap { Int($0) }
        let (rows, columns, width) = (numbers[0], numbers[1], numbers[2])
        let positions = PositionTables.sinusoidal2D(rows: rows, columns: columns, width: width)
        let whole = positions.permuted(1, 0).reshaped([1, width, rows, columns])
        try comparison.compare(output, spread(whole, over: try golden.golden(output).shape), tolerance: 1e-5)
    }
    for output in golden.outputs where output.hasPrefix("mask/prefix_") {
        // Images, patches, registers, and the length with padding.
        let numbers = output.split { !$0.isNumber }.compactMap { Int($0) }
        let (images, patches, registers, padded) = (numbers[0], numbers[1], numbers[2], numbers[3])
        let seen = visible(tokens: patches + registers, mask: .prefix(patches))
        var mask = [Int](repeating: 0, count: padded * padded)
        for image in 0..<images {
            let first = image * (patches + registers)
            for (row, columns) in seen.enumerated() {
                for column in columns { mask[(first + row) * padded + first + column] = 1 }
            }
        }
        try comparison.compare(output, mask)
    }
    let times = try comparison.given("time/t").values
    for (largest, tolerance) in [(Float(1), Float(2e-4)), (1000, 1e-5)] {
        try comparison.compare(
            "time/freq_max\(Int(largest))", FlexTokDecoder.timeFeatures(times, largest: largest), tolerance: tolerance)
    }
}

/// Entries of every axis at the widest step that gives as many as the golden has.
private func spread(_ x: Tensor, over shape: [Int]) -> Tensor {
    var part = x
    for (axis, kept) in shape.enumerated() where part.shape[axis] != kept && kept > 1 {
        let step = (part.shape[axis] - 1) / (kept - 1)
        part = .concatenated((0..<kept).map { part.sliced(axis: axis, $0 * step..<$0 * step + 1) }, axis: axis)
    }
    return part
}

/// The tokens that every token sees: those whose values reach the result.
private func visible(tokens: Int, mask: AttentionMask) -> [[Int]] {
    let unit = Tensor((0..<tokens * tokens).map { $0 % (tokens + 1) == 0 ? 1 : 0 }, shape: [1, tokens, tokens])
    let flat = Tensor.zeros([1, tokens, tokens])
    let weights = Tensor.attention(queries: flat, keys: flat, values: unit, heads: 1, scale: 1, mask: mask).values
    return (0..<tokens).map { row in (0..<tokens).filter { weights[row * tokens + $0] > 0 } }
}
