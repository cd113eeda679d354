/// What a WebP file holds: a RIFF container of chunks, each with a name of four letters.
struct WebPChunks {
    /// One picture, from its ALPH, VP8 or VP8L chunk on.
    private(set) var picture: Range<Int>?
    /// Where the picture lies on the canvas, and the canvas's size: of an animation's first picture.
    private(set) var frame: (x: Int, y: Int, canvasWidth: Int, canvasHeight: Int)?
    private(set) var exif: ArraySlice<UInt8>?
    private(set) var isAnimation = false
    /// Whether the file breaks off.
    private(set) var endsEarly = false

    /// - Parameter bytes: a file that begins as a WebP.
    init(_ bytes: [UInt8]) {
        var canvas: (width: Int, height: Int)?
        let size = littleEndian(bytes, at: 4, count: 4)
        endsEarly = size > bytes.count - 8
        // What follows the container's end is nobody's.
        let end = endsEarly ? bytes.count : 8 + size
        var pictureStart: Int?
        for chunk in WebPChunks.list(bytes, in: 12..<max(end, 12)) {
            let data = chunk.data
            switch chunk.name {
            case "VP8X" where data.count >= 10:
                isAnimation = bytes[data.lowerBound] & 2 != 0
                canvas = (
                    littleEndian(bytes, at: data.lowerBound + 4, count: 3) + 1, littleEndian(bytes, at: data.lowerBound + 7, count: 3) + 1
                )
            case "ALPH" where picture == nil:
                pictureStart = chunk.start
            case "VP8 " where picture == nil, "VP8L" where picture == nil:
                picture = (pictureStart ?? chunk.start)..<data.upperBound
            case "ANMF" where picture == nil && data.count >= 16:
                isAnimation = true
                for part in WebPChunks.list(bytes, in: data.lowerBound + 16..<data.upperBound) where picture == nil {
                    if part.name == "ALPH" { pictureStart = part.start }
                    if part.name == "VP8 " || part.name == "VP8L" { picture = (pictureStart ?? part.start)..<part.data.upperBound }
                }
                if let canvas {
                    frame = (
                        littleEndian(bytes, at: data.lowerBound, count: 3) * 2, littleEndian(bytes, at: data.lowerBound + 3, count: 3) * 2,
                        canvas.width, canvas.height
                    )
                }
            case "EXIF" where exif == nil && !chunk.isCut:
                exif = bytes[data]
            default: break
            }
        }
    }

    private struct Chunk {
        let name: String
        let start: Int
        /// Cut where the file is.
        let data: Range<Int>
        let isCut: Bool
    }

    /// The chunks in a range; the last one may be cut.
    private static func list(_ bytes: [UInt8], in range: Range<Int>) -> some Sequence<Chunk> {
        sequence(state: range.lowerBound) { offset -> Chunk? in
            guard range.upperBound - offset >= 8 else { return nil }
            let start = offset
            let length = littleEndian(bytes, at: start + 4, count: 4)
            let room = range.upperBound - start - 8
            let data = start + 8..<start + 8 + min(length, room)
            // Chunks of odd length are followed by a zero.
            offset = length >= room ? range.upperBound : data.upperBound + length % 2
            return Chunk(name: String(decoding: bytes[start..<start + 4], as: UTF8.self), start: start, data: data, isCut: length > room)
        }
    }
}

/// The number of `count` bytes at `offset`, which must lie before the end.
private func littleEndian(_ bytes: [UInt8], at offset: Int, count: Int) -> Int {
    bytes[offset..<offset + count].reversed().reduce(0) { $0 << 8 | Int($1) }
}

extension FoundTexts {
    /// A WebP has no texts but those of its Exif block.
    static func inWebP(_ bytes: [UInt8]) -> FoundTexts {
        let chunks = WebPChunks(bytes)
        var found = FoundTexts()
        found.exif = chunks.exif
        if chunks.endsEarly { found.warnings.append("the file breaks off before its end") }
        return found
    }
}
