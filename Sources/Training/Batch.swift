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
        let made = try Batch.inParallel(count) { index in
            let sample = try source.sample(first + UInt64(index))
            let caption = plain.contains(index) ? sample.plainCaption : sample.caption
            return (image: sample.image, caption: caption, ids: try textTokenizer.encode(caption))
        }
        images = try Tensor(made.map(\.image), side: side)
        ids = made.flatMap(\.ids)
        captions = made.map(\.caption)
    }

    /// Samples `first..<first + count` of a source, made in parallel.
    static func samples(_ source: any SampleSource, first: UInt64, count: Int) throws -> [CaptionedImage] {
        try inParallel(count) { try source.sample(first + UInt64($0)) }
    }

    /// What `make` gives for 0..<count, in that order.
    private static func inParallel<Value: Sendable>(_ count: Int, _ make: (Int) throws -> Value) throws -> [Value] {
        let made = Mutex<[Result<Value, any Error>?]>(Array(repeating: nil, count: count))
        parallelFor(count) { index in
            let result = Result { try make(index) }
            made.withLock { $0[index] = result }
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
