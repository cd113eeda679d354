import CPNG
import Files

extension Image {
    /// The picture as a PNG file's bytes, 8-bit RGB, with `text` beside it.
    /// - Throws: `ImageError.invalidText` where a text does not fit the format.
    public func encodedPNG(text: [PNGText] = []) throws(ImageError) -> [UInt8] {
        try encode(pixels, width: width, height: height, channels: 3, text: text)
    }

    /// Writes the picture to `path` as a PNG, whole or not at all.
    ///
    /// - Throws: `FileError.unwritable`; `ImageError.invalidText`, or `.tooManyPixels` for a picture that could not be read
    ///   again; nothing is left behind.
    public func write(to path: String, text: [PNGText] = []) throws {
        try AtomicFile.write(to: path, encodedPNG(text: text))
    }
}

extension RGBAImage {
    /// The picture as a PNG file's bytes, 8-bit RGBA, with `text` beside it.
    /// - Throws: `ImageError.invalidText` where a text does not fit the format.
    public func encodedPNG(text: [PNGText] = []) throws(ImageError) -> [UInt8] {
        try encode(pixels, width: width, height: height, channels: 4, text: text)
    }

    /// Writes the picture to `path` as a PNG, whole or not at all.
    /// - Throws: `FileError.unwritable` or `ImageError.invalidText`; nothing is left behind.
    public func write(to path: String, text: [PNGText] = []) throws {
        try AtomicFile.write(to: path, encodedPNG(text: text))
    }
}

private func encode(
    _ pixels: [UInt8], width: Int, height: Int, channels: Int, text: [PNGText]
) throws(ImageError) -> [UInt8] {
    guard width <= Image.maximumSide, height <= Image.maximumSide, width * height <= Image.maximumPixels else {
        throw .tooManyPixels(file: "PNG data", width: width, height: height)
    }
    var chunks: [cpng_chunk] = []
    var chunkData: [UInt8] = []
    for entry in text {
        let (type, payload) = try entry.chunk()
        chunks.append(cpng_chunk(type: type, offset: chunkData.count, count: payload.count))
        chunkData += payload
    }
    if chunkData.count > PNGText.maximumTotal {
        throw .invalidText(
            keyword: text.last?.keyword ?? "",
            reason: "\(chunkData.count) bytes of text in all, expected at most \(PNGText.maximumTotal)")
    }
    var bytes: UnsafeMutablePointer<UInt8>?
    var count = 0
    var failure: String?
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(CPNG_MESSAGE_SIZE)) { message in
        let done = cpng_encode(
            pixels, UInt32(width), UInt32(height), Int32(channels), chunks, chunks.count, chunkData, &bytes, &count,
            message.baseAddress)
        if done == 0 { failure = String(cString: message.baseAddress!) }
    }
    if let failure { throw .encodingFailed(reason: failure) }
    defer { cpng_free(bytes) }
    return [UInt8](UnsafeBufferPointer(start: bytes, count: count))
}
