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

extension ImageText {
    /// The chunk that carries this text: tEXt where Latin-1 can say it, which every program reads, and otherwise iTXt.
    func chunk() throws(ImageError) -> (type: (UInt8, UInt8, UInt8, UInt8), payload: [UInt8]) {
        let name = try checkedName()
        let ascii: (Character) -> UInt8 = { $0.asciiValue ?? 0 }
        if let short = latin1(text), short.allSatisfy({ isPrintable($0) || $0 == 9 || $0 == 10 || $0 == 13 }) {
            return ((ascii("t"), ascii("E"), ascii("X"), ascii("t")), name + [0] + short)
        }
        // After the keyword: not compressed, method 0, no language, no translated keyword.
        return ((ascii("i"), ascii("T"), ascii("X"), ascii("t")), name + [0, 0, 0, 0, 0] + Array(text.utf8))
    }
}
