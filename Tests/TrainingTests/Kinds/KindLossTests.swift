import Datasets
import Foundation
import Layers
import Networks
import Tensors
import TestSupport
import Testing
import Training

/// The losses of kinds that no golden covers.
@Suite struct KindLossTests {
    @Test("Smoothed cross entropy is that of smoothed targets, and its gradient their difference from the softmax")
    func smoothing() {
        var random = CounterRandom(seed: 3)
        let (rows, codes, smoothing) = (4, 6, Float(0.2))
        let logits = Tensor.randomNormal([rows, codes], using: &random).requiringGradient
        let targets: [Int32] = [0, 5, 2, 2]
        let weights: [Float] = [1, 0.1, 1, 0.1]
        let loss = logits.smoothedCrossEntropy(targets, weights: weights, smoothing: smoothing)
        let slopes = gradients(of: loss, withRespectTo: [logits])[0].values
        let values = logits.values
        var (expected, total) = (Float(0), Float(0))
        for row in 0..<rows {
            let part = values[row * codes..<(row + 1) * codes]
            let sum = part.reduce(0) { $0 + exp($1) }
            total += weights[row]
            for (code, value) in part.enumerated() {
                let target = smoothing / Float(codes) + (Int32(code) == targets[row] ? 1 - smoothing : 0)
                expected -= weights[row] * target * (value - log(sum))
                let slope = weights[row] * (exp(value) / sum - target) / 2.2
                #expect(abs(slopes[row * codes + code] - slope) < 1e-5)
            }
        }
        #expect(abs(loss.item - expected / total) < 1e-5)
    }

    @Test("Masks follow the arccosine schedule")
    func masks() {
        #expect(MaskGITLearner.maskedCount(0, of: 32) == 32)
        #expect(MaskGITLearner.maskedCount(0.5, of: 32) == 21)
        #expect(MaskGITLearner.maskedCount(0.9999999, of: 32) == 1)
        var random = CounterRandom(seed: 1)
        let ratios = (0..<2000).map { _ in TokenBridgeLearner.maskRatio(&random) }
        #expect(ratios.allSatisfy { (0.7...1).contains($0) })
        // The mean of a normal distribution with mean 1 and deviation 1/4, cut to 0.7...1.
        #expect(abs(ratios.reduce(0, +) / 2000 - 0.8668) < 0.006)
    }

    @Test("Codes that nothing uses move to where vectors are, and codes in use stay")
    func revival() {
        let table = Tensor([0, 0, 10, 10, 20, 20], shape: [3, 2])
        let quantizer = VectorQuantizer(Weights(NamedTensors(["embedding.weight": table])), codes: 3, size: 2)
        let vectors = Tensor([0.5, 0.5, 1, 0], shape: [1, 2, 2])
        var revival = CodebookRevival(codes: 3)
        // Code 0 has long been used by all.
        revival.use = Tensor([0.9, 0, 0], shape: [3])
        let revived = revival.revived(quantizer, vectors: vectors, indices: [0, 0]).values
        #expect(revived[0] == 0 && revived[1] == 0)
        // By the official formula with no use at all: a share of exp(-0.001) of the nearest vector, which for both is the first.
        let share = exp(Float(-1e-3))
        #expect(abs(revived[2] - (10 * (1 - share) + 0.5 * share)) < 1e-4 && abs(revived[4] - (20 * (1 - share) + 0.5 * share)) < 1e-4)
        #expect(abs(revival.use.values[0] - 0.901) < 1e-5 && revival.use.values[1] == 0)
    }

    @Test("Mirrored images are read from right to left")
    func mirror() {
        let images = Tensor((0..<24).map { Float($0) }, shape: [2, 3, 2, 2])
        let values = images.mirrored([false, true]).values
        #expect(Array(values[..<12]) == (0..<12).map { Float($0) })
        #expect(Array(values[12..<16]) == [13, 12, 15, 14])
    }

    @Test("Bicubic resizing gives back the size that it has, and a ramp as a ramp")
    func bicubic() {
        let ramp = Tensor((0..<8).flatMap { y in (0..<8).map { Float($0 + y) } }, shape: [1, 1, 8, 8])
        #expect(BilinearResize.resized(ramp, to: 8, mode: .bicubic).values == ramp.values)
        let half = BilinearResize.resized(ramp, to: 4, mode: .bicubic).values
        // Away from the border.
        #expect(abs(half[5] - 5) < 1e-5 && abs(half[6] - 7) < 1e-5)
    }

    @Test("Tokens that FlexTok keeps: powers of two, and all")
    func nesting() {
        #expect(FlexTokTraining.powersOfTwo(32) == [1, 2, 4, 8, 16, 32])
        #expect(FlexTokTraining.powersOfTwo(12) == [1, 2, 4, 8, 12])
        #expect(FlexTokTraining.powersOfTwo(1) == [1])
    }

    /// Numbers [images, tokens, dimensions] of a normal distribution.
    private static func numbers(_ shape: [Int], scale: Float, plus: Float = 0) -> Tensor {
        var random = CounterRandom(seed: 21)
        return Tensor.randomNormal(shape, using: &random) * scale + plus
    }

