import FlowTok
import Images
import Synchronization
import Tensors

/// Samples as the networks take them.
struct Batch {
    /// [batch, 3, side, side] in 0...1.
    let images: Tensor
    /// N ids to a caption.
    let ids: [Int32]
    let captions: [String]

    /// Samples `first..<first + count` of a source, made in parallel.
    init(_ source: any SampleSource, first: UInt64, count: Int, side: Int, codec: CaptionCodec) throws {
        let made = Mutex<[Result<(CaptionedImage, [Int32]), any Error>?]>(Array(repeating: nil, count: count))
        parallelFor(count) { i in
            let result = Result {
                let sample = try source.sample(first + UInt64(i))
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

extension Tensor {
    /// Pictures of side×side pixels as [count, 3, side, side] in 0...1.
    init(_ images: [Image], side: Int) throws {
        for image in images where image.width != side || image.height != side {
            throw TrainingError.noData(
                path: "a sample", reason: "it has \(image.width)×\(image.height) pixels, expected \(side)×\(side)")
        }
        let size = 3 * side * side
        self.init(uninitialized: [images.count, 3, side, side]) { buffer in
            for (i, image) in images.enumerated() {
                image.copyPlanarFloats(to: UnsafeMutableBufferPointer(rebasing: buffer[i * size..<(i + 1) * size]))
            }
        }
    }

    /// The pictures of [count, 3, side, side].
    func pictures() throws -> [Image] {
        let (count, side) = (shape[0], shape[2])
        let all = values
        let size = 3 * side * side
        return try (0..<count).map { try Image(planar: Array(all[$0 * size..<($0 + 1) * size]), width: side, height: side) }
    }
}
