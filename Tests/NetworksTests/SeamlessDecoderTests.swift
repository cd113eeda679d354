import Checkpoints
import Foundation
import Layers
import Networks
import Tensors
import TestSupport
import Testing

/// The optional parts of a decoder that hide the seams between patches, against numbers computed in float64 by a twin.
@Suite struct SeamlessDecoderTests {
    private static let folder = Goldens.folder.deletingLastPathComponent().appendingPathComponent("gpu")
    private static let isThere = FileManager.default.fileExists(atPath: folder.appendingPathComponent("refiner.json").path)
    private static let absence: Comment = "needs the numbers beside the reference folder (../shared/gpu)"

    private struct Manifest: Decodable {
        struct Head: Decodable {
            let width: Int
            let refiner: RefinerConfiguration
            let tensors: [SyntheticParameter]
        }
        struct Decoder: Decodable {
            let image_tokenizer: FlowTiTokConfiguration
            let tensors: [SyntheticParameter]
        }
        let head: Head
        let decoder: Decoder
    }

    private func numbers(_ file: String) throws -> Checkpoint {
        try Checkpoint(path: Self.folder.appendingPathComponent(file).path)
    }

    private func expectEqual(_ found: Tensor, _ expected: Tensor, tolerance: Float = 2e-5) {
        #expect(found.shape == expected.shape)
        let largest = expected.values.map(abs).max() ?? 0
        let difference = zip(found.values, expected.values).map { abs($0 - $1) }.max() ?? .infinity
        #expect(difference <= tolerance * largest, "differs by \(difference) where the largest value is \(largest)")
    }

    @Test(.enabled(if: isThere, absence)) func theRefinerAddsWhatTheTwinAdds() throws {
        let manifest = try JSONDecoder().decode(
            Manifest.self, from: Data(contentsOf: Self.folder.appendingPathComponent("refiner.json")))
        let numbers = try numbers("refiner.safetensors")
        let source = SyntheticWeights(manifest.head.tensors)
        let refiner = Refiner(
            manifest.head.refiner, weights: Weights(source)["image_tokenizer.decoder.refiner"], width: manifest.head.width,
            patch: 16)
        #expect(source.problems == [] && source.unused() == [])
        expectEqual(
            refiner(try numbers.tensor("head.features"), pixels: try numbers.tensor("head.pixels")),
            try numbers.tensor("head.output"))
    }

    @Test(.enabled(if: isThere, absence)) func aDecoderWithItDrawsWhatTheTwinDraws() throws {
        let manifest = try JSONDecoder().decode(
            Manifest.self, from: Data(contentsOf: Self.folder.appendingPathComponent("refiner.json")))
        let numbers = try numbers("refiner.safetensors")
        var configuration = manifest.decoder.image_tokenizer
        for (name, refiner) in [("decoder.image", configuration.refiner), ("decoder.image_without_refiner", nil)] {
            configuration.refiner = refiner
            let source = SyntheticWeights(manifest.decoder.tensors)
            let decoder = FlowTiTokDecoder(configuration, weights: Weights(source)["image_tokenizer.decoder"])
            #expect(source.problems == [])
            expectEqual(
                decoder(try numbers.tensor("decoder.latents"), text: try numbers.tensor("decoder.text")),
                try numbers.tensor(name))
        }
    }

    @Test(.enabled(if: isThere, absence)) func marginsAddUpAsTheTwins() throws {
        let numbers = try numbers("overlap.safetensors")
        let windows = try numbers.tensor("features").linear(try numbers.tensor("weight"), bias: try numbers.tensor("bias"))
        expectEqual(windows.addedWindows(grid: 3, patch: 16, margin: 8, channels: 3), try numbers.tensor("output"))
    }

    private func configuration(
        overlap: Bool = false, blended: Bool = false, refiner: RefinerConfiguration? = nil, encoder side: Int? = nil,
        decoderPatch: Int? = nil
    ) -> FlowTiTokConfiguration {
        FlowTiTokConfiguration(
            imageSize: 64, patchSize: 16, latentTokens: 4, tokenSize: 4, textContextLength: 3, textEmbeddingWidth: 8,
            encoder: TransformerShape(width: 16, layers: 1, heads: 2), decoder: TransformerShape(width: 16, layers: 1, heads: 2),
            seeded: true, encoderImageSize: side, decoderPatchSize: decoderPatch, overlap: overlap, blended: blended,
            refiner: refiner)
    }

    @Test func freshPartsChangeNothing() {
        func drawn(_ configuration: FlowTiTokConfiguration) -> [Float] {
            let tokenizer = FlowTiTok(configuration, weights: Weights(FreshWeights(seed: 3)))
            return tokenizer.decode(.normal([2, 4, 4], seed: 1), guidedBy: .normal([2, 3, 8], seed: 2)).values
        }
        #expect(drawn(configuration(overlap: true, refiner: RefinerConfiguration(channels: 16, blocks: 1))) == drawn(configuration()))
    }

