import Files
import Foundation
import Images
import Tensors

/// A user's own images with captions, in an order that a seed shuffles anew in every epoch.
struct ShuffledImages: SampleSource {
    private let images: CaptionedDataset
    private let side: Int
    private let seed: UInt64
    private let skipsBad: Bool

    /// - Parameter skipsBad: whether a picture that cannot be read any more gives way to the next one.
    init(_ images: CaptionedDataset, side: Int, seed: UInt64, skipsBad: Bool = false) {
        self.images = images
        self.side = side
        self.seed = seed
        self.skipsBad = skipsBad
    }

    private func place(_ index: UInt64) -> Int {
        let count = UInt64(images.count)
        return Int(Shuffle(count: count, seed: seed, epoch: index / count)[index % count])
    }

    func label(_ index: UInt64) -> String? { images.label(place(index)) }

    func caption(_ index: UInt64) throws -> String { images.caption(place(index)) }

    func sample(_ index: UInt64) throws -> CaptionedImage {
        var sample: CaptionedImage
        do {
            sample = try images.sample(place(index))
        } catch  where skipsBad {
            sample = try next(after: place(index), error)
        }
        sample.image = sample.image.centerSquare(side)
        return sample
    }

    /// The next picture that can be read.
    private func next(after place: Int, _ error: any Error) throws -> CaptionedImage {
        for step in 1..<max(images.count, 2) {
            if let sample = try? images.sample((place + step) % images.count) { return sample }
        }
        throw error
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
