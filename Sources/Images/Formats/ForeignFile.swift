/// What data that is no picture of a known format looks like, in words for an error message; with advice where there is a way
/// to a picture.
func describeForeignData(_ bytes: [UInt8]) -> String {
    func starts(_ prefix: [UInt8], at offset: Int = 0) -> Bool {
        bytes.count >= offset + prefix.count && bytes[offset..<offset + prefix.count].elementsEqual(prefix)
    }
    func starts(_ prefix: String, at offset: Int = 0) -> Bool { starts(Array(prefix.utf8), at: offset) }
    let expected = "expected a \(ImageFormat.names) picture"
    func picture(_ kind: String, by command: String, of package: String) -> String {
        "is \(kind), \(expected): convert it with `\(command)` (Debian: \(package))"
    }
    func picture(_ kind: String, _ suffix: String) -> String {
        picture(kind, by: "convert picture.\(suffix) picture.png", of: "imagemagick")
    }

    if bytes.isEmpty { return "is empty, \(expected)" }
    if starts("GIF87a") || starts("GIF89a") { return picture("a GIF file", by: "convert 'picture.gif[0]' picture.png", of: "imagemagick") }
    if starts("BM"), starts([0, 0, 0, 0], at: 6) { return picture("a BMP file", "bmp") }
    if starts([0x49, 0x49, 0x2A, 0]) || starts([0x4D, 0x4D, 0, 0x2A]) { return picture("a TIFF file", "tif") }
    if starts([0x49, 0x49, 0x2B, 0]) || starts([0x4D, 0x4D, 0, 0x2B]) { return picture("a BigTIFF file", "tif") }
    if starts("ftypavif", at: 4) || starts("ftypavis", at: 4) { return picture("an AVIF file", "avif") }
    if ["hei", "hev", "mif1", "msf1"].contains(where: { starts("ftyp" + $0, at: 4) }) {
        return picture("a HEIC file", by: "heif-convert picture.heic picture.png", of: "libheif-examples")
    }
    if starts([0xFF, 0x0A]) || starts("JXL ", at: 4) {
        return picture("a JPEG XL file", by: "djxl picture.jxl picture.png", of: "libjxl-tools")
    }
    if starts([0, 0, 0, 12, 0x6A, 0x50, 0x20, 0x20]) || starts([0xFF, 0x4F, 0xFF, 0x51]) { return picture("a JPEG 2000 file", "jp2") }
    if starts("8BPS") { return picture("a Photoshop file", by: "convert 'picture.psd[0]' picture.png", of: "imagemagick") }
    if starts([0, 0, 1, 0]) { return picture("an icon file", "ico") }
    if starts("qoif") { return picture("a QOI file", by: "ffmpeg -i picture.qoi picture.png", of: "ffmpeg") }
    if ["P1", "P2", "P3", "P4", "P5", "P6", "P7"].contains(where: { starts($0) }), bytes.count > 2, [9, 10, 13, 32].contains(bytes[2]) {
        return picture("a Netpbm file", "ppm")
    }
    if starts("%PDF") { return picture("a PDF file", by: "pdftoppm -png -r 150 file.pdf page", of: "poppler-utils") }
    if starts("version https://git-lfs") { return "is a Git LFS pointer, \(expected): fetch the file with `git lfs pull`" }
    if starts([0x89, 0x50, 0x4E, 0x47]) || bytes.elementsEqual(pngSignature.prefix(bytes.count)) {
        return "begins as a PNG and breaks off or was changed in transfer"
    }
    if starts([0x1F, 0x8B]) { return "is compressed by gzip, \(expected): unpack it with `gunzip`" }
    if starts([0x50, 0x4B, 3, 4]) { return "is a ZIP archive, \(expected): unpack it with `unzip`" }
    if starts("ftyp", at: 4) || starts([0x1A, 0x45, 0xDF, 0xA3]) {
        return picture("a video", by: "ffmpeg -i video -frames:v 1 picture.png", of: "ffmpeg")
    }
    if starts("RIFF") { return "begins as a WebP, a sound or a video and is none of them to the end of its header, \(expected)" }
    guard let text = beginningOfText(bytes) else { return "is no picture that is known here, \(expected)" }
    let start = text.drop { $0.isWhitespace || $0 == "\u{feff}" }.prefix(200).lowercased()
    if start.hasPrefix("<!doctype html") || start.hasPrefix("<html") || start.hasPrefix("<head") {
        return "is an HTML page, \(expected): the address of the download leads to a page and not to the picture"
    }
    if start.hasPrefix("<svg") || start.hasPrefix("<?xml") && text.contains("<svg") {
        return picture("an SVG drawing", by: "rsvg-convert picture.svg -o picture.png", of: "librsvg2-bin")
    }
    return "is a text file, \(expected)"
}

/// The first characters of data that is text; nil where it is not.
private func beginningOfText(_ bytes: [UInt8]) -> String? {
    // The last character of the part that is judged may be cut, so continuation bytes and one lead byte are left out.
    var judged = bytes.prefix(512)
    if bytes.count > 512 {
        while let last = judged.last, last & 0xC0 == 0x80 { judged.removeLast() }
        if let last = judged.last, last >= 0xC0 { judged.removeLast() }
    }
    guard let text = String(validating: judged, as: UTF8.self) else { return nil }
    let isText = text.unicodeScalars.allSatisfy { $0.value >= 32 && $0.value != 127 || $0 == "\n" || $0 == "\r" || $0 == "\t" }
    return isText ? text : nil
}

let pngSignature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
