import Foundation

/// Turns CLDR's short names into phrases that a person would write.
package enum EmojiNaming {
    /// The caption, and the other ways to say the same, the CLDR name itself among them.
    package struct Names: Sendable, Equatable {
        package var caption: String
        package var synonyms: [String]
    }

    /// The names of an emoji whose CLDR short name is `name`.
    package static func names(for name: String) -> Names {
        var synonyms: [String] = []
        var caption = name
        if let colon = name.range(of: ": ") {
            let kind = String(name[..<colon.lowerBound])
            let details = name[colon.upperBound...].components(separatedBy: ", ")
            switch kind {
            case "flag":
                let country = withoutAbbreviations(details.joined(separator: ", "))
                caption = "flag of \(country)"
                synonyms.append("\(country) flag")
                if Demonyms.takesArticle(country) { synonyms.append("flag of the \(country)") }
                if let adjective = Demonyms.adjectives[country] { synonyms.append("\(adjective) flag") }
            case "keycap":
                caption = "keycap \(details.joined(separator: ", "))"
                if let digit = details.first, let word = digits[digit] { synonyms.append("number \(word)") }
            case "family", "kiss", "couple with heart":
                let people = list(details.filter { !$0.hasSuffix("skin tone") })
                let tones = details.filter { $0.hasSuffix("skin tone") }
                caption = people.isEmpty ? kind : kind == "family" ? "family of \(people)" : "\(kind), \(people)"
                if !tones.isEmpty { caption += " with \(list(tones))" }
            default:
                let tones = details.filter { $0.hasSuffix("skin tone") || $0.hasSuffix("hair") || $0 == "beard" }
                let others = details.filter { !tones.contains($0) }
                caption = (others + [kind]).joined(separator: " ")
                if !tones.isEmpty { caption += (caption.contains(" with ") ? " and " : " with ") + list(tones) }
            }
        }
        caption = caption.replacingOccurrences(of: "“", with: "\"").replacingOccurrences(of: "”", with: "\"").replacingOccurrences(of: "’", with: "'")
        // Whoever asks by CLDR's own name, lower-cased or not, is understood.
        for verbatim in [name, name.lowercased(), caption.lowercased()] where verbatim != caption && !synonyms.contains(verbatim) {
            synonyms.append(verbatim)
        }
        return Names(caption: caption, synonyms: synonyms)
    }

    /// "Hong Kong SAR China" → "Hong Kong", "Myanmar (Burma)" → "Myanmar".
    private static func withoutAbbreviations(_ country: String) -> String {
        var plain = country.replacingOccurrences(of: " SAR China", with: "")
        if let bracket = plain.range(of: " (") { plain = String(plain[..<bracket.lowerBound]) }
        return plain.replacingOccurrences(of: " & ", with: " and ").replacingOccurrences(of: "St. ", with: "Saint ")
    }

    /// "man, woman and boy".
    private static func list(_ items: [String]) -> String {
        guard let last = items.last, items.count > 1 else { return items.first ?? "" }
        return items.dropLast().joined(separator: ", ") + " and " + last
    }

    private static let digits = [
        "0": "zero", "1": "one", "2": "two", "3": "three", "4": "four", "5": "five", "6": "six", "7": "seven", "8": "eight", "9": "nine", "10": "ten",
    ]
}
