/// Puts scenes into words.
struct SceneCaptions: Sendable {
    let configuration: CaptionConfiguration

    /// A name in a sentence.
    struct Noun: Sendable, Equatable {
        var name: String
        var article: String

        /// "a fox", "scissors", "the flag of Japan".
        var withArticle: String { article.isEmpty ? name : "\(article) \(name)" }
    }

    /// The caption of one object.
    func single(_ sprite: SpriteDescription, _ random: inout SceneRandom) -> String {
        let noun = noun(for: sprite, &random)
        let saysStyle = random.chance(configuration.style)
        let isBare = random.chance(configuration.bare)
        let list = saysStyle ? (sprite.isEmoji ? configuration.emoji : configuration.clipArt) : configuration.object
        let phrasing = choose(list, &random)
        if isBare, !saysStyle, phrasing == "{object}" { return noun.name }
        return phrasing.filled([
            "{object}": noun.withArticle, "{name}": noun.name, // "glasses emoji", not "a glasses emoji".
            "{a name}": noun.article.isEmpty ? noun.name : "\(NounPhrase.article(before: noun.name)) \(noun.name)",
        ])
    }

    /// The caption of two objects.
    func pair(_ first: SpriteDescription, _ second: SpriteDescription, _ relation: SceneRelation, _ random: inout SceneRandom) -> String {
        let a = noun(for: first, &random)
        let b = noun(for: second, &random)
        let isBare = random.chance(configuration.bare / 2)
        let phrasing = choose(configuration.phrasings(of: relation), &random)
        return phrasing.filled(["{first}": isBare ? a.name : a.withArticle, "{second}": isBare ? b.name : b.withArticle])
    }

    /// The caption of two to four of a kind.
    func several(_ sprite: SpriteDescription, count: Int, _ random: inout SceneRandom) -> String {
        var name = sprite.plural ?? NounPhrase.plural(of: sprite.caption)
        if random.chance(configuration.colourWord), let colour = sprite.colour, Self.takesColour(sprite.caption) { name = "\(colour.rawValue) \(name)" }
        let words = ["zero", "one", "two", "three", "four"]
        let number = random.chance(configuration.digit) || count >= words.count ? String(count) : words[count]
        return choose(configuration.severalOfAKind, &random).filled(["{several}": "\(number) \(name)"])
    }

    /// `caption` with its background, which goes without saying where it is white.
    func onBackground(_ caption: String, _ background: BackgroundColour, _ random: inout SceneRandom) -> String {
        let saysWhite = random.chance(configuration.whiteBackground)
        let phrasing = choose(configuration.background, &random)
        guard background.name != "white" || saysWhite else { return caption }
        return phrasing.filled(["{scene}": caption, "{colour}": background.name, "{a colour}": "\(NounPhrase.article(before: background.name)) \(background.name)"])
    }

    /// What to call a sprite this time. Always draws the same number of random numbers.
    private func noun(for sprite: SpriteDescription, _ random: inout SceneRandom) -> Noun {
        let useSourceName = random.chance(configuration.sourceName)
        let useSynonym = random.chance(configuration.synonym)
        let useHypernym = random.chance(configuration.hypernym)
        let useColour = random.chance(configuration.colourWord)
        let choice = random.unit()
        func pick(_ words: [String]) -> String? {
            words.isEmpty ? nil : words[min(words.count - 1, Int(choice * Double(words.count)))]
        }
        var noun = Noun(name: sprite.caption, article: sprite.article)
        if useSourceName, sprite.name != sprite.caption.lowercased() {
            noun = Noun(name: sprite.name, article: "")
        } else if useSynonym, let synonym = pick(sprite.synonyms.filter { $0.lowercased() != sprite.name && $0.lowercased() != sprite.caption.lowercased() }) {
            noun = Noun(name: synonym, article: Self.article(of: synonym, like: sprite.article))
        } else if useHypernym, let hypernym = pick(sprite.hypernyms) {
            noun = Noun(name: hypernym, article: NounPhrase.article(before: hypernym))
        }
        if useColour, let colour = sprite.colour, Self.takesColour(noun.name), !noun.article.isEmpty || noun.name == sprite.caption {
            noun.name = "\(colour.rawValue) \(noun.name)"
            if noun.article != "the", !noun.article.isEmpty { noun.article = NounPhrase.article(before: noun.name) }
        }
        return noun
    }

    /// The article of another word for something: none for CLDR's "flag: Japan", and none where the name itself has none.
    private static func article(of name: String, like article: String) -> String {
        if name.contains(":") || article.isEmpty || name.hasPrefix("flag of the ") && article != "the" { return "" }
        return article == "the" ? "the" : NounPhrase.article(before: name)
    }

    /// Whether a colour before the name says something new.
    private static func takesColour(_ name: String) -> Bool {
        let words = name.lowercased().split(whereSeparator: { !$0.isLetter }).map(String.init)
        return !name.contains(":") && !words.contains { ColourName(rawValue: $0) != nil || ["grey", "golden", "silver", "gold", "colored", "rainbow", "teal", "tan", "beige", "dark", "light", "color", "colour"].contains($0) }
    }

    private func choose(_ phrasings: [CaptionConfiguration.Phrasing], _ random: inout SceneRandom) -> String {
        phrasings[random.index(weights: phrasings.map(\.weight))].text
    }
}

extension String {
    /// The text with every placeholder replaced, in one pass, so that a name that looks like a placeholder stays as it is.
    fileprivate func filled(_ values: [String: String]) -> String {
        var result = ""
        var rest = self[...]
        while let open = rest.firstIndex(of: "{"), let close = rest[open...].firstIndex(of: "}") {
            let placeholder = String(rest[open ... close])
            result += rest[..<open] + (values[placeholder] ?? placeholder)
            rest = rest[rest.index(after: close)...]
        }
        return result + rest
    }
}
