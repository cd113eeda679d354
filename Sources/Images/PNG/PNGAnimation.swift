extension Image {
    /// Images of one size as the bytes of an animated PNG, which plays for ever; programs that know no animation show the first.
    ///
    /// - Parameters:
    ///   - delay: how long each image is shown, in milliseconds, 1 to 65535.
    ///   - text: what is stored beside the pixels.
    /// - Throws: `ImageError.noImages`; `.differentSizes`; `.encodingFailed` for a delay out of range; and what
    ///   `encoded(as:quality:text:)` throws.
    ///
    /// Portable Network Graphics, third edition, 2025: the chunks acTL, fcTL and fdAT.
    public static func animatedPNG(_ frames: [Image], delay: Int, text: [ImageText] = []) throws(ImageError) -> [UInt8] {
        guard let first = frames.first else { throw .noImages }
        guard let milliseconds = UInt16(exactly: delay), milliseconds > 0 else {
            throw .encodingFailed(reason: "a frame is shown for \(delay) ms, expected 1 to 65535")
        }
        if let other = frames.first(where: { ($0.width, $0.height) != (first.width, first.height) }) {
            throw .differentSizes(expected: first.sizeText, found: other.sizeText)
        }
        var file = AnimationChunks.signature
        var sequence: UInt32 = 0
        func control() -> [UInt8] {
            defer { sequence += 1 }
            // No offset; numerator and denominator of the delay; nothing is disposed of or blended.
            return sequence.bigEndianBytes + UInt32(first.width).bigEndianBytes + UInt32(first.height).bigEndianBytes
                + [0, 0, 0, 0, 0, 0, 0, 0] + milliseconds.bigEndianBytes + UInt16(1000).bigEndianBytes + [0, 0]
        }
        for (index, frame) in frames.enumerated() {
            let chunks = AnimationChunks.split(try frame.encodedPNG(text: index == 0 ? text : []))
            guard index > 0 else {
                for chunk in chunks {
                    if chunk.name == "IDAT", sequence == 0 {
                        AnimationChunks.append("acTL", UInt32(frames.count).bigEndianBytes + [0, 0, 0, 0], to: &file)
                        AnimationChunks.append("fcTL", control(), to: &file)
                    }
                    if chunk.name != "IEND" { AnimationChunks.append(chunk.name, chunk.data, to: &file) }
                }
                continue
            }
            AnimationChunks.append("fcTL", control(), to: &file)
            for chunk in chunks where chunk.name == "IDAT" {
                AnimationChunks.append("fdAT", sequence.bigEndianBytes + chunk.data, to: &file)
                sequence += 1
            }
        }
        AnimationChunks.append("IEND", [], to: &file)
        return file
    }
}

/// The chunks that a PNG consists of.
private enum AnimationChunks {
    static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

    /// The chunks of a file that this package wrote.
    static func split(_ file: [UInt8]) -> [(name: String, data: ArraySlice<UInt8>)] {
        var chunks: [(String, ArraySlice<UInt8>)] = []
        var place = signature.count
        while place + 12 <= file.count {
            let count = file[place..<place + 4].reduce(0) { $0 << 8 | Int($1) }
            guard place + 12 + count <= file.count else { break }
            chunks.append((String(decoding: file[place + 4..<place + 8], as: UTF8.self), file[place + 8..<place + 8 + count]))
            place += 12 + count
        }
        return chunks
    }

    static func append(_ name: String, _ data: some Collection<UInt8>, to file: inout [UInt8]) {
        file += UInt32(data.count).bigEndianBytes
        let body = Array(name.utf8) + data
        file += body
        file += checksum(body).bigEndianBytes
    }

    private static let table: [UInt32] = (0..<256).map { index in
        (0..<8).reduce(UInt32(index)) { value, _ in value & 1 == 1 ? 0xEDB8_8320 ^ (value >> 1) : value >> 1 }
    }

    /// CRC-32.
    private static func checksum(_ bytes: [UInt8]) -> UInt32 {
        ~bytes.reduce(~0) { table[Int(UInt8(truncatingIfNeeded: $0) ^ $1)] ^ ($0 >> 8) }
    }
}

extension FixedWidthInteger {
    fileprivate var bigEndianBytes: [UInt8] { withUnsafeBytes(of: bigEndian) { Array($0) } }
}
