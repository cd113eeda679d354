import Foundation
import Networks
import Tensors
import TestSupport
import Testing

/// Post-training quantization against its definition.
@Suite struct GaussianQuantizerTests {
    @Test(arguments: [2, 3, 8, 16, 64, 256, 257, 500, 512])
    func bins(_ levels: Int) {
        let quantizer = GaussianQuantizer(levels: levels)
        #expect(quantizer.centers.count == levels && quantizer.edges.count == levels + 1)
        #expect(zip(quantizer.centers, quantizer.centers.dropFirst()).allSatisfy { $0 < $1 })
        // Borders are quantiles, cut off at three deviations; centres lie between them.
        for (index, edge) in quantizer.edges.enumerated() {
            let share = 0.5 * erfc(-Double(edge) / 2.0.squareRoot())
            let quantile = Double(index) / Double(levels)
            if abs(edge) < 3 { #expect(abs(share - quantile) < 1e-6) } else { #expect(min(quantile, 1 - quantile) < 0.00136) }
        }
        for (center, (low, high)) in zip(quantizer.centers, zip(quantizer.edges, quantizer.edges.dropFirst())) {
            #expect(low <= center + 1e-5 && center <= high + 1e-5)
        }
    }

    @Test func publishedTable() {
        let centers = GaussianQuantizer(levels: 64).centers
        for (index, value) in [(0, Float(-2.4370961)), (1, -1.9942372), (2, -1.7642065), (31, -0.0195866), (32, 0.0195866)] {
            #expect(abs(centers[index] - value) < 1e-5)
        }
        #expect(abs(GaussianQuantizer(levels: 64).value(63) - 4.0618) < 1e-3)
    }

    @Test func nearestCentre() {
        let quantizer = GaussianQuantizer(levels: 16, range: 4)
        var random = CounterRandom(seed: 3)
        let values = random.normals(2000).map { $0 * 3 } + [0, 100, -100, .infinity, -.infinity, 4, -4]
        for value in values {
            let place = min(max((value + 4) / 8 * 6 - 3, -3), 3)
            let distances = quantizer.centers.map { abs(place - $0) }
            #expect(quantizer.code(value) == Int32(distances.firstIndex(of: distances.min()!)!), "\(value)")
        }
        #expect((0..<16).contains(Int(quantizer.code(.nan))))
        for code in Int32(0)..<16 { #expect(quantizer.code(quantizer.value(code)) == code) }
        // In the middle between two centres the lower one is taken.
        let even = GaussianQuantizer(centers: [-1, 0, 1], range: 3)
        #expect(even?.code(0.5) == 1 && even?.code(-0.5) == 0)
    }

    /// What the reference measured on normal values.
    @Test(arguments: [(4, 0.1240), (8, 0.0368), (16, 0.0103), (64, 0.0007)])
    func expectedError(_ levels: Int, _ error: Double) {
        var random = CounterRandom(seed: 7)
        let latents = Tensor(random.normals(60_000), shape: [1, 20_000, 3])
        let statistics = LatentStatistics(mean: [0, 0, 0], std: [1, 1, 1])
        let found = Double((LatentQuantizer(statistics, levels: levels).rounded(latents) - latents).meanSquare().item)
        #expect(abs(found - error) < 0.05 * error + 5e-5, "\(found)")
    }

    @Test func statisticsOfChannels() {
        var random = CounterRandom(seed: 9)
        var values: [Float] = []
        for _ in 0..<5000 { values += [3 + 2 * random.normal(), -1 + 0.1 * random.normal(), 7] }
        let latents = Tensor(values, shape: [5, 1000, 3])
        let statistics = LatentStatistics(of: latents)
        #expect(abs(statistics.mean[0] - 3) < 0.1 && abs(statistics.std[0] - 2) < 0.1)
        #expect(abs(statistics.mean[1] + 1) < 0.01 && abs(statistics.std[1] - 0.1) < 0.01)
        #expect(statistics.mean[2] == 7 && statistics.std[2] == 1)
        // More bins are nearer, whatever the scale of a channel, and codes are what is rounded.
        var last = Float.infinity
        for levels in [4, 16, 64, 256] {
            let quantizer = LatentQuantizer(statistics, levels: levels)
            let rounded = quantizer.rounded(latents)
            let error = (rounded - latents).meanSquare().item
            #expect(error < last * 0.5)
            last = error
            let codes = quantizer.codes(latents)
            #expect(codes.count == 5 && codes.allSatisfy { $0.count == 3000 && $0.allSatisfy { (0..<Int32(levels)).contains($0) } })
            #expect(quantizer.latents(codes).values == rounded.values)
        }
    }

    @Test func tablesThatAreNone() {
        #expect(GaussianQuantizer(centers: [1, 0]) == nil)
        #expect(GaussianQuantizer(centers: [0]) == nil)
        #expect(GaussianQuantizer(centers: [0, .nan]) == nil)
        #expect(GaussianQuantizer(centers: [0, 1], range: 0) == nil)
        #expect(GaussianQuantizer(centers: [0, 0]) == nil)
    }
}
