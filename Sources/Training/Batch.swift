import Datasets
import FlowTok
import Images
import Networks
import Synchronization
import Tensors
import TextTokenizers

/// Samples as the networks take them.
package struct Batch {
    /// [batch, 3, side, side] in 0...1.
    package let images: Tensor
    /// N ids to a caption.
    package let ids: [Int32]
    package let captions: [String]

    /// Samples `first..<first + count` of a source, made in parallel, with plain captions where `plain` says so.
    package init(
        _ source: any SampleSource, first: UInt64, count: Int, side: Int, textTokenizer: any TextTokenizer,
        plain: Range<Int> = 0..<0
    ) throws {
        let made = Mutex<[Result<(CaptionedImage, [Int32]), any Error>?]>(Array(repeating: nil, count: count))
        parallelFor(count) { i in
            let result = Result {
                var sample = try source.sample(first + UInt64(i))
                if plain.contains(i) { sample.caption = sample.plainCaption }
                return (sample, try textTokenizer.encode(sample.caption))
            }
            made.withLock { $0[i] = result }
        }
        let samples = try made.withLock { try $0.compactMap { try $0?.get() } }
        images = try Tensor(samples.map(\.0.image), side: side)
        ids = samples.flatMap(\.1)
        captions = samples.map(\.0.caption)
    }
}

extension Tensor {
    /// The mean and deviation of every entry of the last axis.
    var channelStatistics: LatentStatistics {
        let width = shape.last ?? 1
        var sums = [Double](repeating: 0, count: width)
        var squares = sums
        for (i, value) in values.enumerated() {
            sums[i % width] += Double(value)
            squares[i % width] += Double(value) * Double(value)
        }
        let rows = Double(max(1, count / max(1, width)))
        return LatentStatistics(
            mean: sums.map { Float($0 / rows) },
            std: zip(sums, squares).map { Float(max($1 / rows - $0 / rows * ($0 / rows), 1e-12).squareRoot()) })
    }
}
