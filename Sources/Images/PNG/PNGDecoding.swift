import CPNG
import Files

extension Image {
    /// Reads the PNG file at `path`; transparency is laid over white, 16 bits are rounded to 8.
    ///
    /// Colour profiles and gamma are ignored, as the training pipelines of the field ignore them.
    /// - Throws: `FileError` where the file is missing or cannot be read; `ImageError` where it is no PNG, damaged anywhere (a wrong checksum counts) or
    ///   larger than `maximumSide` or `maximumPixels`.
    public init(path: String) throws {
        self = try decodeRGB(InputFile.bytes(path), file: path)
    }

    /// Decodes a PNG in memory, as `init(path:)` does.
    public init(png bytes: [UInt8]) throws(ImageError) {
        self = try decodeRGB(bytes, file: "PNG data")
    }
}

extension RGBAImage {
    /// Reads the PNG file at `path` with its transparency; a file without any is opaque.
    /// - Throws: `FileError`, `ImageError`, as `Image(path:)` does.
    public init(path: String) throws {
        self = try decodeRGBA(InputFile.bytes(path), file: path)
    }

    /// Decodes a PNG in memory, as `init(path:)` does.
    public init(png bytes: [UInt8]) throws(ImageError) {
        self = try decodeRGBA(bytes, file: "PNG data")
    }
}

private func decodeRGB(_ bytes: [UInt8], file: String) throws(ImageError) -> Image {
    let decoded = try decode(bytes, file: file, channels: nil)
    if decoded.channels == 4 {
        return RGBAImage(width: decoded.width, height: decoded.height, pixels: decoded.pixels).composited(over: .white)
    }
    return Image(width: decoded.width, height: decoded.height, pixels: decoded.pixels)
}

private func decodeRGBA(_ bytes: [UInt8], file: String) throws(ImageError) -> RGBAImage {
    let decoded = try decode(bytes, file: file, channels: 4)
    return RGBAImage(width: decoded.width, height: decoded.height, pixels: decoded.pixels)
}

/// Decodes to `channels` channels, or to as many as the file needs: 3, or 4 where it has transparency.
private func decode(
    _ bytes: [UInt8], file: String, channels: Int?
) throws(ImageError) -> (width: Int, height: Int, channels: Int, pixels: [UInt8]) {
    try checkSize(bytes, file: file)
    var header = cpng_header()
    var used = 3
    var failure: String?
    // The whole life of the reader lies inside the closure, since it borrows the bytes.
    let pixels = bytes.withUnsafeBufferPointer { input -> [UInt8] in
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(CPNG_MESSAGE_SIZE)) { message in
            guard let reader = cpng_reader_open(input.baseAddress, input.count, &header, message.baseAddress) else {
                failure = String(cString: message.baseAddress!)
                return []
            }
            defer { cpng_reader_close(reader) }
            used = channels ?? (header.has_alpha != 0 ? 4 : 3)
            let count = Int(header.width) * Int(header.height) * used
            return [UInt8](unsafeUninitializedCapacity: count) { output, written in
                let done = cpng_reader_decode(reader, Int32(used), output.baseAddress, count, message.baseAddress)
                if done == 0 { failure = String(cString: message.baseAddress!) }
                // A failed decode leaves bytes unwritten, which must not become an array.
                written = done == 0 ? 0 : count
            }
        }
    }
    if let failure { throw .corruptPNG(file: file, reason: failure) }
    return (Int(header.width), Int(header.height), used, pixels)
}

/// Refuses what is no PNG, and a PNG with too many pixels before any memory is asked for.
private func checkSize(_ bytes: [UInt8], file: String) throws(ImageError) {
    guard bytes.starts(with: pngSignature) else {
        throw .notPNG(file: file, found: describeForeignData(bytes))
    }
    // The header chunk comes first: length, "IHDR", width, height. What is not so is left for libpng to name.
    guard bytes.count >= 24, bytes[12..<16].elementsEqual("IHDR".utf8) else { return }
    let width = bigEndian(bytes, at: 16)
    let height = bigEndian(bytes, at: 20)
    if width > Image.maximumSide || height > Image.maximumSide || width * height > Image.maximumPixels {
        throw .tooManyPixels(file: file, width: width, height: height)
    }
}

/// The 32-bit number at `offset`, which must lie at least four bytes before the end.
func bigEndian(_ bytes: [UInt8], at offset: Int) -> Int {
    Int(bytes[offset]) << 24 | Int(bytes[offset + 1]) << 16 | Int(bytes[offset + 2]) << 8 | Int(bytes[offset + 3])
}
