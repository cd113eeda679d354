import Files
import Foundation
import Sampling
import Tensors
import TestSupport
import Testing

/// Drawing tokens against plain definitions, and the loop.
@Suite struct AutoregressiveSamplingTests {
    private let logits = Tensor([2, 1, 0, -1, 2, 0.5, 1.5, -3, 0, 0, 4, 0], shape: [2, 6])

    /// The definition in double, a row at a time.
    private func defined(_ row: [Double], temperature: Double, topK: Int, topP: Double) -> [Double] {
        var values = row.map { $0 / temperature }
        if topK > 0, topK < values.count {
            let least = values.sorted(by: >)[topK - 1]
            values = values.map { $0 < least ? -.infinity : $0 }
        }
        let weights = values.map { exp($0) }
        var probabilities = weights.map { $0 / weights.reduce(0, +) }
        let order = probabilities.indices.sorted { probabilities[$0] > probabilities[$1] }
        var before = 0.0
        for index in order {
            let own = probabilities[index]
            if topP < 1, before > topP { probabilities[index] = 0 }
            before += own
        }
        let sum = probabilities.reduce(0, +)
        return probabilities.map { $0 / sum }
    }

    private static let cases: [(Double, Int, Double)] = [
        (1, 0, 1), (0.7, 0, 1), (1, 1, 1), (1, 3, 1), (1.02, 100, 1), (1, 0, 0.6), (0.9, 4, 0.7), (2, 0, 0),
    ]

    @Test(arguments: cases)
    func probabilities(temperature: Double, topK: Int, topP: Double) {
        let found = TokenSampling(temperature: temperature, topK: topK, topP: topP).probabilities(of: logits).values
        for row in 0..<2 {
            let values = logits.values[row * 6..<(row + 1) * 6].map { Double($0) }
            let expected = defined(values, temperature: temperature, topK: topK, topP: topP)
            for code in 0..<6 { #expect(abs(Double(found[row * 6 + code]) - expected[code]) < 1e-6, "row \(row), code \(code)") }
        }
        // Two codes are the likeliest of the first row: one alone never is.
        if topK == 1 { #expect(found[0] == 0.5 && found[4] == 0.5) }
    }

    @Test func drawsFollowTheProbabilities() {
        let sampling = TokenSampling(temperature: 1.3, topK: 4)
        let expected = sampling.probabilities(of: logits).values
        var noise = CounterRandom(seed: 5)
        var counts = [Int](repeating: 0, count: 12)
        let draws = 20_000
        for _ in 0..<draws {
            for (row, code) in sampling.draw(from: logits, noise: &noise).enumerated() { counts[row * 6 + Int(code)] += 1 }
        }
        for (count, probability) in zip(counts, expected) {
            let deviation = (Double(probability * (1 - probability)) / Double(draws)).squareRoot()
            #expect(abs(Double(count) / Double(draws) - Double(probability)) <= 5 * deviation)
        }
    }

    @Test func temperatureZeroDrawsNothing() {
        var noise = ListedNoise([])
        #expect(TokenSampling(temperature: 0).draw(from: logits, noise: &noise) == [0, 4])
        #expect(noise.problems.isEmpty)
    }

    /// What PyTorch 2.13 gives on the CPU after `torch.manual_seed(7)`.
    @Test func torchDraws() {
        var random = TorchRandom(seed: 7)
        let expected: [Float] = [0.32764393, 0.31978348, 1.9811754, 1.0691168, 2.5578563, 1.8297441, 0.3491492, 0.8226219]
        for (value, golden) in zip(random.exponential([8]).values, expected) { #expect(abs(value - golden) <= 1e-6 * golden) }
        // torch.multinomial(torch.softmax(torch.arange(12.0).reshape(2, 6) / 3, 1), 1), five times.
        random = TorchRandom(seed: 7)
        let logits = Tensor((0..<12).map { Float($0) / 3 }, shape: [2, 6])
        let drawn = (0..<5).map { _ in TokenSampling().draw(from: logits, noise: &random) }
        #expect(drawn == [[1, 5], [4, 5], [4, 5], [1, 3], [2, 5]])
    }

    @Test func schedules() {
        #expect(GuidanceSchedule.constant.scale(4, at: 0) == 4)
        // RAR: 0 to the power of 0 is 1, so that power 0 is the full scale from the start.
        #expect(GuidanceSchedule.powerCosine(power: 0).scale(4, at: 0) == 4)
        #expect(GuidanceSchedule.powerCosine(power: 2.75).scale(16, at: 0) == 1)
        #expect(abs(GuidanceSchedule.powerCosine(power: 1).scale(5, at: 0.5) - 3) < 1e-12)
        #expect(GuidanceSchedule.linear.scale(5, at: 0.25) == 2)
        #expect(GuidanceSchedule.linearReversed.scale(5, at: 0.25) == 4)
        #expect(GuidanceSchedule.triangular.scale(5, at: 0.25) == 3)
        #expect(GuidanceSchedule.triangular.scale(5, at: 0.75) == 3)
        #expect(GuidanceSchedule.window(0.18...1).scale(1.75, at: 0.1) == 1)
        #expect(GuidanceSchedule.window(0.18...1).scale(1.75, at: 0.18) == 1.75)
    }

    @Test func guidedHalves() {
        let rows = Tensor([1, 2, 3, 4, 0, 0, 1, 1], shape: [4, 2])
        #expect(rows.guidedHalves(scale: 2).values == [2, 4, 5, 7])
        #expect(rows.guidedHalves(scale: 2).shape == [2, 2])
    }

    @Test func loop() throws {
        var noise = CounterRandom(seed: 1)
        var seen: [[Int32]] = []
        var reports: [SamplingStep<[[Int32]]>] = []
        let decoding = AutoregressiveDecoding(batch: 2, length: 3, codes: 6)
        let tokens = try decoding.run(TokenSampling(temperature: 0), noise: &noise, progress: { reports.append($0) }) { index, last in
            seen.append(last)
            // The likeliest code is the step for the first image, and one after the last for the second.
            var values = [Float](repeating: 0, count: 12)
            values[index] = 1
            values[6 + Int((last.last ?? 2) + 1)] = 1
            return Tensor(values, shape: [2, 6])
        }
        #expect(tokens == [[0, 1, 2], [3, 4, 5]])
        #expect(seen == [[], [0, 3], [1, 4]])
        #expect(reports.map(\.step) == [1, 2, 3] && reports.allSatisfy { $0.steps == 3 })
        #expect(reports[1].tokens == [[0, 1, 6], [3, 4, 6]])
    }

    @Test func stopsAtEveryToken() {
        struct Stop: Error {}
        var noise = CounterRandom(seed: 1)
        var steps = 0
        #expect(throws: Stop.self) {
            try AutoregressiveDecoding(batch: 1, length: 100, codes: 4).run(
                TokenSampling(), noise: &noise, progress: { if $0.step == 2 { throw Stop() } }
            ) { _, _ in
                steps += 1
                return .zeros([1, 4])
            }
        }
        #expect(steps == 2)
    }

    @Test(arguments: [Float.nan, .infinity])
    func strangeLogitsAreRefused(_ value: Float) {
        var noise = CounterRandom(seed: 1)
        let (text, category) = refusal {
            try AutoregressiveDecoding(batch: 1, length: 4, codes: 2).run(TokenSampling(), noise: &noise, progress: { _ in }) { index, _ in
                Tensor([0, index == 2 ? value : 0], shape: [1, 2])
            }
        }
        #expect(text.contains("token 2") && category == .data)
    }
}
