import Foundation

extension ExifBlock {
    /// The Exif block that carries `texts`, without the "Exif" that introduces it in JPEG files; nil where there are none.
    ///
    /// Big-endian as a whole, since what reads UserComment in practice expects UTF-16 in this order.
    static func encoded(_ texts: [ImageText]) throws(ImageError) -> [UInt8]? {
        guard !texts.isEmpty else { return nil }
        try ImageText.check(texts)
        var first: [Entry] = []
        var exif = [Entry(tag: 0x9000, type: 7, value: Array("0230".utf8))]
        var note: [[String]] = []
        var used: Set<String> = []
        for text in texts {
            let tag = Tag.texts.first { $0.0 == text.keyword }?.1
            guard tag != nil || text.keyword == commentKeyword, used.insert(text.keyword).inserted else {
                note.append([text.keyword, text.text])
                continue
            }
            note.append([text.keyword])
            if let tag {
                first.append(Entry(tag: tag, type: 2, value: Array(text.text.utf8) + [0]))
            } else {
                exif.append(Entry(tag: Tag.userComment, type: 7, value: comment(text.text)))
            }
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        guard let json = try? encoder.encode(note) else { throw .encodingFailed(reason: "the texts do not go into JSON") }
        exif.append(Entry(tag: Tag.makerNote, type: 7, value: notePrefix + [UInt8](json)))

        let start: [UInt8] = [0x4D, 0x4D, 0, 42, 0, 0, 0, 8]
        first.append(Entry(tag: Tag.exif, type: 4, value: bigEndian(0)))
        let length = directory(first, at: start.count).count
        first[first.count - 1].value = bigEndian(start.count + length)
        return start + directory(first, at: start.count) + directory(exif, at: start.count + length)
    }

    /// The value of a UserComment: UTF-16, in which all that reads it looks for settings, or ASCII where that is too long.
    private static func comment(_ text: String) -> [UInt8] {
        let units = text.utf16
        if units.count > longestUTF16, text.utf8.allSatisfy({ (1..<128).contains($0) }) { return asciiPrefix + Array(text.utf8) }
        return unicodePrefix + units.flatMap { [UInt8($0 >> 8), UInt8($0 & 255)] }
    }

    /// The most UTF-16 units that a JPEG has room for beside the fields of the block.
    private static let longestUTF16 = 32_000

    /// The same for texts that are long: `parameters` alone, which says again what the others of a generated picture say. Nil
    /// where there is none.
    static func encodedOnce(_ texts: [ImageText]) throws(ImageError) -> [UInt8]? {
        guard let parameters = texts.first(where: { $0.keyword == commentKeyword }) else { return nil }
        let others = texts.filter { $0.keyword != commentKeyword && !generated.contains($0.keyword) }
        return try encoded(others + [parameters])
    }

    /// The texts of a generated picture that `parameters` says again.
    private static let generated: Set = ["Description", "flowtok"]

    /// A field to be written.
    private struct Entry {
        let tag: Int
        /// 2 text, 4 a number of 32 bits, 7 bytes.
        let type: Int
        var value: [UInt8]
    }

    /// A directory that begins at `offset`, followed by the values that do not fit into it.
    private static func directory(_ entries: [Entry], at offset: Int) -> [UInt8] {
        let entries = entries.sorted { $0.tag < $1.tag }
        var bytes = Array(bigEndian(entries.count).suffix(2))
        var values: [UInt8] = []
        // The directory ends with the place of the next one: there is none.
        let valuesStart = offset + 2 + 12 * entries.count + 4
        for entry in entries {
            bytes += bigEndian(entry.tag).suffix(2) + bigEndian(entry.type).suffix(2)
            bytes += bigEndian(entry.type == 4 ? 1 : entry.value.count)
            if entry.value.count <= 4 {
                bytes += entry.value + [UInt8](repeating: 0, count: 4 - entry.value.count)
            } else {
                bytes += bigEndian(valuesStart + values.count)
                values += entry.value
                // Values begin at even places.
                if values.count % 2 == 1 { values.append(0) }
            }
        }
        return bytes + bigEndian(0) + values
    }

    private static func bigEndian(_ value: Int) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
    }
}
