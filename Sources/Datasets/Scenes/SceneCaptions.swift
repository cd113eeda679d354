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

    /// What is said of a scene's objects, and what comes after their background: ", flat".
    struct Words: Sendable, Equatable {
        var text: String
        var tail = ""
    }

    /// The words for one object.
    ///
    /// - Parameter isShownByEmoji: whether an emoji shows the same thing.
    func single(_ sprite: SpriteDescription, isShownByEmoji: Bool, _ random: inout SceneRandom) -> Words {
        let noun = noun(for: sprite, &random)
        let saysStyle = saysStyle(sprite.style, isShownByEmoji: isShownByEmoji, rate: configuration.style, &random)
        let isBare = random.chance(configuration.bare)
        let phrasing = choose(saysStyle ? configuration.phrasings(of: sprite.style) : configuration.object, &random)
        if isBare, !saysStyle, phrasing == "{object}" { return Words(text: noun.name) }
        let comma = phrasing.firstIndex(of: ",") ?? phrasing.endIndex
        func filled(_ text: Substring) -> String {
            String(text).filled { placeholder in
                switch placeholder {
                case "{object}": return noun.withArticle
                case "{name}": return noun.name
                default:
                    // "a fox", "a flat fox", and "flat glasses".
                    guard placeholder.hasPrefix("{a "), placeholder.hasSuffix("name}") else { return nil }
                    let name = placeholder.dropFirst(3).dropLast(5) + noun.name
                    return noun.article.isEmpty ? String(name) : "\(NounPhrase.article(before: String(name))) \(name)"
                }
            }
        }
        return Words(text: filled(phrasing[..<comma]), tail: filled(phrasing[comma...]))
    }

    /// The words for two objects of one style.
    func pair(
        _ first: SpriteDescription, _ second: SpriteDescription, _ relation: SceneRelation, isShownByEmoji: Bool, _ random: inout SceneRandom
    ) -> Words {
        let a = noun(for: first, &random)
        let b = noun(for: second, &random)
        let isBare = random.chance(configuration.bare / 2)
        let phrasing = choose(configuration.phrasings(of: relation), &random)
        let text = phrasing.filled(["{first}": isBare ? a.name : a.withArticle, "{second}": isBare ? b.name : b.withArticle])
        return Words(text: text, tail: tail(first.style, isShownByEmoji: isShownByEmoji, &random))
    }

    /// The words for two to four of a kind.
    func several(_ sprite: SpriteDescription, count: Int, isShownByEmoji: Bool, _ random: inout SceneRandom) -> Words {
        var name = sprite.plural ?? NounPhrase.plural(of: sprite.caption)
        if random.chance(configuration.colourWord), let colour = sprite.colour, ColourWords.allows(sprite.caption) { name = "\(colour.rawValue) \(name)" }
        let words = ["zero", "one", "two", "three", "four"]
        let number = random.chance(configuration.digit) || count >= words.count ? String(count) : words[count]
        let text = choose(configuration.severalOfAKind, &random).filled(["{several}": "\(number) \(name)"])
        return Words(text: text, tail: tail(sprite.style, isShownByEmoji: isShownByEmoji, &random))
    }

    /// The whole caption: `words` with the background, which goes without saying where it is white, and perhaps as a request.
    func caption(_ words: Words, on background: BackgroundColour, _ random: inout SceneRandom) -> String {
        let saysWhite = random.chance(configuration.whiteBackground)
        let phrasing = choose(configuration.background, &random)
        let isTyped = random.chance(configuration.typed)
        let request = choose(configuration.requests, &random)
        var caption = words.text
        if background.name != "white" || saysWhite {
            caption = phrasing.filled([
                "{scene}": caption, "{colour}": background.name, "{a colour}": "\(NounPhrase.article(before: background.name)) \(background.name)",
            ])
        }
        caption += words.tail
        return isTyped ? request.filled(["{scene}": caption]) : caption
    }

    /// Whether to name the style. Always draws one random number.
    private func saysStyle(_ style: SpriteStyle, isShownByEmoji: Bool, rate: Double, _ random: inout SceneRandom) -> Bool {
        random.chance(style == .emoji ? rate : isShownByEmoji ? 1 : configuration.styleWithoutEmoji)
    }

    /// ", flat" for more than one object; nothing for emoji, which a scene without a style is made of.
    private func tail(_ style: SpriteStyle, isShownByEmoji: Bool, _ random: inout SceneRandom) -> String {
        saysStyle(style, isShownByEmoji: isShownByEmoji, rate: 0, &random) ? ", \(style.rawValue)" : ""
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
            noun = Noun(name: sprite.name, article: Self.article(of: sprite.name, like: sprite.article))
        } else if useSynonym, let synonym = pick(sprite.synonyms.filter { !$0.contains(":") && $0.lowercased() != sprite.caption.lowercased() }) {
            noun = Noun(name: synonym, article: Self.article(of: synonym, like: sprite.article))
        } else if useHypernym, let hypernym = pick(sprite.hypernyms) {
            noun = Noun(name: hypernym, article: NounPhrase.article(before: hypernym))
        }
        if useColour, let colour = sprite.colour, ColourWords.allows(noun.name), ColourWords.allows(sprite.caption),
            !noun.article.isEmpty || noun.name == sprite.caption
        {
            noun.name = "\(colour.rawValue) \(noun.name)"
            if noun.article != "the", !noun.article.isEmpty { noun.article = NounPhrase.article(before: noun.name) }
        }
        return noun
    }

    /// The article of another name of something that has the article `article`.
    private static func article(of name: String, like article: String) -> String {
        if name.contains(":") || name.hasPrefix("flag of the ") && article != "the" { return "" }
        if article == "the" { return article }
        // Of glasses, "a pair of glasses"; of a smile, "heart eyes".
        let words = name.split(separator: " ", maxSplits: 2)
        if words.count > 2, words[1] == "of", portions.contains(String(words[0])) { return NounPhrase.article(before: name) }
        return article.isEmpty || NounPhrase.looksPlural(name) ? "" : NounPhrase(name).article
    }

    private static let portions: Set<String> = [
        "bag", "bar", "block", "bottle", "bouquet", "bowl", "box", "bucket", "bulb", "bunch", "can", "carton", "clove", "cluster", "cup", "glass",
        "group", "handful", "head", "jar", "leg", "loaf", "mug", "pair", "pat", "piece", "pile", "plate", "portion", "pot", "roll", "root",
        "set", "sheet", "slab", "slice", "stack", "stick", "string", "strip", "tub",
    ]

    private func choose(_ phrasings: [CaptionConfiguration.Phrasing], _ random: inout SceneRandom) -> String {
        phrasings[random.index(weights: phrasings.map(\.weight))].text
    }
}

extension String {
    /// The text with every placeholder replaced, in one pass, so that a name that looks like a placeholder stays as it is.
    fileprivate func filled(_ values: [String: String]) -> String { filled { values[$0] } }

    fileprivate func filled(_ value: (String) -> String?) -> String {
        var result = ""
        var rest = self[...]
        while let open = rest.firstIndex(of: "{"), let close = rest[open...].firstIndex(of: "}") {
            let placeholder = String(rest[open...close])
            result += rest[..<open] + (value(placeholder) ?? placeholder)
            rest = rest[rest.index(after: close)...]
        }
        return result + rest
    }
}
