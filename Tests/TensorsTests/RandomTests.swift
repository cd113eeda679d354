import Tensors
import TestSupport
import Testing

/// The counter-based generator: known answers, independence of what was drawn before, moments.
@Suite struct RandomTests {
    /// The known-answer vectors that Random123 publishes for Philox4x32-10.
    @Test func knownAnswers() {
        #expect(
            CounterRandom.philox(seed: 0, stream: 0, position: 0)
                == SIMD4(0x6627_E8D5, 0xE169_C58D, 0xBC57_AC4C, 0x9B00_DBD8))
        #expect(
            CounterRandom.philox(seed: .max, stream: .max, position: .max)
                == SIMD4(0x408F_276D, 0x41C8_3B0E, 0xA20B_C7C6, 0x6D54_51FD))
        // The digits of π: counter 243f6a88 85a308d3 13198a2e 03707344, key a4093822 299f31d0.
        #expect(
            CounterRandom.philox(
                seed: 0x299F_31D0_A409_3822, stream: 0x0370_7344_1319_8A2E, position: 0x85A3_08D3_243F_6A88)
                == SIMD4(0xD16C_FE09, 0x94FD_CCEB, 0x5001_E420, 0x2412_6EA1))
    }

    @Test func drawsFollowTheBlocks() {
        var random = CounterRandom(seed: 5, stream: 6)
        let draws = (0..<8).map { _ in random.next32() }
        let blocks = (0..<2).flatMap { position in
            let block = CounterRandom.philox(seed: 5, stream: 6, position: UInt64(position))
            return (0..<4).map { block[$0] }
        }
        #expect(draws == blocks)
        var wide = CounterRandom(seed: 5, stream: 6)
        #expect(wide.next() == UInt64(blocks[0]) | UInt64(blocks[1]) << 32)
    }

    @Test func streamsAndSeedsDiffer() {
        func draws(_ seed: UInt64, _ stream: UInt64) -> [UInt32] {
            var random = CounterRandom(seed: seed, stream: stream)
            return (0..<16).map { _ in random.next32() }
        }
        #expect(draws(1, 0) == draws(1, 0))
        #expect(Set([draws(1, 0), draws(2, 0), draws(1, 1), draws(2, 1), draws(1 << 32, 0), draws(0, 1 << 32)]).count == 6)
    }

    @Test func uniformMoments() {
        var random = CounterRandom(seed: 1)
        let values = (0..<200_000).map { _ in Double(random.uniform()) }
        #expect(values.allSatisfy { $0 >= 0 && $0 < 1 })
        let mean = values.reduce(0, +) / 200_000
        let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 200_000
        // Four standard errors.
        #expect(abs(mean - 0.5) < 0.0026)
        #expect(abs(variance - 1.0 / 12) < 0.0007)
        let tensor = Tensor.randomUniform([1000], from: -2, to: 3, using: &random)
        #expect(tensor.values.allSatisfy { $0 >= -2 && $0 < 3 })
    }

    @Test func normalMoments() {
        var random = CounterRandom(seed: 2)
        let values = Tensor.randomNormal([200_000], using: &random).values.map { Double($0) }
        func moment(_ power: Int) -> Double {
            values.reduce(0) { sum, x in sum + (0..<power).reduce(1) { product, _ in product * x } } / 200_000
        }
        // Four standard errors of the moments 0, 1, 0 and 3.
        #expect(abs(moment(1)) < 0.009)
        #expect(abs(moment(2) - 1) < 0.013)
        #expect(abs(moment(3)) < 0.035)
        #expect(abs(moment(4) - 3) < 0.09)
        // Neighbours, which come from one pair of draws, do not correlate.
        let neighbours = stride(from: 0, to: 200_000, by: 2).reduce(0) { $0 + values[$1] * values[$1 + 1] } / 100_000
        #expect(abs(neighbours) < 0.013)
        #expect(values.allSatisfy { $0.isFinite })
    }
}
