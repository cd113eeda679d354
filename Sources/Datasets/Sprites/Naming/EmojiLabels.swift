import Foundation
import TextTokenizers

/// What an emoji is called in captions: as people call it where `EmojiNames` has it, by rules otherwise.
struct EmojiLabels: Sendable {
    struct Label: Sendable, Equatable {
        /// The short name of CLDR, lower-case.
        var name: String
        var caption: String
        var article: String
        var plural: String?
        var synonyms: [String]
    }

    let cldr: CLDRAnnotations
    let list: EmojiList
    var names = EmojiNames.shared

    /// The label of an emoji; nil for those that nobody named.
    func label(of code: EmojiCode) -> Label? {
        // CLDR's files may be older than the list.
        let short = cldr[code.codePoints]?.name ?? list[code]?.name
        if let entry = names[codePoints: code.codePoints] {
            // "flag: Japan" is typed too.
            let byRule = code.isFlag ? short.map { self.byRule($0).synonyms } ?? [] : []
            let known = Set([entry.name] + entry.otherNames)
            return Label(
                name: (short ?? entry.name).lowercased(), caption: entry.name, article: entry.article, plural: entry.plural,
                synonyms: entry.otherNames + byRule.filter { !known.contains($0) })
        }
        guard let short else { return nil }
        if code.hasSkinTone { return withSkinTone(code, short) ?? byRule(short) }
        return code.isFlag || code.codePoints.contains(0x20E3) ? byRule(short) : nil
    }

    private func byRule(_ short: String) -> Label {
        let names = EmojiNaming.names(for: short)
        let phrase = NounPhrase(names.caption)
        return Label(name: short.lowercased(), caption: names.caption, article: phrase.article, plural: phrase.plural, synonyms: names.synonyms)
    }

    /// "thumbs up: light skin tone" after the name of the emoji without it.
    private func withSkinTone(_ code: EmojiCode, _ short: String) -> Label? {
        guard let colon = short.range(of: ": ") else { return nil }
        let kind = String(short[..<colon.lowerBound])
        // Two people have a joined code of their own where both have one tone.
        guard let base = names[codePoints: code.withoutSkinTones.codePoints] ?? list.code(named: kind).flatMap({ names[codePoints: $0.codePoints] })
        else { return nil }
        let tones = short[colon.upperBound...].split(separator: ", ").filter { $0.hasSuffix("skin tone") }
        guard !tones.isEmpty else { return nil }
        func toned(_ name: String) -> String { SkinTone.name(name, with: tones.map(String.init)) }
        let caption = toned(base.name)
        return Label(
            name: short.lowercased(), caption: caption, article: base.article, plural: base.plural.map(toned),
            synonyms: [short, short.lowercased()].reduce(into: []) { if $1 != caption, !$0.contains($1) { $0.append($1) } })
    }
}
