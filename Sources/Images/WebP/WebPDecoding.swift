import CWebP

/// Decodes to as many channels as the file needs: 3, or 4 where it has transparency.
func decodeWebP(_ bytes: [UInt8], file: String) throws(ImageError) -> DecodedPixels {
    func corrupt(_ reason: String) -> ImageError { .corrupt(.webp, file: file, reason: reason) }
    let chunks = WebPChunks(bytes)
    guard let range = chunks.picture else {
        throw corrupt(chunks.endsEarly ? "the data ends early, after \(bytes.count) bytes" : "it holds no picture")
    }
    var header = cwebp_header()
    var message: UnsafePointer<CChar>?
    let reads = bytes.withUnsafeBufferPointer { cwebp_read_header($0.baseAddress! + range.lowerBound, range.count, &header, &message) }
    guard reads != 0 else { throw corrupt(message.map { String(cString: $0) } ?? "") }
    let (width, height) = (Int(header.width), Int(header.height))
    try DecodedPixels.checkSize(width: width, height: height, file: file)
    if let frame = chunks.frame { try DecodedPixels.checkSize(width: frame.canvasWidth, height: frame.canvasHeight, file: file) }
    let channels = header.has_alpha != 0 ? 4 : 3
    let count = width * height * channels
    var done: Int32 = 0
    let values = DecodedPixels.filled(count) { output in
        done = bytes.withUnsafeBufferPointer {
            cwebp_decode($0.baseAddress! + range.lowerBound, range.count, Int32(channels), output, count, &message)
        }
        return done != 0
    }
    guard done != 0 else { throw corrupt(message.map { String(cString: $0) } ?? "") }
    var pixels = DecodedPixels(width: width, height: height, channels: channels, values: values, exif: chunks.exif)
    if chunks.isAnimation { pixels.warnings.append("an animation: its first picture is read") }
    if chunks.endsEarly { pixels.warnings.append("the file breaks off after the picture") }
    if let frame = chunks.frame { pixels.place(x: frame.x, y: frame.y, width: frame.canvasWidth, height: frame.canvasHeight) }
    return pixels
}

extension DecodedPixels {
    /// Puts a picture that covers a part of an animation's canvas in its place; what it does not cover is transparent.
    fileprivate mutating func place(x: Int, y: Int, width canvasWidth: Int, height canvasHeight: Int) {
        guard (x, y, width, height) != (0, 0, canvasWidth, canvasHeight) else { return }
        var canvas = [UInt8](repeating: 0, count: canvasWidth * canvasHeight * 4)
        for row in 0..<max(0, min(height, canvasHeight - y)) {
            for column in 0..<max(0, min(width, canvasWidth - x)) {
                let from = (row * width + column) * channels
                let to = ((y + row) * canvasWidth + x + column) * 4
                for channel in 0..<3 { canvas[to + channel] = values[from + channel] }
                canvas[to + 3] = channels == 4 ? values[from + 3] : 255
            }
        }
        (width, height, channels, values) = (canvasWidth, canvasHeight, 4, canvas)
    }
}
