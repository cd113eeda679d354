import Foundation

/// The repairs that CLIP's text preparation makes to a prompt: those of the Python package `ftfy` with
/// its default settings, but for the repair of wrongly decoded text ("CafÃ©" stays as it is).
enum TextRepair {
    static func repaired(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
        guard text.contains(where: mayChange) else { return text }
        var out: [Unicode.Scalar] = []
        var readsEntities = true
        for line in lines(of: text) {
            // Text with tags is markup, where entities are none of our business.
            if line.contains("<") { readsEntities = false }
            out += repaired(line: Array(line), readsEntities: readsEntities)
        }
        return out
    }

    private static func mayChange(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09, 0x0a, 0x0c, 0x20...0x25, 0x27...0x7e: false
        default: true
        }
    }

    /// The text cut after every line feed.
    private static func lines(of text: [Unicode.Scalar]) -> [ArraySlice<Unicode.Scalar>] {
        var lines: [ArraySlice<Unicode.Scalar>] = []
        var start = 0
        for index in text.indices where text[index] == "\n" || index == text.count - 1 {
            lines.append(text[start...index])
            start = index + 1
        }
        return lines
    }

    /// One repair can bring out what another mends: all are made until nothing changes.
    private static func repaired(line: [Unicode.Scalar], readsEntities: Bool) -> [Unicode.Scalar] {
        var line = line
        while true {
            let before = line
            if readsEntities { line = withEntitiesRead(line) }
            line = line.flatMap { plain(Windows1252.character($0)) }
            line = withLineFeeds(line)
            line = withoutTerminalEscapes(line)
            line.removeAll(where: isStray)
            line = composed(line)
            if line == before { return line }
        }
    }

    /// `&name;` and `&#123;`, only with a semicolon, since a bare `&` is mostly just that.
    private static func withEntitiesRead(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
        guard text.contains("&") else { return text }
        var out: [Unicode.Scalar] = []
        var index = 0
        while index < text.count {
            if text[index] == "&", let (replacement, end) = entity(in: text, at: index) {
                out += replacement
                index = end
            } else {
                out.append(text[index])
                index += 1
            }
        }
        return out
    }

    private static func entity(in text: [Unicode.Scalar], at start: Int) -> ([Unicode.Scalar], end: Int)? {
        var name = start + 1
        let isNumeric = name < text.count && text[name] == "#"
        if isNumeric { name += 1 }
        var end = name
        while end < text.count, end - name <= 24, isASCIILetterOrDigit(text[end]) { end += 1 }
        guard (1...24).contains(end - name), end < text.count, text[end] == ";" else { return nil }
        guard isNumeric else { return HTMLEntities.textInAnyCase(text[name..<end]).map { ($0, end + 1) } }
        let replacement = HTMLReferences.replaced(in: Array(text[start...end]))
        // A semicolon left over means that the number did not reach up to it.
        return replacement.contains(";") ? nil : (replacement, end + 1)
    }

    private static func isASCIILetterOrDigit(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "0"..."9", "A"..."Z", "a"..."z": true
        default: false
        }
    }

    /// Ligatures taken apart, wide and narrow forms made ordinary, quotation marks straightened.
    private static func plain(_ scalar: Unicode.Scalar) -> [Unicode.Scalar] {
        guard scalar.value >= 0x80 else { return [scalar] }
        let parts = ligatures[scalar] ?? [scalar]
        return parts.flatMap(ordinaryWidth).map(straightQuote)
    }

    private static let ligatures: [Unicode.Scalar: [Unicode.Scalar]] = [
        "Ĳ": ["I", "J"], "ĳ": ["i", "j"], "ŉ": ["\u{2BC}", "n"],
        "Ǆ": ["D", "Ž"], "ǅ": ["D", "ž"], "ǆ": ["d", "ž"],
        "Ǉ": ["L", "J"], "ǈ": ["L", "j"], "ǉ": ["l", "j"],
        "Ǌ": ["N", "J"], "ǋ": ["N", "j"], "ǌ": ["n", "j"],
        "Ǳ": ["D", "Z"], "ǲ": ["D", "z"], "ǳ": ["d", "z"],
        "ﬀ": ["f", "f"], "ﬁ": ["f", "i"], "ﬂ": ["f", "l"], "ﬃ": ["f", "f", "i"], "ﬄ": ["f", "f", "l"],
        "ﬅ": ["ſ", "t"], "ﬆ": ["s", "t"],
    ]

    private static func ordinaryWidth(_ scalar: Unicode.Scalar) -> [Unicode.Scalar] {
        switch scalar.value {
        case 0x3000: [" "]
        case 0xff01...0xffef: Array(String(scalar).precomposedStringWithCompatibilityMapping.unicodeScalars)
        default: [scalar]
        }
    }

    private static func straightQuote(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
        switch scalar.value {
        case 0x201c...0x201f: "\""
        case 0x02bc, 0x2018...0x201b: "'"
        default: scalar
        }
    }

    private static func withLineFeeds(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
        var out: [Unicode.Scalar] = []
        out.reserveCapacity(text.count)
        for (index, scalar) in text.enumerated() {
            switch scalar.value {
            case 0x0d where index + 1 < text.count && text[index + 1] == "\n": break
            case 0x0d, 0x85, 0x2028, 0x2029: out.append("\n")
            default: out.append(scalar)
            }
        }
        return out
    }

    /// Colours and cursor movements of a terminal: escape, `[`, numbers, a letter.
    private static func withoutTerminalEscapes(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
        guard text.contains("\u{1b}") else { return text }
        var out: [Unicode.Scalar] = []
        var index = 0
        while index < text.count {
            if text[index] == "\u{1b}", index + 1 < text.count, text[index + 1] == "[" {
                var end = index + 2
                while end < text.count, text[end] == ";" || text[end].properties.generalCategory == .decimalNumber {
                    end += 1
                }
                if end < text.count, text[end].isASCII, text[end].properties.isAlphabetic {
                    index = end + 1
                    continue
                }
            }
            out.append(text[index])
            index += 1
        }
        return out
    }

    private static func isStray(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x00...0x08, 0x0b, 0x0e...0x1f, 0x7f, 0x206a...0x206f, 0xfeff, 0xfff9...0xfffc: true
        default: false
        }
    }

    /// Normalisation form C. Taken apart first: composing alone leaves a Korean syllable and a final
    /// consonant after it as two.
    private static func composed(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
        let decomposed = String(String.UnicodeScalarView(text)).decomposedStringWithCanonicalMapping
        return Array(decomposed.precomposedStringWithCanonicalMapping.unicodeScalars)
    }
}
