import CPNG
import Files

extension Image {
    /// The texts inside the PNG file at `path`, in the file's order, from tEXt, zTXt and iTXt chunks.
    ///
    /// Pixels are not decoded. A text that is itself malformed is an error, never a silent loss.
    /// - Throws: `FileError` where the file is missing; `ImageError` where it is no PNG or damaged, or holds more text than `PNGText` allows.
    public static func text(ofPNGAt path: String) throws -> [PNGText] {
        try texts(in: InputFile.bytes(path), file: path)
    }

    /// The texts inside a PNG in memory, as `text(ofPNGAt:)` reads them.
    public static func text(ofPNG bytes: [UInt8]) throws(ImageError) -> [PNGText] {
        try texts(in: bytes, file: "PNG data")
    }
}

private func texts(in bytes: [UInt8], file: String) throws(ImageError) -> [PNGText] {
    func corrupt(_ reason: String) -> ImageError { .corruptPNG(file: file, reason: reason) }
    guard bytes.starts(with: pngSignature) else { throw .notPNG(file: file, found: describeForeignData(bytes)) }
    var found: [PNGText] = []
    var total = 0
    var offset = pngSignature.count
    while true {
        // Length, type, data, checksum; the checksum covers type and data.
        guard bytes.count - offset >= 12 else { throw corrupt("the data ends early, after \(bytes.count) bytes") }
        let length = bigEndian(bytes, at: offset)
        guard length <= bytes.count - offset - 12 else {
            throw corrupt("the data ends early, after \(bytes.count) bytes")
        }
        let type = String(decoding: bytes[offset + 4..<offset + 8], as: UTF8.self)
        let data = offset + 8..<offset + 8 + length
        if type == "IEND" { return found }
        if type == "tEXt" || type == "zTXt" || type == "iTXt" {
            let sum = bytes.withUnsafeBufferPointer { cpng_crc32($0.baseAddress! + offset + 4, length + 4) }
            guard Int(sum) == bigEndian(bytes, at: data.upperBound) else { throw corrupt("\(type): CRC error") }
            guard let text = parse(bytes[data], type: type) else {
                throw corrupt("\(type): malformed text, or more than \(PNGText.maximumLength) bytes of it")
            }
            total += text.text.utf8.count
            guard total <= PNGText.maximumTotal else { throw corrupt("more than \(PNGText.maximumTotal) bytes of text") }
            found.append(text)
        }
        offset = data.upperBound + 4
    }
}

/// The text of one chunk's data; nil where it is malformed or too long.
private func parse(_ data: ArraySlice<UInt8>, type: String) -> PNGText? {
    guard let (name, afterName) = cut(data), (1...79).contains(name.count) else { return nil }
    var rest = afterName
    var isCompressed = type == "zTXt"
    if type == "iTXt" {
        guard let flag = rest.popFirst(), flag <= 1 else { return nil }
        isCompressed = flag == 1
    }
    if type != "tEXt" {
        // The method; only 0, zlib, exists.
        guard let method = rest.popFirst(), method == 0 || !isCompressed else { return nil }
    }
    if type == "iTXt" {
        // The language and the translated keyword.
        guard let (_, afterLanguage) = cut(rest), let (_, afterTranslation) = cut(afterLanguage) else { return nil }
        rest = afterTranslation
    }
    if isCompressed {
        guard let inflated = inflate(rest) else { return nil }
        rest = inflated[...]
    }
    guard rest.count <= PNGText.maximumLength else { return nil }
    let text = type == "iTXt" ? String(validating: rest, as: UTF8.self) : latin1(rest)
    return text.map { PNGText(keyword: latin1(name), text: $0) }
}

/// What lies before and after the first NUL.
private func cut(_ data: ArraySlice<UInt8>) -> (ArraySlice<UInt8>, ArraySlice<UInt8>)? {
    data.firstIndex(of: 0).map { (data[..<$0], data[($0 + 1)...]) }
}

private func latin1(_ bytes: ArraySlice<UInt8>) -> String {
    var text = String.UnicodeScalarView()
    for byte in bytes { text.append(Unicode.Scalar(byte)) }
    return String(text)
}

/// At most `PNGText.maximumLength` bytes out of a zlib stream, so that a small file cannot ask for much memory.
private func inflate(_ data: ArraySlice<UInt8>) -> [UInt8]? {
    var status: Int32 = 0
    let inflated = [UInt8](unsafeUninitializedCapacity: PNGText.maximumLength + 1) { output, written in
        data.withUnsafeBufferPointer { input in
            status = cpng_inflate(input.baseAddress, input.count, output.baseAddress, output.count, &written)
        }
    }
    return status == CPNG_INFLATE_DONE ? inflated : nil
}
