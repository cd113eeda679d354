import Checkpoints
import Layers
import ModelFolders
import Networks
import Tensors
import TestSupport
import Testing

/// GigaTok, in a sequence and on a grid.
func compareGigaTok(_ comparison: Comparison) throws {
    let golden = comparison.golden
    let configuration = try golden.decode("config", as: GigaTokConfiguration.self)
    #expect(configuration.invalidReason == nil, "\(configuration.invalidReason ?? "")")
    let history = try golden.decode("computed", as: [String].self).map { ($0, Tensor.zeros([65536])) }
    let checkpoint = try comparison.checkpoint(as: .torch, computed: history)
    #expect(checkpoint.family == .gigaTok)
    let model = try #require(try configuration.load(checkpoint) as? GigaTok)
    let (encoder, decoder) = (try model.encoder, try model.decoder)
    let tolerance: Float = comparison.isFull ? 1e-3 : 2e-4

    let images = try pictures(comparison, side: configuration.imageSize)
    let batch = images.shape[0]
    let spatial = encoder.convolutions(images * 2 + -1)
    let places = encoder.embed(spatial)
    let queries = encoder.queries(places)
    let features = encoder.features(encoder.transformed(queries, memory: places))
    let vectors = encoder.vectors(features)

    // What follows works on the official tokens, so that one token does not spoil all.
    guard case .indices(let found) = try model.tokenize(images) else {
        Issue.record("a tokenizer with a codebook gives latents")
        return
    }
    let margins = try golden.tensor("margin")
    let tie: Float = comparison.isFull ? 1e-4 : 1e-6
    try comparison.compare("indices", found.flatMap { $0.map { Int($0) } }, margins: margins.values, tie: tie)
    let gaps = model.quantizer.distances(vectors).values.rows(of: configuration.codebookSize).map { row in
        let sorted = row.sorted()
        return sorted[1] - sorted[0]
    }
    let codes = try golden.integers("indices").map { Int32($0) }.rows(of: configuration.latentTokens)
    let fixed = try fixedCodes(comparison, configuration, batch: batch)
    let values = model.lookUp(codes)
    let tokens = decoder.embed(values)
    let decoderQueries = decoder.queries(tokens)
    let rebuilt = decoder.features(decoder.transformed(decoderQueries, memory: tokens))
    let stem = decoder.convolutions.stem(rebuilt)
    let lowest = decoder.convolutions.levels[0]
    let distillation = GigaTokDistillation(configuration, weights: Weights(CheckpointWeights(checkpoint)))

    func arranged(_ x: Tensor) -> Tensor {
        guard configuration.layout == .grid else { return channelsFirst(x) }
        return x.permuted(0, 2, 1).reshaped([x.shape[0], x.shape[2], configuration.grid, configuration.grid])
    }
    func sequenceFirst(_ x: Tensor) -> Tensor { x.permuted(1, 0, 2) }
    func official(_ images: Tensor) -> Tensor { images * 2 + -1 }
    let picture = Lazily { try official(model.detokenize(.indices(codes))) }
    let fixedPicture = Lazily { try model.detokenize(.indices(fixed)) }
    let results: [String: () throws -> Tensor] = [
        "margin": { Tensor(gaps, shape: margins.shape) },
        "cnn_enc": { spatial },
        "enc_embed": { sequenceFirst(places) },
        "query_init": { sequenceFirst(queries) },
        "enc_block_0": { sequenceFirst(encoder.transformed(queries, memory: places, first: 1)) },
        "vit_enc": { arranged(features) },
        "prequant": { arranged(vectors) },
        "quant": { arranged(values) },
        "codebook_entry": { arranged(values) },
        "dec_embed": { sequenceFirst(tokens) },
        "dec_block_0": { sequenceFirst(decoder.transformed(decoderQueries, memory: tokens, first: 1)) },
        "rec_spatial": { rebuilt },
        "distill_feature": {
            distillation(decoder.transformed(decoderQueries, memory: tokens, first: configuration.distillationDepth))
        },
        "dec_conv_in": { decoder.convolutions.embed(rebuilt) },
        "adaptive_0": { lowest.adaptation(stem, rebuilt) },
        "upsample_0": {
            var x = stem
            lowest.apply(to: &x, features: rebuilt)
            return x
        },
        "recon_from_encode": { try picture() },
        "recon_from_indices": { try picture() },
        "recon_from_indices_s4": { try picture() },
        "recon_fixed": { try official(fixedPicture()) },
        "recon_fixed_s4": { try official(fixedPicture()) },
    ]
    if golden.contains("recon_fixed_u8") {
        try comparison.compareBytes("recon_fixed_u8", bytes(fixedPicture(), model.byteRounding))
    }
    for (name, result) in results where golden.contains(name + "_strided") {
        try comparison.compareStrided(name, try result(), tolerance: tolerance)
    }
    try comparison.compareRest(results) { _ in tolerance }
}

/// A result that several goldens show, computed once.
private final class Lazily {
    private let make: () throws -> Tensor
    private var made: Tensor?

    init(_ make: @escaping () throws -> Tensor) { self.make = make }

    func callAsFunction() throws -> Tensor {
        if let made { return made }
        let value = try make()
        made = value
        return value
    }
}

/// The case's pictures by the formula: pixels of noise upon cells of one colour.
private func pictures(_ comparison: Comparison, side: Int) throws -> Tensor {
    let golden = comparison.golden
    let batch = try golden.decode("config", "batch", as: Int.self)
    let cell = try golden.decode("config", "image_cell", as: Int.self)
    func noise(_ what: String, _ side: Int) -> Tensor {
        SyntheticValues.tensor("input/\(golden.name)/\(what)", shape: [batch, 3, side, side], base: 0, scale: 1)
    }
    let (pixels, cells) = (noise("pixel", side).values, noise("cell", side / cell).values)
    let images = Tensor(uninitialized: [batch, 3, side, side]) { buffer in
        for i in buffer.indices {
            let (plane, y, x) = (i / (side * side), i / side % side, i % side)
            buffer[i] = 0.5 + 0.25 * cells[(plane * (side / cell) + y / cell) * (side / cell) + x / cell] + 0.25 * pixels[i]
        }
    }
    if golden.contains("image") { try comparison.compare("image", images, tolerance: 1e-6) }
    if golden.contains("image_head") {
        try comparison.compare("image_head", Tensor(Array(images.values.prefix(64)), shape: [64]), tolerance: 1e-6)
    }
    return images
}

/// The codes that are drawn by the formula.
private func fixedCodes(_ comparison: Comparison, _ configuration: GigaTokConfiguration, batch: Int) throws -> [[Int32]] {
    let codes = syntheticIndices(
        "input/\(comparison.golden.name)/codes", count: batch * configuration.latentTokens, below: configuration.codebookSize)
    try comparison.compare("fixed_codes", codes)
    return codes.map { Int32($0) }.rows(of: configuration.latentTokens)
}

/// ⌊(u + 1) / 2 · limit⌋ for `count` values u of the formula.
func syntheticIndices(_ name: String, count: Int, below limit: Int) -> [Int] {
    let hash = stableHash(name)
    return (0..<count).map {
        Int(((SyntheticValues.uniform(hash: hash, index: $0) + 1) / 2 * Double(limit)).rounded(.down))
    }
}
