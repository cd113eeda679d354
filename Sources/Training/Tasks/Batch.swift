import FlowTok
import Images
import Synchronization
import Tensors

/// Samples as the networks take them.
package struct Batch {
    /// [batch, 3, side, side] in 0...1.
    package let images: Tensor
    /// N ids to a caption.
    package let ids: [Int32]
    package let captions: [String]

    /// Samples `first..<first + count` of a source, made in parallel, with plain captions where `plain` says so.
    package init(
        _ source: any SampleSource, first: UInt64, count: Int, side: Int, codec: any CaptionCodec,
        plain: Range<Int> = 0..<0
    ) throws {
        let made = Mutex<[Result<(CaptionedImage, [Int32]), any Error>?]>(Array(repeating: nil, count: count))
        parallelFor(count) { i in
            let result = Result {
                var sample = try source.sample(first + UInt64(i))
                if plain.contains(i) { sample.caption = sample.plainCaption }
                return (sample, try codec.encode(sample.caption))
            }
            made.withLock { $0[i] = result }
        }
        let samples = try made.withLock { try $0.compactMap { try $0?.get() } }
        images = try Tensor(samples.map(\.0.image), side: side)
        ids = samples.flatMap(\.1)
        captions = samples.map(\.0.caption)
    }
}
