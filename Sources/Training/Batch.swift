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
        let samples = try Batch.samples(source, first: first, count: count)
        captions = samples.enumerated().map { plain.contains($0) ? $1.plainCaption : $1.caption }
        ids = try captions.flatMap { try textTokenizer.encode($0) }
        images = try Tensor(samples.map(\.image), side: side)
    }

    /// Samples `first..<first + count` of a source, made in parallel.
    static func samples(_ source: any SampleSource, first: UInt64, count: Int) throws -> [CaptionedImage] {
        let made = Mutex<[Result<CaptionedImage, any Error>?]>(Array(repeating: nil, count: count))
        parallelFor(count) { i in
            let result = Result { try source.sample(first + UInt64(i)) }
            made.withLock { $0[i] = result }
        }
        return try made.withLock { try $0.compactMap { try $0?.get() } }
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
