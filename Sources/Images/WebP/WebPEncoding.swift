import CWebP

/// Encodes RGB (3 channels) or RGBA (4) pixels as a WebP.
func encodeWebP(
    _ pixels: [UInt8], width: Int, height: Int, channels: Int, quality: Int, text: [ImageText]
) throws(ImageError) -> [UInt8] {
    let exif = try ExifBlock.encoded(text)
    var bytes: UnsafeMutablePointer<UInt8>?
    var count = 0
    var message: UnsafePointer<CChar>?
    let done = cwebp_encode(pixels, UInt32(width), UInt32(height), Int32(channels), Int32(quality), &bytes, &count, &message)
    guard done != 0 else { throw .encodingFailed(reason: message.map { String(cString: $0) } ?? "") }
    defer { cwebp_free(bytes) }
    let file = UnsafeBufferPointer(start: bytes, count: count)
    guard let exif, count > 12 else { return [UInt8](file) }
    return extended(picture: file[12...], width: width, height: height, exif: exif)
}

/// A file of the extended format, the only one that can hold an Exif block.
///
/// - Parameter picture: the chunks of a simple file, or of an extended one as the encoder writes it for lossy transparency.
private func extended(picture: Slice<UnsafeBufferPointer<UInt8>>, width: Int, height: Int, exif: [UInt8]) -> [UInt8] {
    func number(_ value: Int, _ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
    var chunks = picture
    var hasAlpha = false
    if chunks.starts(with: "VP8X".utf8), chunks.count >= 18 {
        hasAlpha = chunks[chunks.startIndex + 8] & 0x10 != 0
        chunks = chunks.dropFirst(18)
    } else if chunks.starts(with: "VP8L".utf8), chunks.count >= 13 {
        // After name, length and signature: 14 bits of width and of height, each less one, and whether there is transparency.
        hasAlpha = chunks[chunks.startIndex + 12] & 0x10 != 0
    }
    let flags: UInt8 = 0x08 | (hasAlpha ? 0x10 : 0)
    var body = Array("WEBPVP8X".utf8) + number(10, 4) + [flags, 0, 0, 0] + number(width - 1, 3) + number(height - 1, 3)
    body += chunks
    body += Array("EXIF".utf8) + number(exif.count, 4) + exif
    if exif.count % 2 == 1 { body.append(0) }
    return Array("RIFF".utf8) + number(body.count, 4) + body
}
