import Foundation
import Images
import Tensors

/// A user's own images with captions, in an order that a seed shuffles anew in every epoch.
struct ShuffledImages: SampleSource {
    private let images: any CaptionedImageCollection
    private let side: Int
    private let seed: UInt64

    init(folder: String, side: Int, seed: UInt64) throws {
        images = try CaptionedImageSource.open(URL(fileURLWithPath: folder))
        guard images.count > 0 else { throw TrainingError.noData(path: folder, reason: "it holds no captioned image") }
        self.side = side
        self.seed = seed
    }

    func sample(_ index: UInt64) throws -> CaptionedImage {
        let count = UInt64(images.count)
        var random = CounterRandom(seed: seed, stream: index / count)
        // Sample i of an epoch is i·a + b modulo the count, a without a common factor with it.
        let offset = random.next() % count
        var stride = random.next() % count
        while greatestCommonDivisor(stride, count) != 1 { stride = (stride + 1) % max(count, 1) }
        var sample = try images.sample(Int((index % count * stride + offset) % count))
        sample.image = sample.image.centerSquare(side)
        return sample
    }

    private func greatestCommonDivisor(_ a: UInt64, _ b: UInt64) -> UInt64 {
        b == 0 ? a : greatestCommonDivisor(b, a % b)
    }
}
