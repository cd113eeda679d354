import Files
import Layers
import Networks
import Sampling
import Tensors
import TestSupport
import Testing

/// A small RAR with weights at random.
@Suite struct RARTests {
    private static let configuration = RARConfiguration(
        codebookSize: 12, length: 9, classes: 5, width: 32, layers: 2, heads: 4, hidden: 48)

    /// Weights that make a difference: fresh ones leave the blocks out.
    private final class RandomWeights: WeightSource {
        private let spoiled: String?

        init(spoiling name: String? = nil) { spoiled = name }

        func contains(_ name: String) -> Bool { true }

        func tensor(named name: String, shape: [Int], initial: Initializer) -> Tensor {
            if name == spoiled { return .filled(shape, with: .nan) }
            return SyntheticValues.tensor(name, shape: shape, base: shape.count == 1 ? 0.5 : 0, scale: 0.5)
        }
    }

    private let model = RAR(configuration, weights: Weights(RandomWeights()))

    private func draw(
        _ model: RAR, _ classes: [Int], _ settings: GeneratorSettings = GeneratorSettings(), seed: UInt64 = 1,
        progress: (GenerationStep) throws -> Void = { _ in }
    ) throws -> [[Int32]] {
        var noise: any NoiseSource = CounterRandom(seed: seed)
        let tokens = try model.generate(
            .classes(classes), settings: settings.filled(from: model.defaults), noise: &noise, progress: progress)
        guard case .indices(let codes) = tokens else { return [] }
        return codes
    }

    /// Token by token, with the cache and with modulations made ahead, as in one pass over everything.
    @Test(arguments: [1, 3, 40])
    func readingTokenByTokenIsReadingAtOnce(_ rows: Int) {
        let (length, codes) = (Self.configuration.length, Self.configuration.codebookSize)
        var random = CounterRandom(seed: 2)
        let ids = (0..<rows * length).map { _ in Int32(random.integer(in: 0...codes - 1)) }
        let labels = (0..<rows).map { $0 % (Self.configuration.classes + 1) }
        let whole = model.pass(ids, labels: labels).logits
        let reader = RAR.Reader(model, labels: labels)
        for index in 0..<length {
            let last = index == 0 ? [] : (0..<rows).map { ids[$0 * length + index - 1] }
            let logits = reader.logits(index, after: last)
            let expected = whole.sliced(axis: 1, index..<index + 1)
            let worst = zip(logits.values, expected.values).map { abs($0 - $1) }.max() ?? .infinity
            #expect(logits.shape == [rows, codes] && worst < 2e-5, "token \(index): \(worst)")
        }
    }

    @Test func drawing() throws {
        let drawn = try draw(model, [0, 3])
        #expect(drawn.count == 2 && drawn.allSatisfy { $0.count == 9 && $0.allSatisfy { (0..<12).contains($0) } })
        #expect(try draw(model, [0, 3]) == drawn)
        #expect(try draw(model, [0, 3], seed: 2) != drawn)
        #expect(try draw(model, [1, 3]) != drawn)
        #expect(try draw(model, []) == [])
        // Without noise there is one picture of a class, whatever is drawn beside it.
        let still = GeneratorSettings(temperature: 0)
        #expect(try draw(model, [0, 3], still) == draw(model, [0], still) + draw(model, [3], still))
        #expect(try draw(model, [0, 3], still, seed: 2) == draw(model, [0, 3], still))
        // Guidance of exactly 0 is none; of 1 it is the class alone by another way.
        let none = try draw(model, [2], GeneratorSettings(guidance: 0, temperature: 0))
        #expect(try draw(model, [2], GeneratorSettings(guidance: 1, temperature: 0)) == none)
        var steps: [Int] = []
        _ = try draw(model, [0]) { steps.append($0.step) }
        #expect(steps == Array(1...9))
    }

    @Test func whatCannotBeDrawn() {
        #expect(refusal { try draw(model, [0, 5]) }.text.contains("no class 5"))
        #expect(refusal { try draw(model, [-1]) }.category == .usage)
        for settings in [
            GeneratorSettings(guidance: .nan), GeneratorSettings(temperature: -1), GeneratorSettings(topK: -1),
            GeneratorSettings(topP: 1.5), GeneratorSettings(steps: 4),
        ] {
            #expect(refusal { try draw(model, [0], settings) }.category == .usage)
        }
        var noise: any NoiseSource = CounterRandom(seed: 1)
        let text = TextCondition(hidden: .zeros([1, 2, 3]), pooled: .zeros([1, 3]))
        #expect(
            refusal {
                try model.generate(
                    .captions(text, unconditional: text), settings: model.defaults, noise: &noise, progress: { _ in })
            }.text.contains("draws classes"))
        let broken = RAR(Self.configuration, weights: Weights(RandomWeights(spoiling: "blocks.1.mlp.fc1.weight")))
        let (message, category) = refusal { try draw(broken, [0]) }
        #expect(message.contains("the logits of token 0 are not finite") && category == .data)
    }

    @Test func impossibleShapes() {
        func with(_ change: (inout RARConfiguration) -> Void) -> String {
            var configuration = Self.configuration
            change(&configuration)
            return configuration.invalidReason ?? ""
        }
        #expect(with { _ in }.isEmpty)
        #expect(with { $0.heads = 5 }.contains("5 heads"))
        #expect(with { $0.length = 1 << 40 }.contains("image_seq_len"))
        #expect(with { $0.sampling.power = -1 }.contains("guidance_scale_pow"))
        #expect(with { $0.sampling.temperature = .nan }.contains("randomize_temperature"))
    }
}
