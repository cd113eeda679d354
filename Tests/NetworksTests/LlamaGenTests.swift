import Foundation
import Layers
import ModelFolders
import Networks
import Sampling
import Tensors
import TestSupport
import Testing

/// LlamaGen: shapes, guidance, and both kinds of positions.
@Suite struct LlamaGenTests {
    private struct Stop: Error {}

    private static let tiny = LlamaGenConfiguration(
        codebookSize: 20, length: 16, classes: 5, width: 32, layers: 2, heads: 2, hidden: 24)

    private static let rotary: LlamaGenConfiguration = {
        var configuration = tiny
        configuration.positions = .rotary
        return configuration
    }()

    /// A source that gives every parameter values that matter; the head starts at zero otherwise.
    private static func model(_ configuration: LlamaGenConfiguration) -> LlamaGen {
        LlamaGen(configuration, weights: Weights(LivelySource()))
    }

    private final class LivelySource: WeightSource {
        func contains(_ name: String) -> Bool { true }

        func tensor(named name: String, shape: [Int], initial: Initializer) -> Tensor {
            let values = SyntheticValues.tensor(name, shape: shape, base: 0, scale: shape.count > 1 ? 0.4 : 0.1)
            if case .ones = initial { return values + 1 }
            return values
        }
    }

    @Test(arguments: [("GPT-B", 111_085_824), ("GPT-L", 0), ("GPT-XL", 0), ("GPT-XXL", 0), ("GPT-XXXL", 0)])
    func sizes(_ name: String, _ parameters: Int) throws {
        let size = try #require(LlamaGenConfiguration.sizes.first { $0.name == name })
        let configuration = LlamaGenConfiguration(width: size.width, layers: size.layers, heads: size.heads)
        var shapes: [String: [Int]] = [:]
        _ = LlamaGen(configuration, weights: Weights(ExpectedWeights(holds: { _ in true }) { shapes[$0] = $1 }))
        if parameters > 0 { #expect(shapes.values.reduce(0) { $0 + $1.reduce(1, *) } == parameters) }
        shapes["freqs_cis"] = [257, 32, 2]
        let found = try #require(try RecognisedCheckpoint(shapes: shapes, file: "x"))
        #expect(found.family == .llamaGen && found.configuration as? LlamaGenConfiguration == configuration)
        #expect(found.summary == "LlamaGen \(name), 1000 classes, 256 tokens of 16384 codes")
        // Without a table of positions they are those of a grid.
        shapes["positional_embedding"] = nil
        #expect((try RecognisedCheckpoint(shapes: shapes, file: "x")?.configuration as? LlamaGenConfiguration)?.positions == .rotary)
        // Queries that share keys.
        shapes["layers.0.attention.wqkv.weight"] = [2 * size.width, size.width]
        #expect(throws: (any Error).self) { try RecognisedCheckpoint(shapes: shapes, file: "x") }
    }

    @Test func codeByCodeIsTheWholeSequence() {
        for configuration in [Self.tiny, Self.rotary] {
            let model = Self.model(configuration)
            let codes = (0..<2 * 16).map { Int32($0 * 7 % 20) }
            let whole = model.logits(codes, labels: [3, configuration.noClass])
            #expect(whole.shape == [2, 17, 20])
            let reader = LlamaGen.Reader(model, labels: [3, configuration.noClass], length: 17)
            for place in 0..<17 {
                let found = reader.logits(place, after: place == 0 ? [] : [codes[place - 1], codes[16 + place - 1]])
                let expected = whole.sliced(axis: 1, place..<place + 1)
                #expect(zip(found.values, expected.values).allSatisfy { abs($0 - $1) < 1e-4 }, "\(place)")
            }
        }
    }

    /// Against plain loops: the first half of a head turns with the row, the second with the column, and the class has no
    /// query and no key.
    @Test func rotaryPositions() {
        let configuration = LlamaGenConfiguration(
            codebookSize: 20, length: 4, classes: 5, width: 8, layers: 1, heads: 1, hidden: 8, positions: .rotary)
        let model = Self.model(configuration)
        let source = LivelySource()
        func tensor(_ name: String, _ shape: [Int], _ initial: Initializer = .zeros) -> [Double] {
            source.tensor(named: name, shape: shape, initial: initial).values.map(Double.init)
        }
        func product(_ x: [Double], _ matrix: [Double]) -> [Double] {
            stride(from: 0, to: matrix.count, by: x.count).map { row in x.indices.reduce(0) { $0 + x[$1] * matrix[row + $1] } }
        }
        func normalized(_ x: [Double], _ gain: [Double]) -> [Double] {
            let scale = 1 / (x.reduce(0) { $0 + $1 * $1 } / Double(x.count) + 1e-5).squareRoot()
            return zip(x, gain).map { $0 * scale * $1 }
        }
        let codes: [Int32] = [3, 19, 0, 7]
        let table = tensor("tok_embeddings.weight", [20, 8])
        let classes = tensor("cls_embedding.embedding_table.weight", [6, 8])
        let sequence = [Array(classes[16..<24])] + codes.map { Array(table[Int($0) * 8..<Int($0) * 8 + 8]) }
        let packed = tensor("layers.0.attention.wqkv.weight", [24, 8])
        let gain = tensor("layers.0.attention_norm.weight", [8], .ones)
        func turned(_ x: ArraySlice<Double>, _ place: Int) -> [Double] {
            guard place > 0 else { return [Double](repeating: 0, count: 8) }
            var (x, out) = (Array(x), [Double](repeating: 0, count: 8))
            for pair in 0..<4 {
                let position = pair < 2 ? (place - 1) / 2 : (place - 1) % 2
                let angle = Double(position) * pow(10000, -Double(pair % 2) * 2 / 4)
                out[2 * pair] = x[2 * pair] * cos(angle) - x[2 * pair + 1] * sin(angle)
                out[2 * pair + 1] = x[2 * pair] * sin(angle) + x[2 * pair + 1] * cos(angle)
            }
            swap(&x, &out)
            return x
        }
        let read = sequence.map { product(normalized($0, gain), packed) }
        let queries = read.enumerated().map { turned($1[..<8], $0) }
        let keys = read.enumerated().map { turned($1[8..<16], $0) }
        func dot(_ a: some Sequence<Double>, _ b: some Sequence<Double>) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
        func sum(_ a: [Double], _ b: [Double]) -> [Double] { zip(a, b).map { $0 + $1 } }
        func silu(_ x: Double) -> Double { x / (1 + exp(-x)) }
        let output = tensor("layers.0.attention.wo.weight", [8, 8])
        let maps = ["w1", "w3", "w2"].map { tensor("layers.0.feed_forward.\($0).weight", [8, 8]) }
        let gains = [tensor("layers.0.ffn_norm.weight", [8], .ones), tensor("norm.weight", [8], .ones)]
        let head = tensor("output.weight", [20, 8])
        func logits(_ place: Int) -> [Double] {
            let scores: [Double] = (0...place).map { exp(dot(queries[place], keys[$0]) / 8.0.squareRoot()) }
            let total = scores.reduce(0, +)
            let attended: [Double] = (0..<8).map { c in dot(scores, (0...place).map { read[$0][16 + c] }) / total }
            let x = sum(sequence[place], product(attended, output))
            let r = normalized(x, gains[0])
            let hidden: [Double] = zip(product(r, maps[0]), product(r, maps[1])).map { silu($0) * $1 }
            return product(normalized(sum(x, product(hidden, maps[2])), gains[1]), head)
        }
        let found = model.logits(codes, labels: [2]).values
        #expect(found.count == 5 * 20)
        #expect(zip(found, sequence.indices.flatMap { logits($0) }).allSatisfy { abs(Double($0) - $1) < 1e-4 })
    }

    @Test func scales() {
        func scales(_ schedule: LlamaGenSampling.Schedule, _ guidance: Double = 3, interval: Int = -1) -> [Double?] {
            let sampling = LlamaGenSampling(guidance: guidance, schedule: schedule, windowStart: 0.5, interval: interval)
            return (0..<5).map { sampling.scale($0, of: 5).map { ($0 * 1e6).rounded() / 1e6 } }
        }
        #expect(scales(.constant) == [3, 3, 3, 3, 3])
        #expect(scales(.linear) == [3, 1.5001, 2.0001, 2.5001, 3.0001])
        #expect(scales(.linearReversed) == [3, 2.5001, 2.0001, 1.5001, 1.0001])
        #expect(scales(.triangular) == [3, 2.0001, 3.0001, 2.0001, 1.0001])
        #expect(scales(.rectangular) == [3, 3, 3, 3, 3])
        #expect(scales(.step) == [3, 1.0001, 3, 3, 3])
        #expect(scales(.constant, interval: 1) == [3, 3, 3, nil, nil])
        #expect(scales(.linear, 1) == [nil, nil, nil, nil, nil] && scales(.step, 0.5) == [nil, nil, nil, nil, nil])
    }

    @Test(arguments: NoiseGenerator.allCases) func drawing(_ generator: NoiseGenerator) throws {
        let model = Self.model(Self.tiny)
        func draw(_ seed: UInt64, _ sampling: LlamaGenSampling = LlamaGenSampling()) throws -> [[Int32]] {
            try Self.draw(model, [0, 4], sampling, seed, generator)
        }
        let first = try draw(1)
        #expect(first.count == 2 && first.allSatisfy { $0.count == 16 && $0.allSatisfy { (0..<20).contains($0) } })
        #expect(try draw(1) == first)
        #expect(try draw(2) != first)
        let likeliest = try draw(1, LlamaGenSampling(temperature: 0))
        #expect(try draw(2, LlamaGenSampling(temperature: 0)) == likeliest)
        // The likeliest code alone, by number or by probability.
        #expect(try draw(1, LlamaGenSampling(topK: 1)) == likeliest)
        #expect(try draw(1, LlamaGenSampling(topP: 0)) == likeliest)
        #expect(try draw(1, LlamaGenSampling(guidance: 1)) == draw(1, LlamaGenSampling(guidance: 0)))
    }

    private static func draw(
        _ model: LlamaGen, _ classes: [Int], _ sampling: LlamaGenSampling, _ seed: UInt64, _ generator: NoiseGenerator
    ) throws -> [[Int32]] {
        switch generator {
        case .philox:
            var noise = CounterRandom(seed: seed)
            return try model.generate(classes: classes, sampling: sampling, noise: &noise)
        case .torch:
            var noise = TorchRandom(seed: seed)
            return try model.generate(classes: classes, sampling: sampling, noise: &noise)
        }
    }

    @Test func progressAndRefusals() throws {
        let model = Self.model(Self.tiny)
        var noise = CounterRandom(seed: 1)
        var steps: [Int] = []
        #expect(throws: Stop.self) {
            try model.generate(classes: [1], sampling: LlamaGenSampling(), noise: &noise) { step in
                steps.append(step.step)
                #expect(step.steps == 16)
                if step.step == 3 { throw Stop() }
            }
        }
        #expect(steps == [1, 2, 3])
        for (classes, sampling) in [
            ([5], LlamaGenSampling()), ([-1], LlamaGenSampling()), ([0], LlamaGenSampling(temperature: -1)),
            ([0], LlamaGenSampling(topK: -1)), ([0], LlamaGenSampling(topP: 1.5)), ([0], LlamaGenSampling(guidance: .nan)),
        ] {
            #expect(throws: GeneratorError.self) {
                try model.generate(classes: classes, sampling: sampling, noise: &noise)
            }
        }
        #expect(try model.generate(classes: [], sampling: LlamaGenSampling(), noise: &noise).isEmpty)
    }

    @Test(arguments: [
        ("dim", "770"), ("n_layer", "0"), ("n_head", "1099511627776"), ("block_size", "-1"), ("vocab_size", "0"),
        ("norm_eps", "-1"), ("cfg_scale", "1e300"), ("top_p", "2"), ("dim", "9223372036854775807"), ("n_head", "[12]"),
        ("cfg_schedule", "\"cosine\""), ("top_k", "-1"),
    ])
    func configurationsThatFitNothing(_ key: String, _ value: String) throws {
        let fields = ["dim": "768", "n_layer": "12", "n_head": "12"].merging([key: value]) { $1 }
        let text = "{" + fields.map { "\"\($0)\": \($1)" }.joined(separator: ", ") + "}"
        do {
            let configuration = try JSONDecoder().decode(LlamaGenConfiguration.self, from: Data(text.utf8))
            #expect(configuration.invalidReason != nil)
        } catch is DecodingError {}
    }

    @Test func configurationsAreCodedWithTheirSampling() throws {
        let configuration = LlamaGenConfiguration(
            width: 768, layers: 12, heads: 12, positions: .rotary,
            sampling: LlamaGenSampling(temperature: 0.9, topK: 3, topP: 0.5, guidance: 1.75, schedule: .step, windowStart: 0.2, interval: 4))
        #expect(try JSONDecoder().decode(LlamaGenConfiguration.self, from: JSONEncoder().encode(configuration)) == configuration)
        #expect(configuration.hidden == 2048)
    }
}
