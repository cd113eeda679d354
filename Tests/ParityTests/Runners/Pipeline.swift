import FlowTok
import Foundation
import ModelFolders
import Networks
import Sampling
import Tensors
import TestSupport
import Testing

/// Ids to pixels: text tower, text variational encoder, guided integration, tokenizer decoder, from a folder with the three
/// files of a release and a vocabulary.
func comparePipeline(_ comparison: Comparison) throws {
    struct Run: Decodable {
        let steps: Int
        let guidance_scale: Float
        let solver: Solver
    }
    let golden = comparison.golden
    let run = try golden.decode("run", as: Run.self)
    let model = try release(comparison).model

    let ids = try comparison.givenIntegers("input_ids").map { Int32($0) }
    try compareIDs(comparison)
    let batch = ids.count / model.configuration.textEncoder.contextLength
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

/// The case's model as a folder of published files.
private func release(_ comparison: Comparison) throws -> ModelFolder {
    let golden = comparison.golden
    let text = try golden.decode("config", "clip", as: ClipCaseShape.self).configuration()
    let flow = try golden.decode("config", "flowtok", as: FlowTokCaseShape.self)
    let tokenizer = try golden.decode("config", "flowtitok", as: FlowTiTokConfiguration.self)
    let files = try ModelFiles(
        flow: comparison.write("FlowTok.pth", as: .torch, under: "flowtok.", computed: flow.computed),
        imageTokenizer: comparison.write("FlowTiTok.bin", as: .torch, under: "flowtitok.", computed: tokenizer.computed),
        textEncoder: comparison.write("clip.bin", as: .torch, under: "clip."), vocabulary: ["merges.txt"])
    // The published vocabulary is not at hand everywhere, and ids are given: any merges of that number will do.
    try Data(ClipVocabularyFiles.merges(tokens: text.vocabularySize).utf8)
        .write(to: comparison.folder.appendingPathComponent("merges.txt"))
    try OfficialFlowTokConfiguration(
        name: golden.name, files: files, velocity: flow.velocity, textVariationalEncoder: flow.text,
        imageTokenizer: tokenizer, textEncoder: text,
        scaleFactor: golden.decode("config", "scale_factor", as: Float.self)
    ).write(to: comparison.folder.path)
    let opened = try ModelFolder(path: comparison.folder.path)
    #expect(opened.warnings.isEmpty, "\(opened.warnings)")
    return opened
}
