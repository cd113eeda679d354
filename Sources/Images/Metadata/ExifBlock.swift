import Foundation

/// What is read of an Exif block, a TIFF file without a picture: how the picture lies, and its texts.
///
/// A block that is damaged says nothing but that.
struct ExifBlock {
    private(set) var orientation: Orientation?
    private(set) var texts: [ImageText] = []
    /// What is wrong with it, a part of a sentence.
    private(set) var problem: String?

    /// Tags, as the standard numbers them (CIPA DC-008).
    enum Tag {
        static let orientation = 0x0112
        static let exif = 0x8769
        static let makerNote = 0x927C
        static let userComment = 0x9286
        /// Texts of the first directory, by keyword.
        static let texts = [("Description", 0x010E), ("Software", 0x0131), ("Author", 0x013B), ("Copyright", 0x8298)]
    }

    /// The keyword of the text that UserComment holds.
    static let commentKeyword = "parameters"
    /// How a UserComment of UTF-16 begins.
    static let unicodePrefix = Array("UNICODE\0".utf8)
    /// How a UserComment of ASCII begins.
    static let asciiPrefix = Array("ASCII\0\0\0".utf8)
    /// How our MakerNote begins; JSON follows: `[keyword, text]` for every text, or `[keyword]` where a field of its own holds it.
    static let notePrefix = Array("flowtok\0".utf8)

    /// - Parameter data: the block, with or without the "Exif" that introduces it in JPEG files.
    init(_ data: ArraySlice<UInt8>) {
        let introduction = Array("Exif\0\0".utf8)
        guard let tiff = TIFFDirectories(data.starts(with: introduction) ? data.dropFirst(introduction.count) : data) else {
            problem = "its Exif block is damaged: passed over"
            return
        }
        if let number = tiff.number(Tag.orientation, in: tiff.first) {
            orientation = Orientation(rawValue: number)
            // Zero is what some cameras write where they do not know.
            if orientation == nil, number != 0 { problem = "its Exif orientation is \(number), expected 1 to 8: passed over" }
        }
        texts = Self.texts(of: tiff)
    }

    private static func texts(of tiff: TIFFDirectories) -> [ImageText] {
        var fields: [(keyword: String, text: String)] = []
        for (keyword, tag) in Tag.texts {
            if let bytes = tiff.bytes(tag, in: tiff.first) { fields.append((keyword, plainText(bytes))) }
        }
        let own = tiff.exif.flatMap { tiff.bytes(Tag.makerNote, in: $0) }.flatMap(note)
        if let bytes = tiff.exif.flatMap({ tiff.bytes(Tag.userComment, in: $0) }), let text = comment(bytes, isBigEndian: tiff.isBigEndian) {
            // Cameras keep remarks here, and programs that generate pictures the settings.
            let isSettings = own != nil || text.contains("Steps: ")
            fields.append((isSettings ? commentKeyword : "Comment", text))
        }
        var texts: [ImageText] = []
        for entry in own ?? [] {
            if entry.count == 2 {
                texts.append(ImageText(keyword: entry[0], text: entry[1]))
            } else if let index = fields.firstIndex(where: { $0.keyword == entry.first }) {
                texts.append(ImageText(keyword: fields[index].keyword, text: fields.remove(at: index).text))
            }
        }
        // Cameras fill fields that they do not use with spaces.
        for field in fields where !field.text.allSatisfy(\.isWhitespace) {
            texts.append(ImageText(keyword: field.keyword, text: field.text))
        }
        return texts
    }

    /// The text of an ASCII field, which in practice is UTF-8, up to its NUL.
    private static func plainText(_ bytes: ArraySlice<UInt8>) -> String {
        let text = bytes.prefix { $0 != 0 }
        return String(validating: text, as: UTF8.self) ?? latin1(text)
    }

