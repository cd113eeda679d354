import CZlib

/// The chunks of a PNG in a file's order, up to its end or to where it breaks off.
struct PNGChunks {
    /// The name of a chunk as the number that its four bytes make.
    struct Name: Hashable {
        let code: UInt32

        init(code: UInt32) { self.code = code }

        init(_ name: StaticString) {
            precondition(name.utf8CodeUnitCount == 4, "a chunk's name has four letters")
            code = name.withUTF8Buffer { $0.reduce(0) { $0 << 8 | UInt32($1) } }
        }

        /// Whether every byte is a letter.
        var isValid: Bool { text.utf8.allSatisfy { (65...90).contains($0) || (97...122).contains($0) } }

        /// Whether a picture cannot be shown without the chunk, as the case of the first letter says.
        var isCritical: Bool { code & 0x2000_0000 == 0 }

        var text: String {
            String(decoding: [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: code >> $0) }, as: UTF8.self)
        }

        static let header = Name("IHDR"), palette = Name("PLTE"), transparency = Name("tRNS"), pixels = Name("IDAT"), end = Name("IEND")
        static let exif = Name("eXIf"), animation = Name("acTL")
        static let text = Name("tEXt"), compressedText = Name("zTXt"), internationalText = Name("iTXt")
    }

    struct Chunk {
        let name: Name
        /// What lies between the name and the checksum.
        let data: Range<Int>
        /// From the length to the checksum, cut where the file is.
        let whole: Range<Int>
    }

    private let bytes: [UInt8]
    private var offset = pngSignature.count
    /// Whether the chunk that ends a PNG came.
    private(set) var foundEnd = false
    /// The chunk in which the file breaks off, and where neither its name nor its length can be believed, all that is left.
    private(set) var brokenOff: Chunk?

    /// - Parameter bytes: a file that begins with the signature.
    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// The number of bytes after the end.
    var trailingCount: Int { foundEnd ? bytes.count - offset : 0 }

    /// The next whole chunk; nil after the last one, which ends the file or is broken off.
    mutating func next() -> Chunk? {
        guard !foundEnd, brokenOff == nil, offset < bytes.count else { return nil }
        guard bytes.count - offset >= 8 else {
            brokenOff = Chunk(name: Name(code: 0), data: bytes.count..<bytes.count, whole: offset..<bytes.count)
            return nil
        }
        let length = bigEndian(bytes, at: offset)
        let name = Name(code: UInt32(bigEndian(bytes, at: offset + 4)))
        let start = offset + 8
        guard name.isValid, length <= bytes.count - start - 4 else {
            brokenOff = Chunk(name: name, data: start..<bytes.count, whole: offset..<bytes.count)
            return nil
        }
        let chunk = Chunk(name: name, data: start..<start + length, whole: offset..<start + length + 4)
        offset = chunk.whole.upperBound
        foundEnd = name == .end
        return chunk
    }

    /// Whether the checksum, which covers name and data, is right.
    func isIntact(_ chunk: Chunk) -> Bool {
        let sum = bytes.withUnsafeBufferPointer { cz_crc32(0, $0.baseAddress! + chunk.data.lowerBound - 4, chunk.data.count + 4) }
        return Int(sum) == bigEndian(bytes, at: chunk.data.upperBound)
    }
}

/// The 32-bit number at `offset`, which must lie at least four bytes before the end.
func bigEndian(_ bytes: [UInt8], at offset: Int) -> Int {
    Int(bytes[offset]) << 24 | Int(bytes[offset + 1]) << 16 | Int(bytes[offset + 2]) << 8 | Int(bytes[offset + 3])
}

/// What is wrong with the checksums of chunks that a picture can be shown without, as one warning for all of them.
struct PNGChecksumReport {
    private var first: PNGChunks.Name?
    private var count = 0

    mutating func add(_ chunk: PNGChunks.Chunk) {
        first = first ?? chunk.name
        count += 1
    }

    var warning: String? {
        first.map {
            count == 1
                ? "the checksum of its \($0.text) chunk is wrong: passed over"
                : "the checksums of \(count) chunks, the first a \($0.text), are wrong: passed over"
        }
    }
}
