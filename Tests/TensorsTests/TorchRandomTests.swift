import Foundation
import Tensors
import TestSupport
import Testing

/// PyTorch's stream.
@Suite struct TorchRandomTests {
    private struct Reference: Decodable {
        struct Case: Decodable {
            let seed: UInt64
            let count: Int
            let kept: String
            let values: [Float]
        }

        let cases: [Case]
    }

    @Test(
        "Normal values are those of torch.randn after torch.manual_seed",
        .enabled(if: Goldens.areAvailable, Comment(rawValue: Goldens.absence)))
    func normals() throws {
        let file = Goldens.folder.appendingPathComponent("torch_randn.json")
        let reference = try JSONDecoder().decode(Reference.self, from: Data(contentsOf: file))
        var worst: Float = 0
        for entry in reference.cases {
            var random = TorchRandom(seed: entry.seed)
            let all = random.normal([entry.count]).values
            let kept = entry.kept == "all" ? all : Array(all.prefix(8) + all.suffix(24))
            #expect(kept.count == entry.values.count, "seed \(entry.seed), \(entry.count) values")
            for (value, expected) in zip(kept, entry.values) {
                let difference = abs(value - expected)
                worst = max(worst, difference)
                #expect(difference <= 2e-6 * max(1, abs(expected)), "seed \(entry.seed), \(entry.count) values")
            }
        }
        print("torch.randn: \(reference.cases.count) cases, largest difference \(worst)")
        #expect(!reference.cases.isEmpty)
    }

    @Test("The engine is MT19937")
    func engine() {
        var twister = MersenneTwister(seed: 5489)
        var value: UInt32 = 0
        for _ in 0..<10_000 { value = twister.next32() }
        // The ten thousandth value of the default seed, which the C++ standard states.
        #expect(value == 4_123_659_995)
    }

    @Test("Uniform values are the low 24 bits of the draws")
    func uniforms() {
        var twister = MersenneTwister(seed: 7)
        let expected = (0..<100).map { _ in Float(twister.next32() % (1 << 24)) / Float(1 << 24) }
        var random = TorchRandom(seed: 7)
        #expect(random.uniform([60]).values + random.uniform([40]).values == expected)
    }

    @Test("Requests below sixteen values share pairs; larger ones do not touch them")
    func pairs() {
        var whole = TorchRandom(seed: 3)
        let four = whole.normal([4]).values
        var parts = TorchRandom(seed: 3)
        #expect(parts.normal([1]).values + parts.normal([3]).values == four)
    }

    @Test("Only the low 32 bits of a seed count")
    func longSeeds() {
        var long = TorchRandom(seed: 1 << 40 + 7)
        var short = TorchRandom(seed: 7)
        #expect(long.normal([20]).values == short.normal([20]).values)
    }

    @Test("Permutations are those of torch.randperm")
    func permutations() {
        var random = TorchRandom(seed: 0)
        #expect(random.permutation(10) == [4, 1, 7, 5, 3, 9, 0, 8, 6, 2])
        #expect(random.permutation(0) == [])
        #expect(random.permutation(1) == [0])
    }

    @Test("Every generator repeats itself from the same seed", arguments: NoiseGenerator.allCases)
    func repeats(_ generator: NoiseGenerator) {
        func draws(_ seed: UInt64) -> ([Float], [Float], [Int]) {
            var source = generator.source(seed: seed)
            return (source.normal([3, 9]).values, source.uniform([5]).values, source.permutation(20))
        }
        #expect(draws(11) == draws(11))
        #expect(draws(11).0 != draws(12).0)
        #expect(draws(11).1.allSatisfy { $0 >= 0 && $0 < 1 })
        #expect(draws(11).2.sorted() == Array(0..<20))
    }
}