    /// The text of a UserComment: eight bytes that name the encoding, and the text. Nil where there is none.
    private static func comment(_ bytes: ArraySlice<UInt8>, isBigEndian: Bool) -> String? {
        guard bytes.count >= 8 else { return nil }
        let (encoding, text) = (bytes.prefix(8), bytes.dropFirst(8))
        guard encoding.elementsEqual(unicodePrefix) else {
            // "ASCII", or eight zeros where nobody says.
            return encoding.elementsEqual(asciiPrefix) || encoding.allSatisfy { $0 == 0 } ? plainText(text) : nil
        }
        var units: [UInt16] = []
        units.reserveCapacity(text.count / 2)
        // The standard leaves the order of bytes open, and programs differ: a mark decides, and else where the zeros of Latin
        // letters lie, and else the order of the block.
        var high = 0
        var low = 0
        for (index, byte) in text.enumerated() where byte == 0 { if index % 2 == 0 { high += 1 } else { low += 1 } }
        var bigEndian = high == low ? isBigEndian : high > low
        if text.starts(with: [0xFE, 0xFF]) { bigEndian = true }
        if text.starts(with: [0xFF, 0xFE]) { bigEndian = false }
        var index = text.startIndex
        while index + 1 < text.endIndex {
            let (first, second) = (UInt16(text[index]), UInt16(text[index + 1]))
            units.append(bigEndian ? first << 8 | second : second << 8 | first)
            index += 2
        }
        if units.first == 0xFEFF { units.removeFirst() }
        return String(decoding: units.prefix { $0 != 0 }, as: UTF16.self)
    }

    /// The entries of a MakerNote of our own; nil where it is somebody else's.
    private static func note(_ bytes: ArraySlice<UInt8>) -> [[String]]? {
        guard bytes.starts(with: notePrefix), bytes.count <= ImageText.maximumTotal * 2 else { return nil }
        return try? JSONDecoder().decode([[String]].self, from: Data(bytes.dropFirst(notePrefix.count)))
    }
}

/// The directories of a TIFF file: lists of numbered fields. Every offset is checked against the data.
struct TIFFDirectories {
    struct Field {
        let type: Int
        let count: Int
        /// Where the value lies, or the offset at which it lies.
        let offset: Int
    }

    typealias Directory = [Int: Field]

    let isBigEndian: Bool
    private(set) var first: Directory = [:]
    /// The directory of Exif's own fields.
    private(set) var exif: Directory?
    private let data: ArraySlice<UInt8>

    /// Nil where the header or the first directory is damaged.
    init?(_ data: ArraySlice<UInt8>) {
        self.data = data
        switch data.prefix(4) {
        case [0x4D, 0x4D, 0, 42]: isBigEndian = true
        case [0x49, 0x49, 42, 0]: isBigEndian = false
        default: return nil
        }
        guard let start = value(at: 4, bytes: 4), let first = directory(at: start) else { return nil }
        self.first = first
        if let start = number(ExifBlock.Tag.exif, in: first) { exif = directory(at: start) }
    }

    /// The whole number of a field with one value.
    func number(_ tag: Int, in directory: Directory) -> Int? {
        guard let field = directory[tag], field.count == 1, field.type == 3 || field.type == 4 else { return nil }
        return value(at: field.offset, bytes: field.type == 3 ? 2 : 4)
    }

    /// The bytes of a field of text or of anything; nil where it has another type or leads outside.
    func bytes(_ tag: Int, in directory: Directory) -> ArraySlice<UInt8>? {
        // BYTE, ASCII, UNDEFINED and the UTF-8 of Exif 3.
        guard let field = directory[tag], [1, 2, 7, 129].contains(field.type) else { return nil }
        guard let start = field.count <= 4 ? field.offset : value(at: field.offset, bytes: 4),
            start <= data.count, field.count <= data.count - start
        else { return nil }
        return data[data.startIndex + start..<data.startIndex + start + field.count]
    }

    /// The fields at `offset`; of a tag that comes twice, the first one.
    private func directory(at offset: Int) -> Directory? {
        guard let count = value(at: offset, bytes: 2), count <= (data.count - offset - 2) / 12 else { return nil }
        var directory: Directory = [:]
        for index in 0..<count {
            let entry = offset + 2 + 12 * index
            guard let tag = value(at: entry, bytes: 2), let type = value(at: entry + 2, bytes: 2), let count = value(at: entry + 4, bytes: 4)
            else { return nil }
            if directory[tag] == nil { directory[tag] = Field(type: type, count: count, offset: entry + 8) }
        }
        return directory
    }

    private func value(at offset: Int, bytes count: Int) -> Int? {
        guard offset >= 0, offset <= data.count - count else { return nil }
        let start = data.startIndex + offset
        let bytes = data[start..<start + count]
        return isBigEndian ? bytes.reduce(0) { $0 << 8 | Int($1) } : bytes.reversed().reduce(0) { $0 << 8 | Int($1) }
    }
}
