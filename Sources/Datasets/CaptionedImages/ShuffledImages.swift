import Files
import Foundation
import Images
import Tensors

/// A user's own images with captions, in an order that a seed shuffles anew in every epoch.
struct ShuffledImages: SampleSource {
    private let images: any CaptionedImageCollection
    private let side: Int
    private let seed: UInt64

    /// - Throws: `DatasetError`.
    init(folder: String, side: Int, seed: UInt64) throws {
        images = try CaptionedImageSource.open(URL(fileURLWithPath: folder))
        self.side = side
        self.seed = seed
    }

    func sample(_ index: UInt64) throws -> CaptionedImage {
        let count = UInt64(images.count)
        let shuffle = Shuffle(count: count, seed: seed, epoch: index / count)
        var sample = try images.sample(Int(shuffle[index % count]))
        sample.image = sample.image.centerSquare(side)
        return sample
    }
}

/// A permutation of 0..<count that is computed entry by entry, so that no epoch has to be laid out: a Feistel network over
/// the next even power of two, walked until it comes back below the count.
struct Shuffle {
    let count: UInt64
    private let half: UInt64
    private let keys: [UInt64]

    init(count: UInt64, seed: UInt64, epoch: UInt64) {
        self.count = count
        let bits = UInt64(64 - (max(count, 2) - 1).leadingZeroBitCount)
        half = (bits + 1) / 2
        var random = CounterRandom(seed: seed, stream: epoch)
        keys = (0..<6).map { _ in random.next() }
    }

    subscript(index: UInt64) -> UInt64 {
        var value = index
        repeat { value = mixed(value) } while value >= count
        return value
    }

    private func mixed(_ value: UInt64) -> UInt64 {
        let mask = (UInt64(1) << half) - 1
        var (left, right) = (value >> half, value & mask)
        for key in keys { (left, right) = (right, left ^ (StableHash.mix(right ^ key) & mask)) }
        return left << half | right
    }
}
