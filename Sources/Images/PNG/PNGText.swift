/// A named text inside a PNG file, such as the prompt that a picture was made from.
public struct PNGText: Sendable, Hashable {
    /// The most bytes of one text that are written or read.
    public static let maximumLength = 1 << 20
    /// The most bytes of all texts of a file that are written or read.
    public static let maximumTotal = 16 << 20

    /// 1 to 79 printable Latin-1 characters, without spaces at the ends or two in a row. Known names are `Title`,
    /// `Author`, `Description`, `Software`, `Comment`.
    public var keyword: String
    /// Any text without NUL characters.
    public var text: String

    public init(keyword: String, text: String) {
        self.keyword = keyword
        self.text = text
    }

    /// The chunk that carries this text: tEXt where Latin-1 can say it, which every program reads, and otherwise iTXt.
    func chunk() throws(ImageError) -> (type: (UInt8, UInt8, UInt8, UInt8), payload: [UInt8]) {
        func invalid(_ reason: String) -> ImageError { .invalidText(keyword: keyword, reason: reason) }
        guard let name = latin1(keyword), (1...79).contains(name.count), name.allSatisfy(isPrintable) else {
            throw invalid("the keyword must be 1 to 79 printable Latin-1 characters")
        }
        if name.first == 32 || name.last == 32 || zip(name, name.dropFirst()).contains(where: { $0 == 32 && $1 == 32 }) {
            throw invalid("the keyword must not begin or end with a space or have two in a row")
        }
        if text.utf8.contains(0) { throw invalid("the text holds a NUL character") }
        if text.utf8.count > Self.maximumLength {
            throw invalid("\(text.utf8.count) bytes, expected at most \(Self.maximumLength)")
        }
        let ascii: (Character) -> UInt8 = { $0.asciiValue ?? 0 }
        if let short = latin1(text), short.allSatisfy({ isPrintable($0) || $0 == 9 || $0 == 10 || $0 == 13 }) {
            return ((ascii("t"), ascii("E"), ascii("X"), ascii("t")), name + [0] + short)
        }
        // After the keyword: not compressed, method 0, no language, no translated keyword.
        return ((ascii("i"), ascii("T"), ascii("X"), ascii("t")), name + [0, 0, 0, 0, 0] + Array(text.utf8))
    }
}

/// The Latin-1 bytes of `string`; nil where it has other characters.
private func latin1(_ string: String) -> [UInt8]? {
    var bytes: [UInt8] = []
    for scalar in string.unicodeScalars {
        guard scalar.value < 256 else { return nil }
        bytes.append(UInt8(scalar.value))
    }
    return bytes
}

private func isPrintable(_ byte: UInt8) -> Bool {
    (32...126).contains(byte) || byte >= 161
}