    @Test func windowsThatBlendTakeThePlaceOfPatches() throws {
        let blended = configuration(overlap: true, blended: true)
        let recorder = WeightRecorder(FreshWeights(seed: 3))
        let tokenizer = FlowTiTok(blended, weights: Weights(recorder))
        #expect(!recorder.parameters.contains { $0.0.contains("ffn.0") })
        #expect(tokenizer.decode(.normal([2, 4, 4], seed: 1), guidedBy: .normal([2, 3, 8], seed: 2)).shape == [2, 3, 64, 64])
        #expect(try JSONDecoder().decode(FlowTiTokConfiguration.self, from: JSONEncoder().encode(blended)) == blended)
        #expect(configuration(blended: true).invalidReason?.hasPrefix("blended goes with overlap") == true)
        // By the tensors alone.
        for expected in [blended, configuration(overlap: true), configuration()] {
            let recorder = WeightRecorder(FreshWeights(seed: 3))
            _ = FlowTiTok(expected, weights: Weights(recorder))
            let found = try FlowTiTokConfiguration(
                inferredFrom: TensorCatalog(Dictionary(uniqueKeysWithValues: recorder.parameters.map { ($0.0, $0.1.shape) })))
            #expect(found.overlap == expected.overlap && found.blended == expected.blended)
        }
    }

    @Test func anEncoderMayReadASmallerImage() {
        let images = Tensor.normal([2, 3, 64, 64], seed: 1)
        let halved = FlowTiTok(configuration(encoder: 32), weights: Weights(FreshWeights(seed: 3)))
        #expect(halved.encode(images).mean.shape == [2, 4, 4])
        // Every 2×2 block counts by its mean.
        #expect(halved.encode(images.averagePooled2x2().doubled2x2()).mean.values == halved.encode(images).mean.values)
    }

    @Test func aDecoderMayDrawLargerPatches() throws {
        var configuration = configuration(overlap: true, refiner: RefinerConfiguration(channels: 16, blocks: 1), encoder: 32, decoderPatch: 32)
        #expect(configuration.invalidReason == nil && configuration.grid == 2 && configuration.encoderGrid == 2)
        let tokenizer = FlowTiTok(configuration, weights: Weights(FreshWeights(seed: 3)))
        #expect(tokenizer.decode(.normal([2, 4, 4], seed: 1), guidedBy: .normal([2, 3, 8], seed: 2)).shape == [2, 3, 64, 64])
        #expect(tokenizer.encode(.normal([2, 3, 64, 64], seed: 1)).mean.shape == [2, 4, 4])
        let again = try JSONDecoder().decode(FlowTiTokConfiguration.self, from: JSONEncoder().encode(configuration))
        #expect(again == configuration)
        for (patch, problem) in [
            (24, "image_size 64 is no multiple of decoder_patch_size 24"), (0, "decoder_patch_size is 0, expected 1 to 256"),
            (2, "refiner goes with a decoder_patch_size that is a multiple of 4, not with 2"),
            (1, "overlap goes with an even decoder_patch_size, not with 1"),
        ] {
            configuration.decoderPatchSize = patch
            #expect(configuration.invalidReason == problem)
        }
    }

    @Test(arguments: [nil, 32]) func gradientsReachEveryPart(decoderPatch: Int?) {
        let configuration = configuration(overlap: true, refiner: RefinerConfiguration(channels: 16, blocks: 1), decoderPatch: decoderPatch)
        let store = GradientStore(seed: 5)
        let tokenizer = FlowTiTok(configuration, weights: Weights(store))
        let image = tokenizer.decode(.normal([1, 4, 4], seed: 1), guidedBy: .normal([1, 3, 8], seed: 2))
        let names = store.parameters.keys.filter { $0.hasPrefix("decoder.") }.sorted()
        let found = gradients(of: (image * image).sum(), withRespectTo: names.compactMap { store.parameters[$0] })
        for (name, gradient) in zip(names, found) {
            #expect(gradient.values.contains { $0 != 0 }, "\(name)")
        }
    }

    @Test(
        arguments: [
            (RefinerConfiguration(channels: 24, blocks: 1), 16, nil, "refiner.channels is 24, expected a multiple of 16 up to 1024"),
            (RefinerConfiguration(channels: 16, blocks: -1), 16, nil, "refiner.blocks is -1, expected 0 to 64"),
            (RefinerConfiguration(channels: 16, blocks: 1), 2, nil, "refiner goes with a patch_size that is a multiple of 4, not with 2"),
            (nil, 16, 48, "encoder_image_size is 48, expected 64 or a half, a quarter, … of it"),
            (nil, 16, 8, "encoder_image_size 8 is no multiple of patch_size 16"),
            (nil, 16, 0, "encoder_image_size is 0, expected 64 or a half, a quarter, … of it"),
            (nil, 1, nil, "overlap goes with an even patch_size, not with 1"),
        ] as [(RefinerConfiguration?, Int, Int?, String)])
    func badShapes(refiner: RefinerConfiguration?, patch: Int, side: Int?, problem: String) {
        var configuration = configuration(overlap: patch == 1, refiner: refiner, encoder: side)
        configuration.patchSize = patch
        #expect(configuration.invalidReason == problem)
    }
}

/// Fresh parameters whose gradients are recorded, none of them zero.
private final class GradientStore: WeightSource {
    private(set) var parameters: [String: Tensor] = [:]
    private var seed: UInt64

    init(seed: UInt64) { self.seed = seed }

    func contains(_ name: String) -> Bool { true }

    func tensor(named name: String, shape: [Int], initial: Initializer) -> Tensor {
        seed += 1
        let parameter = (Tensor.normal(shape, seed: seed) * 0.3).requiringGradient
        parameters[name] = parameter
        return parameter
    }
}
