/// Character references replaced as HTML5 parsers replace them.
enum HTMLReferences {
    /// Replaces `&name;`, `&#123;` and `&#x7b;`, and those forms that HTML5 takes without a semicolon.
    static func replaced(in text: [Unicode.Scalar]) -> [Unicode.Scalar] {
        guard text.contains("&") else { return text }
        var out: [Unicode.Scalar] = []
        out.reserveCapacity(text.count)
        var index = 0
        while index < text.count {
            if text[index] == "&", let (replacement, end) = reference(in: text, at: index + 1) {
                out += replacement
                index = end
            } else {
                out.append(text[index])
                index += 1
            }
        }
        return out
    }

    /// What stands for the reference whose name begins at `start`, and where the text goes on.
    private static func reference(in text: [Unicode.Scalar], at start: Int) -> ([Unicode.Scalar], end: Int)? {
        guard start < text.count else { return nil }
        return text[start] == "#" ? numeric(in: text, at: start + 1) : named(in: text, at: start)
    }

    private static func numeric(in text: [Unicode.Scalar], at start: Int) -> ([Unicode.Scalar], end: Int)? {
        let isHexadecimal = start < text.count && (text[start] == "x" || text[start] == "X")
        let radix: UInt32 = isHexadecimal ? 16 : 10
        let first = isHexadecimal ? start + 1 : start
        var end = first
        var value: UInt32 = 0
        while end < text.count, text[end].isASCII, let digit = Character(text[end]).hexDigitValue, digit < radix {
            // Everything beyond Unicode is alike.
            value = min(value * radix + UInt32(digit), 0x11_0000)
            end += 1
        }
        guard end > first else { return nil }
        if end < text.count, text[end] == ";" { end += 1 }
        return (character(value), end)
    }

    /// The character of a number, by the rules for numbers that should not be there.
    private static func character(_ value: UInt32) -> [Unicode.Scalar] {
        switch value {
        case 0x0d: return ["\r"]
        case 0x80...0x9f: return Unicode.Scalar(value).map { [Windows1252.character($0)] } ?? []
        case 0x01...0x08, 0x0b, 0x0e...0x1f, 0x7f, 0xfdd0...0xfdef: return []
        case 0x01...0x10_ffff where value & 0xfffe == 0xfffe: return []
        case 0: return ["\u{FFFD}"]
        default: return [Unicode.Scalar(value) ?? "\u{FFFD}"]
        }
    }

    private static func named(in text: [Unicode.Scalar], at start: Int) -> ([Unicode.Scalar], end: Int)? {
        var end = start
        while end < text.count, end - start < 32, !endsName(text[end]) { end += 1 }
        guard end > start else { return nil }
        let name = text[start..<end]
        if end < text.count, text[end] == ";", let entity = HTMLEntities.entity(name) { return (entity.text, end + 1) }
        // The longest name that needs no semicolon; the rest stays.
        var length = min(name.count, HTMLEntities.longestBareName)
        while length >= 2 {
            if let entity = HTMLEntities.entity(name.prefix(length)), entity.standsBare {
                return (entity.text, start + length)
            }
            length -= 1
        }
        // Nothing in these characters can begin another reference.
        return (["&"] + name, end)
    }

    private static func endsName(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "\t", "\n", "\u{c}", " ", "<", "&", "#", ";": true
        default: false
        }
    }
}
