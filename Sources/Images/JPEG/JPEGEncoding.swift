import CJPEG

/// Encodes RGB pixels as a JPEG.
func encodeJPEG(_ image: Image, quality: Int, text: [ImageText]) throws(ImageError) -> [UInt8] {
    var exif = try ExifBlock.encoded(text)
    if let whole = exif, whole.count > Int(CJPEG_MAX_EXIF) { exif = try ExifBlock.encodedOnce(text) ?? whole }
    if let exif, exif.count > Int(CJPEG_MAX_EXIF) {
        let longest = text.max { $0.text.utf8.count < $1.text.utf8.count }
        throw .invalidText(
            keyword: longest?.keyword ?? "",
            reason: "\(exif.count) bytes of Exif data in all, expected at most \(CJPEG_MAX_EXIF) in a JPEG; PNG and WebP hold more")
    }
    var bytes: UnsafeMutablePointer<UInt8>?
    var count = 0
    var failure: String?
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(CJPEG_MESSAGE_SIZE)) { message in
        let done = cjpeg_encode(
            image.pixels, UInt32(image.width), UInt32(image.height), Int32(quality), exif, exif?.count ?? 0, &bytes, &count,
            message.baseAddress)
        if done == 0 { failure = String(cString: message.baseAddress!) }
    }
    if let failure { throw .encodingFailed(reason: failure) }
    defer { cjpeg_free(bytes) }
    return [UInt8](UnsafeBufferPointer(start: bytes, count: count))
}
