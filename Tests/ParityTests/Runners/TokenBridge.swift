import Checkpoints
import Foundation
import Layers
import ModelFolders
import Networks
import Sampling
import Tensors
import TestSupport
import Testing

/// The values u of a case's input, in -1..<1.
private func uniform(_ golden: GoldenCase, _ what: String, _ shape: [Int]) -> Tensor {
    SyntheticValues.tensor("input/\(golden.name)/\(what)", shape: shape, base: 0, scale: 1)
}

/// TokenBridge's cases by what their configurations have (reference section 10).
func compareTokenBridge(_ comparison: Comparison) throws {
    if comparison.golden.has("config", "bits") {
        try compareQuantizer(comparison)
    } else if comparison.golden.has("config", "ch_mult") {
        try compareTokenBridgeTokenizer(comparison)
    } else {
        try compareTokenBridgeGenerator(comparison)
    }
}

// MARK: - Quantizer

private func compareQuantizer(_ comparison: Comparison) throws {
    let golden = comparison.golden
    let range = try golden.decode("config", "range", as: Float.self)
    let bits = try golden.decode("config", "bits", as: [Int].self)
    let stored = try golden.tensor("x")
    let w = SyntheticValues.tensor("input/quantizer/x", shape: stored.shape, base: 0, scale: 1).values
    let x = Tensor(w.map { $0 * abs($0) * 6.5 }, shape: stored.shape)
    try comparison.compare("x", x, tolerance: 1e-6)
    func check(_ name: String, _ quantizer: GaussianQuantizer) throws {
        try comparison.compare("indices_" + name, quantizer.codes(stored).map { Int($0) })
        try comparison.compare("dequant_" + name, quantizer.rounded(stored), tolerance: 5e-5)
    }
    for bits in bits {
        let computed = GaussianQuantizer(levels: 1 << bits, range: range)
        try comparison.compare("boundaries_b\(bits)", Tensor(computed.edges, shape: [computed.edges.count]), tolerance: 5e-5)
        try comparison.compare(
            "reconstruction_values_b\(bits)", Tensor(computed.centers, shape: [computed.levels]), tolerance: 5e-5)
        let table = try golden.tensor("reconstruction_values_b\(bits)").values
        try check("b\(bits)", try #require(GaussianQuantizer(centers: table, range: range)))
        for other in [3, 4, 6] where golden.contains("indices_b\(bits)_r\(other)") {
            try check("b\(bits)_r\(other)", try #require(GaussianQuantizer(centers: table, range: Float(other))))
        }
    }
}

// MARK: - Image tokenizer

private func compareTokenBridgeTokenizer(_ comparison: Comparison) throws {
    let golden = comparison.golden
    var configuration = try golden.decode("config", as: TokenBridgeTokenizerConfiguration.self)
    configuration.imageSize = try golden.decode("config", "image", as: Int.self)
    let checkpoint = try comparison.checkpoint(as: .torch)
    // The shapes tell the network; the images of a case may be smaller than it was laid out for.
    var told = try #require(try RecognisedCheckpoint(checkpoint)?.configuration as? TokenBridgeTokenizerConfiguration)
    told.imageSize = configuration.imageSize
    #expect(told == configuration)
    let model = try #require(try configuration.load(checkpoint) as? TokenBridgeTokenizer)
    let batch = try golden.decode("config", "batch", as: Int.self)
    let (side, grid, channels) = (configuration.imageSize, configuration.grid, configuration.channels)
    let image = uniform(golden, "image", [batch, 3, side, side]) * 0.5 + 0.5
    let tolerance: Float = comparison.isFull ? 1e-3 : 2e-4

    // Latents with the noise of the case, in the layout of the goldens: [batch, channels, grid, grid].
    let moments = try model.moments(image)
    let mean = moments.sliced(axis: 2, 0..<channels)
    let logvar = moments.sliced(axis: 2, channels..<2 * channels).clamped(to: -30...20)
    let eps = uniform(golden, "eps", [batch, channels, grid, grid]) * Float(3.0.squareRoot())
    let noise = eps.permuted(0, 2, 3, 1).reshaped([batch, grid * grid, channels])
    let latent = (mean + (logvar * 0.5).applying(.exp) * noise) * Float(configuration.scaleFactor)
    func planar(_ x: Tensor) -> Tensor { x.reshaped([batch, grid, grid, x.shape[2]]).permuted(0, 3, 1, 2) }
    // Codes are taken of the golden's own latents where they are all there: rounding decides next to a border.
    let known = golden.contains("latent") ? try golden.tensor("latent").permuted(0, 2, 3, 1).reshaped(latent.shape) : latent
    let z = uniform(golden, "z", [batch, channels, grid, grid]) * 2
    let places = z.permuted(0, 2, 3, 1).reshaped(latent.shape)
    func images(_ latents: Tensor) throws -> Tensor { try model.decode(latents) * 2 + -1 }
    func result(_ name: String) throws -> Tensor {
        if let bits = name.wholeMatch(of: /(dequant|recon)_b(\d+)/) {
            let rounded = GaussianQuantizer(levels: 1 << (Int(bits.2) ?? 0), range: Float(configuration.range)).rounded(known)
            return bits.1 == "recon" ? try images(rounded) : planar(rounded)
        }
        switch name {
        case "image": return image
        case "image_head": return Tensor(Array(image.values.prefix(64)), shape: [64])
        case "eps": return eps
        case "z": return z
        case "moments": return planar(moments)
        case "latent": return planar(latent)
        case "mid_attn_out": return try #require(try model.encoder.trace(image * 2 + -1)["enc_mid_attn"])
        case "recon_continuous": return try images(known)
        case "recon_z": return try images(places * Float(configuration.scaleFactor))
        default:
            Issue.record("\(golden.name): nothing here knows \(name)")
            return .zeros([0])
        }
    }
    for name in golden.outputs {
        let stem = name.replacingOccurrences(of: "_strided", with: "").replacingOccurrences(of: "_s4", with: "")
        if let bits = stem.wholeMatch(of: /indices_b(\d+)/) {
            let quantizer = GaussianQuantizer(levels: 1 << (Int(bits.1) ?? 0), range: Float(configuration.range))
            let codes = planar(Tensor(quantizer.codes(known).map { Float($0) }, shape: latent.shape)).values.map { Int($0) }
            guard name.hasSuffix("_strided") else {
                try comparison.compare(name, codes)
                continue
            }
            // Of a latent that is a rounding away from a border either code is right.
            let margins = planar(quantizer.margins(known)).values
            let picked = strided(codes.count, to: try golden.integers(name).count)
            try comparison.compare(name, picked.map { codes[$0] }, margins: picked.map { margins[$0] }, tie: 1e-4)
        } else if name.hasSuffix("_strided") {
            try compareStrided(comparison, name, try result(stem), tolerance)
        } else {
            try comparison.compare(name, try result(stem), tolerance: name.hasPrefix("image") ? 1e-6 : tolerance)
        }
    }
}

/// The places that a strided golden of so many values holds: every n-th from the first, the least n that gives that number.
private func strided(_ count: Int, to kept: Int) -> [Int] {
    let step = (1...max(1, count)).first { (count + $0 - 1) / $0 == kept } ?? 1
    return Array(stride(from: 0, to: count, by: step))
}

extension GaussianQuantizer {
    /// How much nearer the nearest centre is than the next, in standard deviations.
    fileprivate func margins(_ values: Tensor) -> Tensor {
        Tensor(
            values.values.map { value in
                let place = min(max((value + range) / (2 * range) * 6 - 3, -3), 3)
                let distances = centers.map { abs(place - $0) }.sorted()
                return distances[1] - distances[0]
            }, shape: values.shape)
    }
}

/// Every n-th value of the flattened tensor.
private func compareStrided(_ comparison: Comparison, _ name: String, _ result: Tensor, _ tolerance: Float) throws {
    let values = result.values
    let picked = strided(values.count, to: try comparison.golden.tensor(name).count).map { values[$0] }
    try comparison.compare(name, Tensor(picked, shape: [picked.count]), tolerance: tolerance)
}

// MARK: - Generator

private func compareTokenBridgeGenerator(_ comparison: Comparison) throws {
    let golden = comparison.golden
    let configuration = try golden.decode("config", as: TokenBridgeConfiguration.self)
    #expect(configuration.invalidReason == nil)
    let model = try comparison.generator(ignoring: TokenBridgeConfiguration.ignores) { TokenBridge(configuration, weights: $0) }
    let batch = try golden.decode("config", "batch", as: Int.self)
    let (length, channels, levels) = (configuration.length, configuration.channels, configuration.levels)
    let side = configuration.imageSize / configuration.patchSize
    let tolerance: Float = comparison.isFull ? 1e-3 : 2e-4

    let labels = uniform(golden, "label", [batch]).values.map { Int((($0 + 1) / 2 * Float(configuration.classes)).rounded(.down)) }
    try comparison.compare("labels", labels)
    let scores = uniform(golden, "orders", [batch, length]).values.rows(of: length)
    let orders = scores.map { row in row.indices.sorted { (row[$0], $0) < (row[$1], $1) } }
    try comparison.compare("orders", orders.flatMap { $0 })
    let latent = uniform(golden, "latent", [batch, channels, side, side]) * 2
    if golden.contains("latent") { try comparison.compare("latent", latent, tolerance: 1e-6) }
    let codes = model.quantizer.codes(latent.permuted(0, 2, 3, 1))
    try comparison.compare("indices", codes.map { Int($0) })
    let masked = try golden.decode("config", "n_masked", as: Int.self)
    var mask = [Bool](repeating: false, count: batch * length)
    for (image, order) in orders.enumerated() { for place in order[..<masked] { mask[image * length + place] = true } }
    try comparison.compare("mask", Tensor(mask.map { $0 ? 1 : 0 }, shape: [batch, length]), tolerance: 0)
    let headMask = try comparison.given("head_mask").values
    let places = headMask.indices.filter { headMask[$0] != 0 }

    let pass = model.pass(codes, mask: mask, labels: labels)
    let width = configuration.decoder.width
    func rows(_ features: Tensor, _ places: [Int]) -> Tensor {
        features.reshaped([batch * length, width]).rows(places.map { Int32($0) })
    }
    func ordered(_ places: [Int]) -> [Int32] {
        places.flatMap { place in model.head.order.map { codes[place * channels + $0] } }
    }
    let head = model.head.pass(rows(pass.features, places), codes: ordered(places))
    // What lies on the way was recorded when the case ran without labels, after it had run with them.
    let unlabelled = model.pass(codes, mask: mask, labels: [Int?](repeating: nil, count: batch))
    var results: [String: () throws -> Tensor] = [
        "values": { model.quantizer.values(codes, shape: [batch, length, channels]) },
        "z_proj_ln_out": { unlabelled.embedded }, "encoder_block_0_out": { unlabelled.firstEncoderBlock },
        "decoder_block_0_out": { unlabelled.firstDecoderBlock }, "encoder_out": { pass.encoded },
        "decoder_out": { pass.features }, "decoder_out_uncond": { unlabelled.features },
        "cond": { head.condition }, "channel_block_0_out": { head.blocks[0] }, "channel_final_out": { head.output },
        "logits": { head.logits },
    ]
    // The loss is over all masked positions.
    let all = mask.indices.filter { mask[$0] }
    let logits = all == places ? head.logits : model.head.pass(rows(pass.features, all), codes: ordered(all)).logits
    results["loss"] = { logits.reshaped([all.count * channels, levels]).crossEntropy(ordered(all)) }
    for (name, result) in results where golden.contains(name + "_strided") {
        try compareStrided(comparison, name + "_strided", try result(), tolerance)
    }

    // The drawing form, with the likeliest code of every channel.
    var sampled: [Tensor] = []
    let found = try model.head.draw(rows(pass.features, places)) { logits, _ in
        sampled.append(logits.reshaped([places.count, 1, levels]))
        return logits.argmax()
    }
    try comparison.compare(
        "sample_greedy_tokens_head_order", found.flatMap { row in model.head.order.map { Int(row[$0]) } })
    results["sample_greedy_logits"] = { .concatenated(sampled, axis: 1) }
    try comparison.compareRest(results) { name in name == "values" ? 5e-5 : tolerance }
    try compareGenerations(comparison, model, labels: labels, orders: orders)
}

/// Whole drawings without noise.
private func compareGenerations(_ comparison: Comparison, _ model: TokenBridge, labels: [Int], orders: [[Int]]) throws {
    let golden = comparison.golden
    let configuration = model.configuration
    let (length, channels) = (configuration.length, configuration.channels)
    let side = configuration.imageSize / configuration.patchSize
    for name in golden.outputs where name.hasPrefix("gen_") && name.hasSuffix("_indices") {
        var sampling = TokenBridgeSampling(steps: 3, guidance: 1, temperature: 0)
        var classes: [Int?] = labels.map { _ in nil }
        if !name.hasPrefix("gen_nolabel_iter3") {
            let parts = try #require(name.wholeMatch(of: /gen_iter(\d+)_cfg([\d.]+)_(\w+)_indices/), "\(name)")
            sampling.steps = try #require(Int(parts.1))
            sampling.guidance = try #require(Double(parts.2))
            sampling.schedule = try #require(TokenBridgeSampling.Schedule(rawValue: String(parts.3)))
            classes = labels
        }
        var noise = CounterRandom(seed: 1)
        var firstDrawn: [Int] = []
        let codes = try model.generate(classes: classes, sampling: sampling, orders: orders, noise: &noise) { step in
            guard step.step == 1, case .indices(let tokens)? = step.tokens else { return }
            for (image, row) in tokens.enumerated() {
                for (index, code) in row.enumerated() where Int(code) < configuration.levels { firstDrawn.append(image * length * channels + index) }
            }
        }.flatMap { $0 }
        let latents = "\(name.dropLast("_indices".count))_latent"
        guard comparison.isFull else {
            try comparison.compare(name, codes.map { Int($0) })
            if golden.contains(latents) {
                let values = model.quantizer.values(codes, shape: [labels.count, side, side, channels]).permuted(0, 3, 1, 2)
                try comparison.compare(latents, values, tolerance: 5e-5)
            }
            continue
        }
        // At full size the steps after the first may fork at a near-tie.
        let expected = try comparison.givenIntegers(name)
        #expect(!firstDrawn.isEmpty && firstDrawn.allSatisfy { codes[$0] == Int32(expected[$0]) }, "\(name): the first step")
        if golden.contains(latents) { _ = try comparison.given(latents) }
        let same = zip(codes, expected).count { Int($0) == $1 }
        print("\(golden.name): \(name): \(same) of \(expected.count) codes alike")
    }
}