    @Test("The spread of FlexTok's numbers is that of its definition, and its gradient that of finite differences")
    func spread() {
        let (images, width) = (5, 6)
        let start = Self.numbers([images, 3, 2], scale: 0.7, plus: 0.4)
        /// By the definition: half m² + v - 1 - ln v of each number, and a quarter of the products of two numbers over two images.
        func defined(_ values: [Float]) -> Double {
            let z = values.map { Double($0) / (Double.pi * Double.pi / 12).squareRoot() }
            var sum = 0.0
            for i in 0..<width {
                let column = (0..<images).map { z[$0 * width + i] }
                let mean = column.reduce(0, +) / Double(images)
                let variance = column.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(images)
                sum += 0.5 * (mean * mean + variance - 1 - log(variance + 1e-4))
                for j in 0..<width where j != i {
                    for a in 0..<images {
                        for b in 0..<images where b != a {
                            sum += 0.25 * z[a * width + i] * z[a * width + j] * z[b * width + i] * z[b * width + j] / Double(images * (images - 1))
                        }
                    }
                }
            }
            return sum / Double(width)
        }
        let leaf = start.requiringGradient
        let loss = FlexTokTraining.spreadLoss(leaf)
        #expect(abs(Double(loss.item) - defined(start.values)) < 1e-5)
        let slopes = gradients(of: loss, withRespectTo: [leaf])[0].values
        for place in slopes.indices {
            var (up, down) = (start.values, start.values)
            up[place] += 1e-3
            down[place] -= 1e-3
            let expected = (defined(up) - defined(down)) / (Double(up[place]) - Double(down[place]))
            #expect(abs(Double(slopes[place]) - expected) < 1e-4 + 1e-3 * abs(expected), "\(place)")
        }
    }

    @Test("Numbers that use all levels independently have no spread loss; equal, large and shifted ones have")
    func spreads() {
        let scale = Float.pi / Float(12).squareRoot()
        func loss(_ numbers: Tensor) -> Float { FlexTokTraining.spreadLoss(numbers).item }
        #expect(abs(loss(Self.numbers([2000, 4, 3], scale: scale))) < 0.01)
        #expect(loss(Self.numbers([2000, 4, 3], scale: 5)) > 1)
        #expect(loss(Self.numbers([2000, 4, 3], scale: scale, plus: 2)) > 1)
        let one = Self.numbers([2000, 1, 3], scale: scale)
        #expect(abs(loss(.concatenated([one, one, one, one], axis: 1)) - 0.75) < 0.1)
        #expect(loss(Self.numbers([1, 4, 3], scale: 1)) == 0)
    }

    @Test("FlexTok's local start: codes begin as those of their own cells, of a useful size")
    func localStart() throws {
        let trunk = FlexTokTrunkConfiguration(width: 192, depth: 3, headDimension: 64)
        let autoencoder = AutoencoderKLConfiguration(latentChannels: 4, blockChannels: [32, 32], layersPerBlock: 1, scalingFactor: 1)
        let configuration = FlexTokConfiguration(autoencoder: autoencoder, encoder: trunk, decoder: trunk, registers: 32, grid: 8)
        let given = FlexTokLocalStart(configuration).parameters
        let encoder = try FlexTok(
            configuration, weights: Weights(RoutedWeights(NamedTensors(given), where: { given[$0] != nil }, otherwise: FreshWeights(seed: 3)))
        ).encoder
        let (channels, side) = (configuration.autoencoder.latentChannels, configuration.latentSide)
        /// Latents that are the same all over a quarter of a row and of a column.
        func latents(_ change: Float) -> Tensor {
            var random = CounterRandom(seed: 4)
            let coarse = Tensor.randomNormal([channels, 4, 4], using: &random).values
            return Tensor(
                (0..<channels * side * side).map { i in
                    let (channel, row, column) = (i / (side * side), i / side % side * 4 / side, i % side * 4 / side)
                    return coarse[(channel * 4 + row) * 4 + column] + (row == 0 && column == 0 ? change : 0)
                }, shape: [1, channels, side, side])
        }
        let (plain, changed) = (encoder(latents(0)).values, encoder(latents(1)).values)
        let size = (plain.reduce(0) { $0 + $1 * $1 } / Float(plain.count)).squareRoot()
        #expect(size > 0.2 && size < 3, "\(size)")
        let code = configuration.levels.count
        let moved = (0..<32).map { token in
            (0..<code).reduce(Float(0)) { $0 + abs(changed[token * code + $1] - plain[token * code + $1]) }
        }
        // The last sixteen are the cells of a quarter of a row and of a column, the first of them the one that changed.
        #expect(moved[16..<32].allSatisfy { $0 <= moved[16] } && moved[16] > 4 * moved[31] && moved[16] > moved[0], "\(moved)")
    }

    @Test("A rate that falls with a square root is constant before")
    func squareRoot() {
        let schedule = LearningRateSchedule(peak: 2, warmupSteps: 10, totalSteps: 100, finalFraction: 0, decline: .squareRoot)
        #expect([9, 10, 50, 80].map { schedule.rate(at: $0) } == [2, 2, 2, 2])
        #expect(abs(schedule.rate(at: 85) - 1) < 1e-6 && schedule.rate(at: 100) == 0 && schedule.rate(at: 4) == 1)
        let official = GigaTokSchedule(peak: 2, warmupSteps: 10, totalSteps: 100, decline: .squareRoot(share: 0.2))
        for step in 10...100 { #expect(abs(schedule.rate(at: step) - official.rate(at: step)) < 1e-5) }
    }

    @Test("Weight decay spares what the official trainings spare")
    func decay() {
        let titok = TiTokTraining()
        #expect(titok.decays("encoder.transformer.0.attn.in_proj_weight", rank: 2) && titok.decays("encoder.conv_out.weight", rank: 4))
        for name in ["latent_tokens", "encoder.patch_embed.weight", "decoder.mask_token", "quantize.embedding.weight", "decoder.decoder_embed.weight"] {
            #expect(!titok.decays(name, rank: 2), "\(name)")
        }
        #expect(!titok.decays("encoder.conv_out.bias", rank: 1))
    }
}
