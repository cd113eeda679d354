import CZlib

extension FoundTexts {
    /// The texts of a PNG, in the file's order, from its tEXt, zTXt and iTXt chunks; and its Exif block.
    static func inPNG(_ bytes: [UInt8]) -> FoundTexts {
        var found = FoundTexts()
        var chunks = PNGChunks(bytes)
        var checksums = PNGChecksumReport()
        while let chunk = chunks.next() {
            switch chunk.name {
            case .text, .compressedText, .internationalText:
                guard found.isOpen else { continue }
                guard chunks.isIntact(chunk) else {
                    checksums.add(chunk)
                    continue
                }
                if let text = parse(bytes[chunk.data], name: chunk.name) {
                    found.add(text)
                } else {
                    found.addDamaged(
                        "a malformed \(chunk.name.text) chunk, or one of more than \(ImageText.maximumLength) bytes of text, is passed over")
                }
            case .exif:
                if !chunks.isIntact(chunk) { checksums.add(chunk) } else { found.exif = found.exif ?? bytes[chunk.data] }
            default: break
            }
        }
        if let warning = checksums.warning { found.warnings.append(warning) }
        if !chunks.foundEnd { found.warnings.append("the file breaks off before its end") }
        return found
    }
}

/// The text of one chunk's data; nil where it is malformed or too long.
private func parse(_ data: ArraySlice<UInt8>, name chunk: PNGChunks.Name) -> ImageText? {
    guard let (name, afterName) = cut(data), (1...79).contains(name.count) else { return nil }
    var rest = afterName
    var isCompressed = chunk == .compressedText
    if chunk == .internationalText {
        guard let flag = rest.popFirst(), flag <= 1 else { return nil }
        isCompressed = flag == 1
    }
    if chunk != .text {
        // The method; only 0, zlib, exists.
        guard let method = rest.popFirst(), method == 0 || !isCompressed else { return nil }
    }
    if chunk == .internationalText {
        // The language and the translated keyword.
        guard let (_, afterLanguage) = cut(rest), let (_, afterTranslation) = cut(afterLanguage) else { return nil }
        rest = afterTranslation
    }
    if isCompressed {
        guard let inflated = inflate(rest) else { return nil }
        rest = inflated[...]
    }
    guard rest.count <= ImageText.maximumLength else { return nil }
    let text = chunk == .internationalText ? String(validating: rest, as: UTF8.self) : latin1(rest)
    return text.map { ImageText(keyword: latin1(name), text: $0) }
}

/// What lies before and after the first NUL.
private func cut(_ data: ArraySlice<UInt8>) -> (ArraySlice<UInt8>, ArraySlice<UInt8>)? {
    data.firstIndex(of: 0).map { (data[..<$0], data[($0 + 1)...]) }
}

/// At most `ImageText.maximumLength` bytes out of a zlib stream, so that a small file cannot ask for much memory.
private func inflate(_ data: ArraySlice<UInt8>) -> [UInt8]? {
    var status: Int32 = 0
    let inflated = [UInt8](unsafeUninitializedCapacity: ImageText.maximumLength + 1) { output, written in
        data.withUnsafeBufferPointer { input in
            status = cz_inflate(input.baseAddress, input.count, output.baseAddress, output.count, &written)
        }
    }
    return status == CZ_INFLATE_DONE ? inflated : nil
}
