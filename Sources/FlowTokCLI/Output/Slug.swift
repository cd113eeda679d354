import Foundation

/// A prompt as a file name: its words in lower case, joined by hyphens.
enum Slug {
    /// The most characters and bytes; file systems allow 255 bytes for a name, and a number and a suffix come with it.
    private static let longest = (characters: 60, bytes: 160)

    /// Letters, marks and digits of every script stay; everything else separates words. "picture" where nothing is left.
    static func make(_ prompt: String) -> String {
        var words: [String] = []
        var word = ""
        for character in prompt.precomposedStringWithCanonicalMapping.lowercased() {
            if character.unicodeScalars.contains(where: isWritten) {
                word.unicodeScalars.append(contentsOf: character.unicodeScalars.filter(isWritten))
            } else if !word.isEmpty, character != "'", character != "’" {
                words.append(word)
                word = ""
            }
        }
        if !word.isEmpty { words.append(word) }
        return cut(words)
    }

    /// As many words as fit, or as much of the first as fits.
    private static func cut(_ words: [String]) -> String {
        var name = ""
        for word in words {
            let longer = name.isEmpty ? word : name + "-" + word
            guard fits(longer) else {
                if name.isEmpty {
                    for character in word where fits(name + String(character)) { name.append(character) }
                }
                break
            }
            name = longer
        }
        return name.isEmpty ? "picture" : name
    }

    private static func fits(_ name: String) -> Bool {
        name.count <= longest.characters && name.utf8.count <= longest.bytes
    }

    private static func isWritten(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .nonspacingMark,
            .spacingMark, .decimalNumber, .letterNumber, .otherNumber:
            // Variation selectors count as marks, and nobody can see or type them.
            !scalar.properties.isVariationSelector
        default: false
        }
    }
}
