/// Cuts a cleaned prompt into the pieces that byte-pair merges work in.
///
/// The pieces are the matches of the tokenizer's pattern, the first of these that fits at each place:
/// a special word, an English contraction (`'s`, `'re`), a run of letters, one digit, a run of
/// anything else but spaces.
package enum CLIPPieces {
    package static let startWord = "<start_of_text>"
    package static let endWord = "<end_of_text>"

    private static let specialWords = [startWord, endWord].map { Array($0.unicodeScalars) }
    private static let contractions = ["s", "t", "re", "ve", "m", "ll", "d"].map { Array($0.unicodeScalars) }

    package static func pieces(of text: [Unicode.Scalar]) -> [ArraySlice<Unicode.Scalar>] {
        var pieces: [ArraySlice<Unicode.Scalar>] = []
        var index = 0
        while index < text.count {
            let end = pieceEnd(in: text, from: index)
            if end > index {
                pieces.append(text[index..<end])
                index = end
            } else {
                index += 1
            }
        }
        return pieces
    }

    /// Where the piece that begins at `start` ends: `start` itself at a space.
    private static func pieceEnd(in text: [Unicode.Scalar], from start: Int) -> Int {
        if text[start] == "<", let word = specialWords.first(where: { fits($0, in: text, at: start) }) {
            return start + word.count
        }
        if text[start] == "'", let tail = contractions.first(where: { fits($0, in: text, at: start + 1) }) {
            return start + 1 + tail.count
        }
        let kind = Kind(text[start])
        switch kind {
        case .space: return start
        case .number: return start + 1
        case .letter, .other: return text[start...].firstIndex { Kind($0) != kind } ?? text.count
        }
    }

    private static func fits(_ word: [Unicode.Scalar], in text: [Unicode.Scalar], at start: Int) -> Bool {
        guard text.count - start >= word.count else { return false }
        // The pattern ignores case, and the long s (U+017F) is a small s in another case.
        return zip(word, text[start...]).allSatisfy { $0 == $1 || ($0 == "s" && $1 == "ſ") }
    }

    private enum Kind {
        case letter, number, space, other

        init(_ scalar: Unicode.Scalar) {
            // In another case this mark is the letter iota: a pattern that ignores case takes it neither
            // for a letter nor for anything else, and so drops it.
            guard scalar != "\u{345}" else {
                self = .space
                return
            }
            switch scalar.properties.generalCategory {
            case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: self = .letter
            case .decimalNumber, .letterNumber, .otherNumber: self = .number
            default: self = scalar.properties.isWhitespace ? .space : .other
            }
        }
    }
}
