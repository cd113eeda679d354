import Foundation

/// Finds a name for a clip-art file in its title, its file name, its keywords and its folder, in that order.
package struct ClipArtNaming: Sendable {
    private let isWord: @Sendable (String) -> Bool
    private let isNoun: @Sendable (String) -> Bool

    /// - Parameters:
    ///   - isWord: whether a lower-case word is English
    ///   - isNoun: whether it is an English noun
    package init(isWord: @escaping @Sendable (String) -> Bool, isNoun: @escaping @Sendable (String) -> Bool) {
        self.isWord = isWord
        self.isNoun = isNoun
    }

    /// A name, or why there is none.
    package enum Outcome: Equatable, Sendable {
        case named(String)
        case unnamed(reason: String)
    }

    /// The name of the picture at `folder/stem.svg`.
    package func name(folder: String, stem: String, metadata: SVGMetadata) -> Outcome {
        if let special = SpecialFolders.name(folder: folder, stem: stem, metadata: metadata) {
            return special.isEmpty ? .unnamed(reason: "a part of a set without names") : .named(special)
        }
        let fromTitle = SpecialFolders.isCollection(title: metadata.title) ? nil : phrase(metadata.title, creator: metadata.creator)
        if let fromTitle, isEnglish(fromTitle) { return checked(fromTitle, folder: folder, keywords: metadata.keywords) }
        // The stem is often the title cut to a length and the maker's name; whole words of it still say what the picture is.
        if let fromStem = phrase(stem, creator: metadata.creator), isEnglish(fromStem) { return checked(fromStem, folder: folder, keywords: metadata.keywords) }
        let makers = Set(metadata.creator.lowercased().split(separator: " ").map(String.init))
        let generic = SpecialFolders.genericKeywords
        let keyword = metadata.keywords.map { $0.lowercased().replacingOccurrences(of: "_", with: " ") }.first {
            isNoun($0) && !generic.contains($0) && !makers.contains($0) && $0.count > 2
        }
        if let keyword { return checked(keyword, folder: folder, keywords: metadata.keywords) }
        return .unnamed(reason: "no English name in title, file name or keywords")
    }

    private func checked(_ raw: String, folder: String, keywords: [String]) -> Outcome {
        let name = tidied(raw)
        let words = name.split(separator: " ")
        if words.count > 7 || name.count > 48 { return .unnamed(reason: "a name of \(words.count) words") }
        if words.isEmpty || words.allSatisfy({ SpecialFolders.emptyWords.contains(String($0)) }) { return .unnamed(reason: "the name says nothing") }
        if words.contains(where: { SpecialFolders.unsuitable.contains(String($0)) }) { return .unnamed(reason: "not for every audience") }
        if name.filter(\.isLetter).count < 3 { return .unnamed(reason: "the name says nothing") }
        return .named(SpecialFolders.withContext(name, folder: folder, keywords: keywords))
    }

    /// The name without words at its ends that say nothing, and with its colour first ("red down arrow", not "arrow down red").
    private func tidied(_ name: String) -> String {
        var words = name.split(separator: " ").map(String.init)
        while words.count > 1, let last = words.last,
            SpecialFolders.emptyTails.contains(last) || last.count <= 2 && !Self.short.contains(last) || Self.small.contains(last)
                || !isWord(last) && !last.contains(where: \.isNumber) && words.count > 2
        {
            words.removeLast()
        }
        while words.count > 1, let first = words.first, ["another", "my", "this", "some", "our"].contains(first) { words.removeFirst() }
        if words.count > 1, let last = words.last, last == "seagreen" || ColourName(rawValue: last == "grey" ? "gray" : last) != nil,
            !(words.count == 3 && words[1] == "and"), !words.contains("in")
        {
            words.removeLast()
            words.insert(last == "seagreen" ? "sea green" : last, at: 0)
        }
        if words.count >= 2, words[words.count - 2] == "arrow", ["up", "down", "left", "right"].contains(words[words.count - 1]) {
            words.swapAt(words.count - 1, words.count - 2)
        }
        return words.joined(separator: " ")
    }

    private static let short: Set<String> = ["tv", "cd", "pc", "ox", "up", "no", "go", "3d", "on"]

    /// Whether most of the words are English; a lone unknown word beside known ones may be a proper name.
    private func isEnglish(_ name: String) -> Bool {
        let words = name.split(whereSeparator: { $0 == " " || $0 == "-" || $0 == "/" }).map(String.init)
        let known = words.filter { word in
            Self.small.contains(word) || word.count > 1 && word.contains(where: \.isNumber) || word.count == 1 || isWord(word)
        }
        guard known.contains(where: { !Self.small.contains($0) && ($0.count > 2 || Self.short.contains($0)) }) else { return false }
        return words.count - known.count <= (words.count >= 3 ? 1 : 0)
    }

    private static let small: Set<String> = [
        "a", "an", "the", "and", "or", "of", "for", "with", "in", "on", "at", "to", "from", "by", "without", "its", "into", "his", "her",
    ]

    /// A lower-case phrase without makers, numbers, file-name punctuation and remarks in brackets.
    package func phrase(_ raw: String, creator: String) -> String? {
        var text = raw.replacingOccurrences(of: "&", with: " and ")
        // "sleeping bear | circle", "mountain - RPG map elements"
        if let bar = text.firstIndex(of: "|") { text = String(text[..<bar]) }
        for tail in [" - RPG map elements", " - body part", " - clothing", " -- ", " in SVG format", " - symbol"] {
            if let range = text.range(of: tail, options: .caseInsensitive) { text = String(text[..<range.lowerBound]) }
        }
        var blackAndWhite = false
        var notes: [String] = []
        while let open = text.firstIndex(of: "("), let close = text[open...].firstIndex(of: ")") {
            let note = text[text.index(after: open)..<close].trimmingCharacters(in: .whitespaces).lowercased()
            if ["b and w", "bw", "b/w", "black and white"].contains(note) { blackAndWhite = true } else { notes.append(note) }
            text.replaceSubrange(open...close, with: " ")
        }
        text = Self.splitCamelCase(text)
        let makers = creator.lowercased().split(whereSeparator: { !$0.isLetter }).map(String.init).filter { $0.count > 2 }
        var words: [String] = []
        for piece in text.lowercased().split(whereSeparator: { " _,;:.!?\"“”#*+=~`[]{}()".contains($0) }) {
            var word = piece.trimmingCharacters(of: "-'/")
            // Versions and numbers of a series: "apple01", "v0", "02".
            if word.contains(where: \.isLetter) { word = word.trimmingTrailingDigits() }
            if word.isEmpty || word.allSatisfy({ $0.isNumber || $0 == "-" }) || SpecialFolders.noise.contains(word) { continue }
            if ["bw", "bnw"].contains(word) { blackAndWhite = true; continue }
            words.append(word)
        }
        // The maker's name, whole or cut off, ends many file names.
        if !makers.isEmpty, let first = words.indices.dropFirst().first(where: { index in makers.contains { $0 == words[index] } }) {
            words.removeSubrange(first...)
        }
        var joined = words.joined(separator: " ")
        // "arrow-left-blue" is three words; "t-shirt" one.
        if joined.filter({ $0 == "-" }).count > 1 || !joined.contains(" ") && joined.contains("-") && !isWord(joined) {
            joined = joined.replacingOccurrences(of: "-", with: " ")
        }
        if let english = ForeignTitles.phrases[joined] {
            joined = english
        } else {
            joined = joined.split(separator: " ").map { ForeignTitles.words[String($0)] ?? String($0) }.filter { !$0.isEmpty }.joined(separator: " ")
        }
        if let article = ["a ", "an ", "the "].first(where: joined.hasPrefix) { joined.removeFirst(article.count) }
        guard !joined.isEmpty else { return nil }
        // "duck (yellow)", "labrador retriever (black)".
        if let colour = notes.first(where: { ColourName(rawValue: $0 == "grey" ? "gray" : $0) != nil }), !joined.contains(colour) {
            joined = "\(colour) \(joined)"
        }
        if blackAndWhite { joined = "black and white \(joined)" }
        return joined
    }

    /// "MatieresToxiques" → "Matieres Toxiques"; words in capitals stay.
    private static func splitCamelCase(_ text: String) -> String {
        var result = ""
        var last: Character = " "
        for character in text {
            if character.isUppercase, last.isLowercase { result.append(" ") }
            result.append(character)
            last = character
        }
        return result
    }
}

extension String {
    fileprivate func trimmingTrailingDigits() -> String {
        var text = self[...]
        while let last = text.last, last.isNumber { text = text.dropLast() }
        return text.trimmingCharacters(of: "-")
    }
}
