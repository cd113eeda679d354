/// What data that is not a PNG looks like, in words for an error message; conversion advice where it is a picture.
func describeForeignData(_ bytes: [UInt8]) -> String {
    func starts(_ prefix: [UInt8], at offset: Int = 0) -> Bool {
        bytes.count >= offset + prefix.count && bytes[offset..<offset + prefix.count].elementsEqual(prefix)
    }
    func starts(_ prefix: String, at offset: Int = 0) -> Bool { starts(Array(prefix.utf8), at: offset) }
    func picture(_ kind: String, _ suffix: String) -> String {
        "is a \(kind) file, expected a PNG: convert it with `magick picture.\(suffix) picture.png`"
    }

    if bytes.isEmpty { return "is empty, expected a PNG" }
    if starts([0xFF, 0xD8, 0xFF]) { return picture("JPEG", "jpg") }
    if starts("GIF87a") || starts("GIF89a") { return picture("GIF", "gif") }
    if starts("RIFF"), starts("WEBP", at: 8) { return picture("WebP", "webp") }
    if starts("BM"), starts([0, 0, 0, 0], at: 6) { return picture("BMP", "bmp") }
    if starts([0x49, 0x49, 0x2A, 0]) || starts([0x4D, 0x4D, 0, 0x2A]) { return picture("TIFF", "tif") }
    if starts("ftypavif", at: 4) { return picture("AVIF", "avif") }
    if starts("ftyphei", at: 4) || starts("ftypmif1", at: 4) { return picture("HEIF", "heic") }
    if starts("%PDF") { return "is a PDF file, expected a PNG" }
    if starts("version https://git-lfs") { return "is a Git LFS pointer, expected a PNG: fetch it with `git lfs pull`" }
    if starts([0x89, 0x50, 0x4E, 0x47]) || bytes.elementsEqual(pngSignature.prefix(bytes.count)) {
        return "begins as a PNG and breaks off or was changed in transfer"
    }
    // The last character of the part that is judged may be cut, so continuation bytes and one lead byte are left out.
    var judged = bytes.prefix(512)
    if bytes.count > 512 {
        while let last = judged.last, last & 0xC0 == 0x80 { judged.removeLast() }
        if let last = judged.last, last >= 0xC0 { judged.removeLast() }
    }
    let isText = String(validating: judged, as: UTF8.self)?.unicodeScalars.allSatisfy {
        $0.value >= 32 && $0.value != 127 || $0 == "\n" || $0 == "\r" || $0 == "\t"
    } ?? false
    return isText ? "is a text file, expected a PNG" : "is not a PNG"
}

let pngSignature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
