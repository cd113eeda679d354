import Checkpoints
import Flow
import FlowTok
import ImageTokenizers
import Layers
import Tensors
import TestSupport
import Testing
import TextModels

/// Ids to pixels: text tower, text variational encoder, guided integration, tokenizer decoder, from the three files of a
/// release.
func comparePipeline(_ comparison: Comparison) throws {
    struct Run: Decodable {
        let steps: Int
        let guidance_scale: Float
        let solver: Solver
    }
    let golden = comparison.golden
    let run = try golden.decode("run", as: Run.self)
    let configuration = try modelConfiguration(golden)
    #expect(configuration.problem == nil)
    let flow = try golden.decode("config", "flowtok", as: FlowTokCaseShape.self)
    let files = try ReleaseFiles(
        tower: comparison.checkpoint("clip", as: .torch, under: "clip."),
        flow: comparison.checkpoint("flowtok", as: .torch, under: "flowtok.", computed: flow.computed),
        tokenizer: comparison.checkpoint(
            "flowtitok", as: .torch, under: "flowtitok.", computed: configuration.imageTokenizer.computed))
    let model = FlowTokModel(configuration, weights: Weights(PackingWeights(files, as: .float32)))
    try files.verify()

    let ids = try comparison.givenIntegers("input_ids").map { Int32($0) }
    try compareIDs(comparison)
    let batch = ids.count / configuration.textEncoder.contextLength
    let noise = try comparison.noise("text_noise", shape: [batch] + model.latentShape)
    let (start, hidden) = model.textTokens(ids, noise: noise)
    let posterior = model.textVariationalEncoder(hidden)
    let guidance = Guidance(scale: run.guidance_scale)
    let end = try model.imageTokens(
        from: start, integrator: FlowIntegrator(run.solver, steps: run.steps), guidance: guidance)
    let image = model.pixels(end, guidedBy: hidden)

    if golden.contains("image_u8") {
        let bytes = image.values.map { Float(ByteRounding.nearest.byte($0)) }
        try comparison.compareBytes("image_u8", Tensor(bytes, shape: image.shape))
    }
    try comparison.compareRest([
        "clip_hidden": { hidden }, "text_mu": { posterior.mean }, "text_logvar": { posterior.logvar }, "x0": { start },
        "velocity_step0": { model.velocity.guided(start, time: 0, by: guidance) }, "z_final": { end }, "image": { image },
        "image_clamped_fraction": {
            Tensor([Float(image.values.count { $0 < 0 || $0 > 1 }) / Float(image.count)], shape: [1])
        },
    ]) { $0 == "image_clamped_fraction" || comparison.isFull ? 1e-4 : 3e-5 }
}

/// The official model as one of this package's: the latents' deviation is the inverse of the scale factor, and a small
/// text decoder, which the official release lacks, stands in.
private func modelConfiguration(_ golden: GoldenCase) throws -> ModelConfiguration {
    let text = try golden.decode("config", "clip", as: ClipCaseShape.self).configuration()
    let flow = try golden.decode("config", "flowtok", as: FlowTokCaseShape.self)
    let tokenizer = try golden.decode("config", "flowtitok", as: FlowTiTokConfiguration.self)
    let scale = try golden.decode("config", "scale_factor", as: Float.self)
    var decoder = text
    (decoder.width, decoder.layers, decoder.heads) = (4, 1, 1)
    return ModelConfiguration(
        name: golden.name, imageTokenizer: tokenizer, textEncoder: text, textVariationalEncoder: flow.text,
        textDecoder: decoder, velocity: flow.velocity,
        latents: LatentStatistics(
            mean: .init(repeating: 0, count: flow.channels), deviation: .init(repeating: 1 / scale, count: flow.channels)))
}

/// The three files of a release under this package's names for their models; the text decoder's weights are zeros.
private final class ReleaseFiles: WeightSource {
    private let parts: [(prefix: String, source: CheckpointWeights, ignoring: (String) -> Bool)]

    init(tower: Checkpoint, flow: Checkpoint, tokenizer: Checkpoint) {
        parts = [
            ("text_encoder.", CheckpointWeights(tower), isUnusedOfTextTower),
            ("flow.", CheckpointWeights(flow), isUnusedOfFlowTok),
            ("image_tokenizer.", CheckpointWeights(tokenizer), { $0.contains("positional_embedding.freqs_") }),
        ]
    }

    private func place(_ name: String) -> (source: CheckpointWeights, name: String)? {
        parts.first { name.hasPrefix($0.prefix) }.map { ($0.source, String(name.dropFirst($0.prefix.count))) }
    }

    func contains(_ name: String) -> Bool { place(name).map { $0.source.contains($0.name) } ?? name.hasPrefix("text_decoder.") }

    func tensor(named name: String, shape: [Int], initial: Initializer) -> Tensor {
        place(name).map { $0.source.tensor(named: $0.name, shape: shape, initial: initial) } ?? .zeros(shape)
    }

    func verify() throws {
        for part in parts { try part.source.verify(ignoring: part.ignoring) }
    }
}
