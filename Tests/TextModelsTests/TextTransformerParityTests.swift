import Layers
import Tensors
import TestSupport
import Testing
import TextModels

/// CLIP's text tower against the official implementation's outputs.
@Suite struct TextTransformerParityTests {
    @Test(
        "The text tower agrees with open_clip's",
        .enabled(if: Goldens.areAvailable, Comment(rawValue: Goldens.absence)),
        arguments: Goldens.cases(of: "flowtok", prefix: "clip_", full: false))
    func agrees(_ name: String) throws {
        try compare(name, tolerance: 2e-5)
    }

    @Test(
        "The text tower agrees with open_clip's at the size of ViT-L/14",
        .enabled(if: Goldens.fullAreAvailable, Comment(rawValue: Goldens.fullAbsence)),
        arguments: Goldens.cases(of: "flowtok", prefix: "clip_", full: true))
    func fullAgrees(_ name: String) throws {
        try compare(name, tolerance: 2e-5)
    }

    private func compare(_ name: String, tolerance: Float) throws {
        let golden = try GoldenCase("flowtok", name)
        let shape = try golden.decode("config", as: ClipCaseShape.self)
        let configuration = TextTransformerConfiguration(
            vocabularySize: shape.vocab_size, contextLength: shape.context_length, width: shape.width,
            layers: shape.layers, heads: shape.heads, activation: try #require(Activation(rawValue: shape.activation)))
        #expect(configuration.problem == nil)
        let weights = golden.weights
        let model = TextTransformer(configuration, weights: Weights(weights))
        #expect(weights.problems.isEmpty, "\(weights.problems)")
        #expect(weights.unused() == ["text_projection"], "never read: \(weights.unused())")

        let ids = try golden.integers("input_ids").map { Int32($0) }
        let embedded = model.embed(ids)
        let results = [
            "embed": embedded, "block_0_out": model.blocks[0](embedded), "hidden": model(ids),
        ]
        let report = GoldenReport(name)
        for output in golden.outputs where !output.hasPrefix("input_") {
            let actual = try #require(results[output], "nothing computes \(output)")
            report.compare(output, actual, try golden.golden(output), tolerance: tolerance)
        }
        report.print()
        #expect(report.failures.isEmpty, "\(report.failures.joined(separator: "\n"))")
    }
}
