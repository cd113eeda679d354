import CPNG

extension Image {
    /// The picture as a PNG file's bytes, 8-bit RGB, with `text` beside it.
    /// - Throws: `ImageError.invalidText` where a text does not fit the format.
    public func encodedPNG(text: [ImageText] = []) throws(ImageError) -> [UInt8] {
        try encoded(as: .png, text: text)
    }
}

extension RGBAImage {
    /// The picture as a PNG file's bytes, 8-bit RGBA, with `text` beside it.
    /// - Throws: `ImageError.invalidText` where a text does not fit the format.
    public func encodedPNG(text: [ImageText] = []) throws(ImageError) -> [UInt8] {
        try encoded(as: .png, text: text)
    }
}

/// Encodes RGB (3 channels) or RGBA (4) pixels as a PNG.
func encodePNG(
    _ pixels: [UInt8], width: Int, height: Int, channels: Int, text: [ImageText]
) throws(ImageError) -> [UInt8] {
    try ImageText.check(text)
    var chunks: [cpng_chunk] = []
    var chunkData: [UInt8] = []
    for entry in text {
        let (type, payload) = try entry.chunk()
        chunks.append(cpng_chunk(type: type, offset: chunkData.count, count: payload.count))
        chunkData += payload
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
