import CPNG
import Files

extension Image {
    /// Decodes a PNG in memory, as `init(data:)` does; other formats are refused.
    public init(png bytes: [UInt8]) throws(ImageError) {
        try checkIsPNG(bytes)
        self = try Image.read(data: bytes, name: "PNG data").image
    }
}

extension RGBAImage {
    /// Decodes a PNG in memory, as `init(data:)` does; other formats are refused.
    public init(png bytes: [UInt8]) throws(ImageError) {
        try checkIsPNG(bytes)
        self = try RGBAImage.read(data: bytes, name: "PNG data").image
    }
}

private func checkIsPNG(_ bytes: [UInt8]) throws(ImageError) {
    guard let format = ImageFormat(of: bytes), format != .png else { return }
    throw .notAnImage(file: "PNG data", found: "is a \(format.name) file, expected a PNG")
}

/// The chunks of a PNG that its pixels take, and what else there is.
private struct PNGParts {
    /// The signature and the chunks, joined where they touch.
    var spans: [cpng_span] = []
    var exif: ArraySlice<UInt8>?
    var warnings: [String] = []
    /// Whether the file has no end.
    var isCut = false

    init(_ bytes: [UInt8]) {
        add(0..<pngSignature.count)
        var chunks = PNGChunks(bytes)
        var checksums = PNGChecksumReport()
        var hasPixels = false
        while let chunk = chunks.next() {
            switch chunk.name {
            case .end:
                if !chunks.isIntact(chunk) { checksums.add(chunk) }
            case .transparency where !chunks.isIntact(chunk):
                checksums.add(chunk)
            case .transparency:
                add(chunk.whole)
            case let name where name.isCritical:
                // libpng names those that it does not know.
                hasPixels = hasPixels || name == .pixels
                add(chunk.whole)
            case _ where !chunks.isIntact(chunk):
                checksums.add(chunk)
            case .exif:
                exif = exif ?? bytes[chunk.data]
            case .animation:
                warnings.append("an animation: its first picture is read")
            default: break
            }
        }
        if let warning = checksums.warning { warnings.append(warning) }
        // What is broken off before or in the pixels is for libpng to name.
        if let rest = chunks.brokenOff, !hasPixels || rest.name == .pixels { add(rest.whole) }
        isCut = !chunks.foundEnd
        if isCut { warnings.append("the IEND chunk at the end is missing") }
        if chunks.trailingCount > 0 { warnings.append("\(chunks.trailingCount) bytes after the end are passed over") }
    }

    private mutating func add(_ range: Range<Int>) {
        if let last = spans.last, last.offset + last.count == range.lowerBound {
            spans[spans.count - 1].count += range.count
        } else {
            spans.append(cpng_span(offset: range.lowerBound, count: range.count))
        }
    }
}

/// Decodes to as many channels as the file needs: 3, or 4 where it has transparency.
func decodePNG(_ bytes: [UInt8], file: String) throws(ImageError) -> DecodedPixels {
    // The header chunk comes first: length, "IHDR", width, height. What is not so is left for libpng to name, but for the size,
    // which libpng itself limits in other words.
    if bytes.count >= 24, bytes[12..<16].elementsEqual("IHDR".utf8) {
        try DecodedPixels.checkSize(width: bigEndian(bytes, at: 16), height: bigEndian(bytes, at: 20), file: file)
    }
    let parts = PNGParts(bytes)
    var header = cpng_header()
    var channels = 3
    var failure: String?
    var refused: ImageError?
    var note = ""
    // The whole life of the reader lies inside the closure, since it borrows the bytes.
    let pixels = bytes.withUnsafeBufferPointer { input -> [UInt8] in
        parts.spans.withUnsafeBufferPointer { spans in
            withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(CPNG_MESSAGE_SIZE)) { message in
                guard let reader = cpng_reader_open(input.baseAddress, spans.baseAddress, spans.count, &header, message.baseAddress)
                else {
                    failure = String(cString: message.baseAddress!)
                    return []
                }
                defer { cpng_reader_close(reader) }
                do throws(ImageError) {
                    // Another chunk may have come before the header.
                    try DecodedPixels.checkSize(width: Int(header.width), height: Int(header.height), file: file)
                } catch {
                    refused = error
                    return []
                }
                channels = header.has_alpha != 0 ? 4 : 3
                let count = Int(header.width) * Int(header.height) * channels
                return DecodedPixels.filled(count) { output in
                    let done = cpng_reader_decode(reader, Int32(channels), output, count, message.baseAddress) != 0
                    let text = String(cString: message.baseAddress!)
                    if done { note = text } else { failure = text }
                    return done
                }
            }
        }
    }
    if let refused { throw refused }
    if let failure {
        guard failure == "the data ends early" else { throw .corrupt(.png, file: file, reason: failure) }
        let reason = parts.isCut ? "\(failure), after \(bytes.count) bytes" : "there are fewer pixels than its header says"
        throw .corrupt(.png, file: file, reason: reason)
    }
    return DecodedPixels(
        width: Int(header.width), height: Int(header.height), channels: channels, values: pixels, exif: parts.exif,
        warnings: parts.warnings + (note.isEmpty ? [] : [note]))
}
