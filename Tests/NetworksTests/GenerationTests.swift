import Layers
import Networks
import Sampling
import Tensors
import TestSupport
import Testing

/// What every generator keeps to.
@Suite struct GenerationTests {
    private struct Stop: Error {}

    private static let shape = MMDiTShape(width: 32, depth: 2, heads: 4, textWidth: 12, microWidth: 8)

    private let classes = MaskGITGenerator(
        MaskGITConfiguration(
            architecture: .uvit, codebookSize: 50, length: 9, classes: 5, width: 32, layers: 2, heads: 4, hidden: 64),
        weights: Weights(FreshWeights(seed: 1)))
    private let codes = MaskGenVQ(
        MaskGenVQConfiguration(transformer: shape, codebookSize: 50, length: 9, classes: 3),
        weights: Weights(FreshWeights(seed: 2)))
    private let latents = MaskGenKL(
        MaskGenKLConfiguration(
            transformer: shape, length: 7, channels: 3, headDepth: 2, headWidth: 16, samplingSteps: "5"),
        weights: Weights(FreshWeights(seed: 3)))
    private let text = TextCondition(hidden: .normal([2, 6, 12], seed: 4), pooled: .normal([2, 12], seed: 5))
    private let empty = TextCondition(hidden: .normal([1, 6, 12], seed: 6), pooled: .normal([1, 1, 12], seed: 7))

    private typealias Drawn = (classes: [[Int32]], codes: [[Int32]], latents: [Float])

    /// One drawing of each generator. Generic, since Swift 6.3 crashes in debug builds where an existential source is opened in
    /// a tuple.
    private func drawn(_ noise: inout some NoiseSource) throws -> Drawn {
        let first = try classes.generate(classes: [0, 4], noise: &noise)
        let second = try codes.generate(text, unconditional: empty, noise: &noise)
        let third = try latents.generate(text, unconditional: empty, noise: &noise).values
        return (first, second, third)
    }

    @Test("The same source gives the same tokens, another seed others", arguments: NoiseGenerator.allCases)
    func deterministic(_ generator: NoiseGenerator) throws {
        func draw(_ seed: UInt64) throws -> Drawn {
            var noise = generator.source(seed: seed)
            return try drawn(&noise)
        }
        let (first, again, other) = (try draw(1), try draw(1), try draw(2))
        #expect(first == again)
        #expect(first.0 != other.0 && first.1 != other.1 && first.2 != other.2)
        #expect((first.0 + first.1).allSatisfy { $0.count == 9 && $0.allSatisfy { (0..<50).contains($0) } })
        #expect(first.2.count == 2 * 7 * 3 && first.2.allSatisfy(\.isFinite))
    }

    @Test("More steps than tokens, and a single step, end with all tokens drawn", arguments: [1, 40])
    func steps(_ steps: Int) throws {
        var noise = CounterRandom(seed: 8)
        var seen: [Int] = []
        let tokens = try classes.generate(
            classes: [3], sampling: MaskGITSampling(steps: steps), noise: &noise
        ) { seen.append($0.step) }
        #expect(seen == Array(1...steps))
        #expect(tokens.allSatisfy { $0.allSatisfy { $0 < 50 } })
        let drawn = try latents.generate(
            text, unconditional: empty, sampling: MaskGenKLSampling(steps: steps, guidance: 1), noise: &noise)
        #expect(drawn.shape == [2, 7, 3] && drawn.values.allSatisfy { $0.isFinite && $0 != 0 })
    }

    @Test("Greedy decoding does not depend on the noise, annealed or not", arguments: [true, false])
    func greedy(_ annealing: Bool) throws {
        func draw(_ seed: UInt64) throws -> [[Int32]] {
            var noise = CounterRandom(seed: seed)
            return try codes.generate(
                text, unconditional: empty, sampling: MaskGenVQSampling(temperature: 0, annealing: annealing),
                noise: &noise)
        }
        #expect(try draw(1) == draw(2))
    }

    @Test("What progress throws ends the drawing")
    func cancelled() {
        var noise = CounterRandom(seed: 9)
        #expect(throws: Stop.self) { try classes.generate(classes: [1], noise: &noise) { _ in throw Stop() } }
        #expect(throws: Stop.self) {
            try codes.generate(text, unconditional: empty, noise: &noise) { _ in throw Stop() }
        }
        #expect(throws: Stop.self) {
            _ = try latents.generate(text, unconditional: empty, noise: &noise) { _, _ in throw Stop() }
        }
    }

    @Test("Unknown classes and impossible settings are refused by name")
    func refused() {
        var noise = CounterRandom(seed: 10)
        #expect(throws: GeneratorError.noSuchClass(5, count: 5)) { try classes.generate(classes: [0, 5], noise: &noise) }
        #expect(throws: GeneratorError.noSuchClass(-1, count: 5)) { try classes.generate(classes: [-1], noise: &noise) }
        for sampling in [
            MaskGITSampling(steps: 0), MaskGITSampling(guidance: .nan), MaskGITSampling(temperature: -1),
            MaskGITSampling(temperature: .infinity),
        ] {
            #expect(throws: GeneratorError.self) {
                try classes.generate(classes: [0], sampling: sampling, noise: &noise)
            }
        }
        #expect(throws: GeneratorError.badSetting(name: "steps", given: "0", expected: "1 to 10000")) {
            try codes.generate(text, unconditional: empty, sampling: MaskGenVQSampling(steps: 0), noise: &noise)
        }
        #expect(throws: GeneratorError.self) {
            _ = try latents.generate(
                text, unconditional: empty, sampling: MaskGenKLSampling(guidance: .infinity), noise: &noise)
        }
    }
}
