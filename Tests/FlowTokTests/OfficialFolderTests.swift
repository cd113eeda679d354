import Checkpoints
import FlowTok
import Foundation
import Images
import Layers
import ModelFolders
import Networks
import Sampling
import Tensors
import TestSupport
import Testing
import TextTokenizers

/// A folder of files in the published formats, opened as a user opens it, against the official pipeline's outputs.
@Suite struct OfficialFolderTests {
    private struct Run: Decodable {
        let prompts: [String]
        let steps: Int
        let guidance_scale: Float
        let solver: Solver
    }

    @Test(
        "A folder of published files draws what the official pipeline draws",
        .enabled(if: Goldens.areAvailable, Comment(rawValue: Goldens.absence)),
        arguments: Goldens.cases(of: "flowtok", prefix: "e2e_", full: false))
    func agrees(_ name: String) throws {
        let golden = try GoldenCase("flowtok", name)
        let run = try golden.decode("run", as: Run.self)
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let hasVocabulary = try write(golden, run, to: folder)

        let flowtok = try FlowTok(model: folder)
        #expect(flowtok.warnings.isEmpty && flowtok.configuration.textDecoder == nil)
        let report = GoldenReport(name + ", as a folder")
        let expected = try golden.integers("input_ids").map { Int32($0) }
        if hasVocabulary {
            #expect(try run.prompts.flatMap { try flowtok.textTokenizer.encode($0) } == expected)
        }
        // The golden's own noise through the loaded model.
        let model = flowtok.model
        let (start, hidden) = model.textTokens(expected, noise: try golden.tensor("input_text_noise"))
        let settings = flowtok.configuration.sampling
        let end = try model.imageTokens(
            from: start, integrator: FlowIntegrator(settings.solver, steps: settings.steps),
            guidance: Guidance(scale: settings.guidance))
        let image = model.pixels(end, guidedBy: hidden)
        for (output, actual) in [("clip_hidden", hidden), ("x0", start), ("z_final", end), ("image", image)] {
            report.compare(output, actual, try golden.golden(output), tolerance: 3e-5)
        }
        report.print()
        #expect(report.failures.isEmpty, "\(report.failures.joined(separator: "\n"))")

        // `generate` with PyTorch's noise is the same computation from the stream of its seed.
        let prompt = run.prompts[0]
        let drawn = try flowtok.generate(GenerationRequest(prompt, seed: 11, rng: .torch))[0]
        var torch = TorchRandom(seed: 11)
        let (from, states) = model.textTokens(
            try flowtok.textTokenizer.encode(prompt), noise: torch.normal([1] + model.latentShape))
        let tokens = try model.imageTokens(
            from: from, integrator: FlowIntegrator(settings.solver, steps: settings.steps),
            guidance: Guidance(scale: settings.guidance))
        let pixels = model.pixels(tokens, guidedBy: states)
        let side = pixels.shape[2]
        #expect(try drawn.image == Image(planar: pixels.values, width: side, height: side))
        #expect(drawn.rng == .torch)
        #expect(try flowtok.generate(GenerationRequest(prompt, seed: 11))[0].image != drawn.image)
        #expect(throws: FlowTokError.self) { try flowtok.caption(drawn.image) }
    }

    /// Writes the case's checkpoints and a configuration; returns whether the vocabulary is the published one.
    private func write(_ golden: GoldenCase, _ run: Run, to folder: String) throws -> Bool {
        let files = [("clip.", "clip.pt"), ("flowtok.", "FlowTok.pth"), ("flowtitok.", "FlowTiTok.bin")]
        for (prefix, file) in files {
            let parameters = golden.parameters.filter { $0.name.hasPrefix(prefix) }
            try TorchArchiveWriter.write(
                parameters.map { (String($0.name.dropFirst(prefix.count)), $0.tensor) }, to: folder + "/" + file)
        }
        let tower = try golden.decode("config", "clip", as: ClipCaseShape.self)
        let flow = try golden.decode("config", "flowtok", as: FlowTokCaseShape.self)
        let published = ProcessInfo.processInfo.environment["FLOWTOK_CLIP_VOCABULARY"]
        let vocabulary = "bpe_simple_vocab_16e6.txt" + (published == nil ? "" : ".gz")
        if let published {
            try FileManager.default.copyItem(atPath: published, toPath: folder + "/" + vocabulary)
        } else {
            try Data(ClipVocabularyFiles.merges(tokens: tower.vocab_size).utf8)
                .write(to: URL(fileURLWithPath: folder + "/" + vocabulary))
        }
        try OfficialFlowTokConfiguration(
            name: golden.name,
            files: ModelFiles(
                flow: "FlowTok.pth", imageTokenizer: "FlowTiTok.bin", textEncoder: "clip.pt", vocabulary: [vocabulary]),
            velocity: VelocityConfiguration(
                depth: flow.depth, width: flow.width, heads: flow.heads, tokens: flow.num_latent_tokens,
                channels: flow.channels),
            textVariationalEncoder: TextVariationalConfiguration(
                width: flow.clip_dim, layers: flow.text_encoder.layers, heads: flow.text_encoder.heads,
                hidden: flow.text_encoder.ff, channels: flow.channels),
            imageTokenizer: try golden.decode("config", "flowtitok", as: FlowTiTokConfiguration.self),
            textEncoder: TextTransformerConfiguration(
                vocabularySize: tower.vocab_size, contextLength: tower.context_length, width: tower.width,
                layers: tower.layers, heads: tower.heads, activation: try #require(Activation(rawValue: tower.activation))),
            scaleFactor: try golden.decode("config", "scale_factor", as: Float.self),
            sampling: SamplingDefaults(solver: run.solver, steps: run.steps, guidance: run.guidance_scale)
        ).write(to: folder)
        return published != nil
    }
}
