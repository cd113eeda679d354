/// The grammar of a sprite's name: which article it takes and how more than one of it is called.
package struct NounPhrase: Sendable, Equatable {
    /// The name without article, such as "face with tears of joy".
    package var text: String
    /// "a", "an", "the" or "" (plurals, things that cannot be counted).
    package var article: String
    /// "faces with tears of joy"; nil where several of it cannot be spoken of.
    package var plural: String?

    /// Analyses `text`; `isNoun` and `singular` come from a dictionary and may know nothing.
    package init(_ text: String, isNoun: (String) -> Bool = { _ in true }, singular: (String) -> String? = { _ in nil }) {
        self.text = text
        article = ""
        plural = nil
        if let rest = ["black and white "].first(where: { text.hasPrefix($0) && text.count > $0.count }) {
            let bare = NounPhrase(String(text.dropFirst(rest.count)), isNoun: isNoun, singular: singular)
            article = bare.article.isEmpty ? "" : "a"
            plural = bare.plural.map { rest + $0 }
            return
        }
        let words = text.split(separator: " ").map(String.init)
        guard !words.isEmpty else { return }
        if words[0].lowercased() == "flag", words.count > 2, words[1] == "of" {
            article = "the"
            plural = (["flags"] + words.dropFirst()).joined(separator: " ")
            return
        }
        let head = Self.headIndex(words)
        let noun = words[head].lowercased()
        if words.count > 1, ["the", "a", "an", "no", "input"].contains(words[0]) || noun.hasSuffix("-thirty") || words.last == "o'clock" { return }
        if noun.hasSuffix("-thirty") { return }
        if Self.uncounted.contains(text.lowercased()) || Self.uncounted.contains(noun) { return }
        // "sunglasses", "clinking glasses": already several.
        if Self.alwaysPlural.contains(noun) || singular(noun) != nil && !Self.singularInS.contains(noun) { return }
        guard noun.contains(where: \.isLetter) else { return }
        if !isNoun(noun), !noun.contains("-"), !isNoun(words[head...].joined(separator: " ").lowercased()) { return }
        article = Self.article(before: words[0])
        var several = words
        several[head] = Self.plural(of: words[head])
        // "bows and arrows", "forks and knives".
        if head == 0, words.count == 3, words[1] == "and", isNoun(words[2].lowercased()), singular(words[2].lowercased()) == nil {
            several[2] = Self.plural(of: words[2])
        }
        plural = several.joined(separator: " ")
    }

    /// The place of the word that the name is about: the last before "with", "of", "in", a comma or a bracket.
    static func headIndex(_ words: [String]) -> Int {
        // "person mountain biking", "face savoring food": the doer comes first.
        if words.count > 1, doers.contains(words[0].lowercased()), words.dropFirst().contains(where: { $0.hasSuffix("ing") }) { return 0 }
        // "play or pause button", "litter in bin sign": what it is stands last.
        if let last = words.last?.lowercased(), kinds.contains(last) { return words.count - 1 }
        var quoted = false
        for (index, word) in words.enumerated() where index > 0 {
            if word.hasPrefix("\"") { quoted = true }
            if word.hasSuffix("\"") { quoted = false; continue }
            if quoted { continue }
            let plain = word.lowercased()
            if stops.contains(plain) || plain.hasPrefix("(") { return index - 1 }
            if word.hasSuffix(",") { return index }
        }
        return words.count - 1
    }

    /// The word that a name is about, lower-case: "apple" for "red apple".
    package static func head(of text: String) -> String {
        let words = text.split(separator: " ").map(String.init)
        guard !words.isEmpty else { return text }
        return words[headIndex(words)].lowercased().trimmingCharacters(of: ",.!?")
    }

    private static let doers: Set<String> = ["person", "man", "woman", "people", "boy", "girl", "child", "face"]

    private static let kinds: Set<String> = ["button", "sign", "symbol", "mark", "key", "badge"]

    private static let stops: Set<String> = [
        "with", "of", "in", "on", "at", "for", "from", "to", "over", "under", "behind", "without", "and", "or", "by", "blowing", "wearing", "holding",
        "throwing", "carrying", "riding", "&", "showing", "pointing", "rising", "sitting", "standing", "carrying", "using", "eating", "into", "curving",
        "tilted", "pointed", "fluttering", "behind", "off", "done", "not", "like", "tipping", "bouncing",
    ]

    private static let uncounted: Set<String> = [
        "fire", "water", "fog", "rice", "bread", "bacon", "sushi", "milk", "tea", "sake", "honey", "butter", "salt", "cheese", "corn", "garlic",
        "ice", "money", "wind", "snow", "rain", "lightning", "smoke", "music", "yarn", "soap", "medicine", "mail", "e-mail", "luggage",
        "clothing", "furniture", "spaghetti", "pasta", "broccoli", "sweat", "hail", "voltage", "tumbler", "yoga", "tennis", "badminton", "football", "hockey",
        "lacrosse",
        "golf", "fencing", "skiing", "food", "wine", "beer", "coffee", "juice", "soda", "toast", "fruit", "meat", "tofu", "chocolate", "ice cream",
        "soft ice cream", "cream",
        "sunset", "sunrise", "aries", "taurus", "gemini", "cancer", "leo", "virgo", "libra", "scorpio", "sagittarius", "capricorn", "aquarius", "pisces",
        "ophiuchus",
        "dizzy", "collision", "laughing", "cooking", "bowling", "camping", "horse racing", "ping pong", "racing", "locked", "unlocked", "thumbs down",
        "thumbs up", "mount fuji", "fuji", "kaaba", "om", "copyright", "registered", "smoking", "women and men", "woman and man holding hands", "ZZZ", "volume",
        "construction", "traffic", "sports", "hazard stripes", "celtic", "eighteen", "prohibited", "warning", "radioactive", "biohazard", "information",
        "multiply", "plus", "minus", "divide", "infinity",
        "antarctica", "australia", "jupiter", "saturn", "mars", "venus", "neptune", "uranus", "mercury", "earth", "europe", "africa", "asia", "america",
        "stonehenge", "santa", "claus", "mrs.", "chess", "judo", "karate", "ballet", "hair", "kelp", "grass", "bamboo", "seaweed", "lettuce", "ham",
        "o'clock", "o’clock", "thirty", "recycling", "baggage", "equipment", "machinery", "jewelry", "gold", "silver", "seafood", "mochi", "poultry",
        "lemonade", "champagne",
    ]

    private static let alwaysPlural: Set<String> = [
        "glasses", "jeans", "scissors", "chopsticks", "shorts", "pants", "trousers", "sunglasses", "goggles", "fries", "pliers", "tongs", "binoculars",
        "people", "men", "women", "children", "twins", "grapes", "fireworks", "sparkles", "eyes", "hands", "hearts", "feet", "teeth", "headphones", "stairs",
        "scales",
        "cherries", "peanuts", "beans", "spectacles", "mice", "lips", "ears", "eyelashes", "braces", "overalls", "leggings", "pyjamas", "pajamas", "tights",
        "wings",
    ]

    /// Words in -s that are one thing.
    private static let singularInS: Set<String> = [
        "bus", "lens", "gas", "canvas", "atlas", "christmas", "iris", "tennis", "news", "series", "species", "swiss", "compass", "cutlass", "chess",
        "lotus", "walrus", "genius", "abacus", "oasis", "basis", "axis", "molasses", "barracks", "gallows", "headquarters", "crossroads", "trellis", "us",
    ]

    /// Whether the word that `text` is about is a plural, as far as spelling tells.
    package static func looksPlural(_ text: String) -> Bool {
        let noun = head(of: text)
        if alwaysPlural.contains(noun) { return true }
        return noun.count > 3 && noun.hasSuffix("s") && !singularInS.contains(noun) && !["ss", "us", "is", "os"].contains(where: noun.hasSuffix)
    }

    /// "an" before a vowel sound.
    package static func article(before word: String) -> String {
        let plain = word.lowercased().trimmingCharacters(of: "“\"'(‘")
        guard let first = plain.first else { return "a" }
        if ["hour", "honest", "heir", "herb"].contains(where: plain.hasPrefix) { return "an" }
        if ["uni", "use", "usu", "eu", "one", "once", "uk", "ufo", "ute", "ura", "ewe"].contains(where: plain.hasPrefix), !plain.hasPrefix("unin"),
            !plain.hasPrefix("unim")
        {
            return "a"
        }
        // Letters and numbers said one by one: "an X", "an 8", "an LED".
        let letters = word.filter(\.isLetter)
        if !letters.isEmpty, letters.count <= 4, letters == letters.uppercased(),
            !["FREE", "COOL", "NEW", "SOON", "TOP", "BACK", "END", "ON", "UP"].contains(letters), let letter = plain.first(where: \.isLetter)
        {
            return "aefhilmnorsx".contains(letter) ? "an" : "a"
        }
        if ["led", "mp", "sos", "lcd", "x-ray", "atm"].contains(plain) { return "an" }
        if plain.count == 1, "aefhilmnorsx".contains(first) { return "an" }
        if first == "8" || plain == "11" || plain == "18" { return "an" }
        return "aeiou".contains(first) ? "an" : "a"
    }

    private static let irregularPlurals: [String: String] = [
        "man": "men", "woman": "women", "person": "people", "child": "children", "foot": "feet", "tooth": "teeth", "goose": "geese", "mouse": "mice",
        "ox": "oxen", "leaf": "leaves", "knife": "knives", "wolf": "wolves", "loaf": "loaves", "shelf": "shelves", "scarf": "scarves", "calf": "calves",
        "half": "halves", "elf": "elves",
        "hoof": "hooves", "wife": "wives", "thief": "thieves", "bookshelf": "bookshelves", "potato": "potatoes", "tomato": "tomatoes", "hero": "heroes",
        "volcano": "volcanoes",
        "mosquito": "mosquitoes", "mango": "mangoes", "buffalo": "buffaloes", "cactus": "cacti", "policeman": "policemen", "snowman": "snowmen",
        "fireman": "firemen", "superman": "supermen",
        "sheep": "sheep", "fish": "fish", "blowfish": "blowfish", "deer": "deer", "aircraft": "aircraft", "spacecraft": "spacecraft", "squid": "squid",
        "shrimp": "shrimp", "bison": "bison",
        "moose": "moose", "salmon": "salmon", "trout": "trout", "dice": "dice", "swordfish": "swordfish", "starfish": "starfish", "jellyfish": "jellyfish",
        "goldfish": "goldfish", "crawfish": "crawfish",
        "cod": "cod", "tuna": "tuna", "genie": "genies", "sheaf": "sheaves", "tornado": "tornadoes", "biceps": "biceps", "die": "dice", "smiley": "smileys",
        "fleur-de-lis": "fleurs-de-lis", "quiz": "quizzes",
    ]

    /// The plural of one noun.
    package static func plural(of noun: String) -> String {
        let plain = noun.lowercased()
        if let irregular = irregularPlurals[plain] { return irregular }
        for (ending, plural) in [("woman", "women"), ("man", "men")]
        where plain.hasSuffix(ending) && !["human", "german", "roman", "ottoman", "talisman", "caiman"].contains(plain) {
            return String(noun.dropLast(ending.count)) + plural
        }
        if ["s", "x", "z", "ch", "sh"].contains(where: plain.hasSuffix) { return noun + "es" }
        if plain.hasSuffix("y"), let before = plain.dropLast().last, !"aeiou".contains(before) { return String(noun.dropLast()) + "ies" }
        return noun + "s"
    }
}

extension StringProtocol {
    /// The text without any of `characters` at its ends.
    func trimmingCharacters(of characters: String) -> String {
        var text = self[...]
        while let first = text.first, characters.contains(first) { text = text.dropFirst() }
        while let last = text.last, characters.contains(last) { text = text.dropLast() }
        return String(text)
    }
}
