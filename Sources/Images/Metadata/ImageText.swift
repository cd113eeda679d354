/// A named text inside a picture's file, such as the prompt that a picture was made from.
public struct ImageText: Sendable, Hashable {
    /// The most bytes of one text that are written or read.
    public static let maximumLength = 1 << 20
    /// The most bytes of all texts of a file that are written or read.
    public static let maximumTotal = 16 << 20
    /// The most texts of a file that are read.
    static let maximumCount = 10_000

    /// 1 to 79 printable Latin-1 characters, without spaces at the ends or two in a row. Known names are `Title`,
    /// `Author`, `Description`, `Software`, `Comment`, and `parameters` for how a picture was generated.
    public var keyword: String
    /// Any text without NUL characters.
    public var text: String

    public init(keyword: String, text: String) {
        self.keyword = keyword
        self.text = text
    }

    /// The keyword in Latin-1.
    ///
    /// - Throws: `ImageError.invalidText` where no picture should carry the text, whatever its format: what one format takes
    ///   should survive in the others.
    func checkedName() throws(ImageError) -> [UInt8] {
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
        return name
    }

    /// - Throws: `ImageError.invalidText` where one of the texts, or all of them, cannot be stored.
    static func check(_ texts: [ImageText]) throws(ImageError) {
        var total = 0
        for text in texts {
            total += try text.checkedName().count + text.text.utf8.count
        }
        if total > maximumTotal {
            throw .invalidText(
                keyword: texts.last?.keyword ?? "", reason: "\(total) bytes of text in all, expected at most \(maximumTotal)")
        }
    }
}

/// The Latin-1 bytes of `string`; nil where it has other characters.
func latin1(_ string: String) -> [UInt8]? {
    var bytes: [UInt8] = []
    for scalar in string.unicodeScalars {
        guard scalar.value < 256 else { return nil }
        bytes.append(UInt8(scalar.value))
    }
    return bytes
}

/// The text that Latin-1 bytes stand for.
func latin1(_ bytes: ArraySlice<UInt8>) -> String {
    var text = String.UnicodeScalarView()
    for byte in bytes { text.append(Unicode.Scalar(byte)) }
    return String(text)
}

/// Whether a Latin-1 byte is a character that can be seen, or a space.
func isPrintable(_ byte: UInt8) -> Bool {
    (32...126).contains(byte) || byte >= 161
}
