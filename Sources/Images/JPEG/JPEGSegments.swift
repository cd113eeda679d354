/// The segments of a JPEG before its pixels.
struct JPEGSegments {
    /// The Exif block without what introduces it.
    private(set) var exif: ArraySlice<UInt8>?
    /// Comments, in the file's order.
    private(set) var comments: [ArraySlice<UInt8>] = []

    /// - Parameter bytes: a file that begins as a JPEG.
    init(_ bytes: [UInt8]) {
        let introduction = Array("Exif\0\0".utf8)
        var offset = 2
        while offset + 4 <= bytes.count {
            // Markers begin with any number of 0xFF; what else lies between segments is passed over, as decoders do.
            guard bytes[offset] == 0xFF, bytes[offset + 1] != 0xFF, bytes[offset + 1] != 0 else {
                offset += 1
                continue
            }
            let marker = bytes[offset + 1]
            if marker == 0x01 || (0xD0...0xD8).contains(marker) {
                offset += 2
                continue
            }
            let length = Int(bytes[offset + 2]) << 8 | Int(bytes[offset + 3])
            // From the start of a scan on come pixels.
            guard marker != 0xDA, marker != 0xD9, length >= 2, length <= bytes.count - offset - 2 else { return }
            let data = bytes[offset + 4..<offset + 2 + length]
            if marker == 0xE1, exif == nil, data.starts(with: introduction) {
                exif = data.dropFirst(introduction.count)
            } else if marker == 0xFE, comments.count < ImageText.maximumCount {
                comments.append(data)
            }
            offset += 2 + length
        }
    }
}

extension FoundTexts {
    /// The comments of a JPEG, and its Exif block.
    static func inJPEG(_ bytes: [UInt8]) -> FoundTexts {
        let segments = JPEGSegments(bytes)
        var found = FoundTexts()
        found.exif = segments.exif
        for comment in segments.comments {
            let text = comment.prefix { $0 != 0 }
            guard !text.isEmpty else { continue }
            found.add(ImageText(keyword: "Comment", text: String(validating: text, as: UTF8.self) ?? latin1(text)))
        }
        return found
    }
}
