import CJPEG

/// Decodes a JPEG to RGB.
func decodeJPEG(_ bytes: [UInt8], file: String) throws(ImageError) -> DecodedPixels {
    var header = cjpeg_header()
    var failure: ImageError?
    var note = ""
    // The whole life of the reader lies inside the closure, since it borrows the bytes.
    let pixels = bytes.withUnsafeBufferPointer { input -> [UInt8] in
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(CJPEG_MESSAGE_SIZE)) { message in
            func corrupt() -> ImageError { .corrupt(.jpeg, file: file, reason: String(cString: message.baseAddress!)) }
            guard let reader = cjpeg_reader_open(input.baseAddress, input.count, &header, message.baseAddress) else {
                failure = corrupt()
                return []
            }
            defer { cjpeg_reader_close(reader) }
            do throws(ImageError) {
                try DecodedPixels.checkSize(width: Int(header.width), height: Int(header.height), file: file)
            } catch {
                failure = error
                return []
            }
            let count = Int(header.width) * Int(header.height) * 3
            return DecodedPixels.filled(count) { output in
                let done = cjpeg_reader_decode(reader, output, count, message.baseAddress) != 0
                if done { note = String(cString: message.baseAddress!) } else { failure = corrupt() }
                return done
            }
        }
    }
    if let failure { throw failure }
    return DecodedPixels(
        width: Int(header.width), height: Int(header.height), channels: 3, values: pixels, exif: JPEGSegments(bytes).exif,
        warnings: note.isEmpty ? [] : [note])
}
