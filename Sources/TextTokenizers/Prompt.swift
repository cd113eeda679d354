/// A prompt in the words that a model of this package's own reads: emoji by their names, and no punctuation but the hyphens and
/// apostrophes within words, since the captions that such a model learns from have little else. It remembers where each
/// byte came from.
///
///     Prompt("A (red) 🦊!").text  // "A red fox"
public struct Prompt: Sendable, Equatable {
    /// The words, with single spaces between them.
    public private(set) var text = ""
    /// The byte of the original at which each byte of `text` begins.
    private var origins: [Int] = []
    private let length: Int

    /// Reads a prompt. One that has no words at all is left as it is.
    ///
    /// - Parameters:
    ///   - foldingCase: whether to write capitals small.
    ///   - emoji: names of emoji; nil for those of this package, which are read when a prompt first holds an emoji.
    public init(_ original: String, foldingCase: Bool = false, emoji: EmojiNames? = nil) {
        length = original.utf8.count
        var offset = 0
        var pendingSpace = false
        var previous: Character?
        let characters = Array(original)
        for (index, character) in characters.enumerated() {
            defer {
                offset += character.utf8.count
                previous = character
            }
            let next = index + 1 < characters.count ? characters[index + 1] : nil
            switch Self.reading(of: character, after: previous, before: next, emoji) {
            case .nothing: continue
            case .space: pendingSpace = true
            case .word(let word):
                if !text.isEmpty { add(" ", from: offset) }
                // Names may have punctuation of their own.
                add(Prompt(word, foldingCase: foldingCase, emoji: emoji).text, from: offset)
                pendingSpace = true
            case .text(let kept):
                if pendingSpace, !text.isEmpty { add(" ", from: offset) }
                pendingSpace = false
                add(foldingCase ? kept.lowercased() : kept, from: offset)
            }
        }
        guard text.isEmpty else { return }
        for character in original { add(String(character), from: text.utf8.count) }
        origins = Array(0..<length)
    }

    private mutating func add(_ part: String, from offset: Int) {
        text += part
        origins += Array(repeating: offset, count: part.utf8.count)
    }

    /// The byte of the original prompt that byte `offset` of the text stands for.
    func origin(of offset: Int) -> Int { offset < origins.count ? origins[offset] : length }

    /// What a character becomes.
    private enum Reading {
        case nothing, space
        /// A word of its own.
        case word(String)
        case text(String)
    }

    private static func reading(
        of character: Character, after previous: Character?, before next: Character?, _ emoji: EmojiNames?
    ) -> Reading {
        if character.isWhitespace { return .space }
        let scalars = character.unicodeScalars
        // Digits and © are emoji to Unicode, and only with a selector or a keycap to anybody else.
        if let first = scalars.first, first.properties.isEmojiPresentation || first.properties.isEmoji && !first.isASCII || scalars.count > 1,
            let name = name(of: scalars, emoji)
        {
            return .word(name)
        }
        if character == "&" { return .word("and") }
        guard let first = scalars.first, isPunctuation(first) else {
            let kept = scalars.filter { !$0.properties.isVariationSelector && $0.properties.generalCategory != .control }
            return kept.isEmpty ? .nothing : .text(String(String.UnicodeScalarView(kept)))
        }
        let joins = previous.map(isOfWord) == true && next.map(isOfWord) == true
        switch character {
        case "'", "’", "ʼ", "＇": return joins ? .text("'") : .nothing
        case "-", "‐", "‑": return joins ? .text("-") : .space
        default: return .space
        }
    }

    private static func isOfWord(_ character: Character) -> Bool { character.isLetter || character.isNumber }

    private static func isPunctuation(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation, .initialPunctuation, .finalPunctuation, .otherPunctuation:
            true
        // Signs that people type for decoration or emphasis.
        case .modifierSymbol, .mathSymbol: scalar.isASCII
        default: false
        }
    }

    /// The name of an emoji, with its skin tones where only the person has a name.
    private static func name(of scalars: Character.UnicodeScalarView, _ emoji: EmojiNames?) -> String? {
        let emoji = emoji ?? .shared
        if let entry = emoji[codePoints: scalars.map(\.value)] { return entry.name }
        let tones = scalars.compactMap { SkinTone(rawValue: $0.value) }
        let plain = scalars.filter { SkinTone(rawValue: $0.value) == nil }
        return emoji[codePoints: plain.map(\.value)].map { SkinTone.name($0.name, with: tones) }
    }
}
