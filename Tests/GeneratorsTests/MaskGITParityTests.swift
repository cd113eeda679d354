import Generators
import Tensors
import TestSupport
import Testing

/// The class-conditional generators against the official implementation's outputs.
@Suite struct MaskGITParityTests {
    @Test(
        "MaskGIT generators agree with the official ones",
        .enabled(if: Goldens.areAvailable, Comment(rawValue: Goldens.absence)),
        arguments: generatorCases("ImageBert", "UViTBert"))
    func agrees(_ name: String) throws {
        let golden = try GoldenCase("titok", name)
        let inputs = try GoldenInputs(golden)
        let configuration = try golden.decode("config", as: MaskGITConfiguration.self)
        #expect(configuration.problem == nil)
        let generator = try built(golden, ignoring: MaskGITGenerator.ignores) {
            MaskGITGenerator(configuration, weights: $0)
        }
        let tolerance: Float = 5e-5
        let report = GoldenReport(name)
        let ids = try golden.integers("forward/ids").map { Int32($0) }
        let labels = try golden.integers("forward/labels")
        let none = labels.map { _ in configuration.noClass }
        for (output, value) in [
            ("forward/logits_cond", generator.network.logits(ids, classes: labels)),
            ("forward/logits_uncond", generator.network.logits(ids, classes: none)),
        ] + intermediates(generator.network, ids, labels) {
            report.compare(output, value, try golden.golden(output), tolerance: tolerance)
        }
        let classes = try golden.decode("labels", as: [Int].self)
        for run in try golden.decode("runs", as: [Run<MaskGITSampling>].self) {
            var noise = inputs.noise(of: run.name)
            var trace = TokenTrace(start: configuration.maskID, count: classes.count * configuration.tokens)
            let tokens = try generator.generate(classes: classes, sampling: run.settings, noise: &noise) {
                trace.note($0.tokens)
            }
            #expect(noise.problems.isEmpty && noise.left.isEmpty, "\(run.name): \(noise.problems), left \(noise.left)")
            #expect(tokens.flatMap { $0.map { Int($0) } } == trace.end)
            try report.compare("\(run.name)/ids_before_step", trace.before, golden)
            try report.compare("\(run.name)/ids", trace.end, golden)
        }
        report.conclude(golden, given: ["forward/ids", "forward/labels"])
    }

    private func intermediates(
        _ network: any MaskGITNetwork, _ ids: [Int32], _ labels: [Int]
    ) -> [(String, Tensor)] {
        switch network {
        case let network as ImageBert:
            let embedded = network.embed(ids, classes: labels)
            return [("forward/embeddings_out", embedded), ("forward/block_0_out", network.layers[0](embedded))]
        case let network as UViTBert:
            var x = network.embed(ids, classes: labels)
            var halves: [Tensor] = []
            for block in network.inBlocks {
                x = block(x)
                halves.append(x)
            }
            let middle = network.midBlock(x)
            return [
                ("forward/in_block_0_out", halves[0]), ("forward/mid_block_out", middle),
                ("forward/out_block_0_out", network.outBlocks[0](middle, skip: x)),
            ]
        default: return []
        }
    }
}
