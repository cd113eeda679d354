/// Finds other words for a sprite's name: synonyms and broader words.
package struct WordFamilies: Sendable {
    private let wordNet: WordNet
    private let keywordCounts: [String: Int]

    package init(wordNet: WordNet, keywordCounts: [String: Int] = [:]) {
        self.wordNet = wordNet
        self.keywordCounts = keywordCounts
    }

    /// Other words for `caption`.
    ///
    /// A keyword counts as a synonym only where it is the name's head noun ("apple" for "red apple"), one of its
    /// WordNet synonyms, or an adjective before the head noun ("angry face"); keywords such as "doctor" for a hospital
    /// belong to the thing and do not name it.
    /// - Parameters:
    ///   - group: the emoji group or clip-art folder, which chooses among a noun's meanings
    package func words(for caption: String, keywords: [String], group: String) -> (synonyms: [String], hypernyms: [String]) {
        let name = caption.lowercased()
        let words = name.split(separator: " ").map(String.init)
        let fields = Self.fields(of: group)
        let head = NounPhrase.head(of: name)
        var synonyms: [String] = []
        var hypernyms: [String] = []
        func add(_ word: String, to list: inout [String]) {
            guard word.lowercased() != name, !list.contains(word), !Self.unwanted.contains(word) else { return }
            list.append(word)
        }
        let whole = wordNet.meaning(of: name, preferring: fields)
        let headMeaning = words.count > 1 ? wordNet.meaning(of: head, preferring: fields) : whole
        if let whole {
            for lemma in lemmas(of: whole, sameAs: name, fields: fields) { add(lemma, to: &synonyms) }
        } else if let headMeaning, words.count > 1, words.last == head {
            // "racing automobile" for "racing car".
            let prefix = words.dropLast().joined(separator: " ")
            for lemma in lemmas(of: headMeaning, sameAs: head, fields: fields).prefix(1) { add("\(prefix) \(lemma)", to: &synonyms) }
        }
        for keyword in keywords.map({ $0.lowercased() }) {
            let isHead = keyword == head && words.count > 1 && wordNet.isNoun(keyword)
            let isTail = keyword.contains(" ") && name.hasSuffix(" " + keyword)
            if isHead || isTail, !Self.vague.contains(keyword) { add(keyword, to: &synonyms) }
            // "angry face" where few faces are called angry.
            if head == "face", !keyword.contains(" "), !name.contains(keyword), keywordCounts[keyword, default: 9] <= 2, Self.feelings.contains(keyword) {
                add("\(keyword) face", to: &synonyms)
            }
        }
        if let meaning = whole ?? headMeaning {
            for lemmas in wordNet.broader(than: meaning) {
                for lemma in lemmas where Self.basic.contains(lemma) && hypernyms.count < 2 && lemma != head && !synonyms.contains(lemma) {
                    if !hypernyms.contains(lemma) { hypernyms.append(lemma) }
                }
            }
        }
        return (Array(synonyms.prefix(6)), hypernyms)
    }

    /// The other lemmas of a meaning that mean it before anything else.
    private func lemmas(of synset: WordNet.Synset, sameAs name: String, fields: Set<Int>) -> [String] {
        synset.lemmas.filter { lemma in
            guard lemma != name, lemma == lemma.lowercased(), lemma.count > 2, lemma.allSatisfy({ $0.isLetter || $0 == " " || $0 == "-" }) else { return false }
            guard let own = wordNet.meaning(of: lemma, preferring: fields) else { return false }
            return own.lemmas == synset.lemmas
        }
    }

    /// The lexicographer files that a group's names mostly mean.
    static func fields(of group: String) -> Set<Int> {
        let group = group.lowercased()
        if group.contains("animal") { return group.contains("nature") ? [5, 20] : [5] }
        if group.contains("food") { return [13, 20] }
        if group.contains("plant") { return [20] }
        if group.contains("people") || group.contains("body") { return [18, 8] }
        if group.contains("weather") || group.contains("astronomy") { return [17, 19] }
        return [6, 17]
    }

    /// Broader words that people use.
    private static let basic: Set<String> = [
        "animal", "bird", "fish", "insect", "mammal", "reptile", "amphibian", "dinosaur", "dog", "cat", "horse", "bear", "monkey", "snake", "spider", "shellfish", "crustacean", "rodent",
        "fruit", "vegetable", "food", "dessert", "sweet", "candy", "cake", "bread", "beverage", "drink", "alcohol", "meat", "seafood", "dish", "pastry",
        "plant", "flower", "tree", "herb", "vehicle", "car", "truck", "boat", "ship", "aircraft", "airplane", "train", "bicycle", "tool", "hand tool", "weapon", "gun", "sword", "knife",
        "musical instrument", "furniture", "chair", "table", "lamp", "building", "house", "tower", "church", "clothing", "garment", "hat", "shoe", "footwear", "jewelry", "bag", "container", "bottle",
        "box", "cup", "toy", "ball", "game", "body part", "person", "worker", "musician", "athlete", "athlete", "computer", "machine", "telephone", "camera", "book", "clock", "timepiece", "instrument",
        "planet", "star", "mountain", "device", "sign", "symbol", "kitchen utensil", "utensil", "cutlery", "sports equipment",
    ]

    /// Head nouns that name nothing alone.
    private static let vague: Set<String> = ["button", "symbol", "sign", "mark", "square", "point", "part", "thing", "set", "side", "view"]

    private static let feelings: Set<String> = [
        "angry", "sad", "happy", "cheerful", "crying", "sick", "ill", "sleepy", "tired", "confused", "scared", "surprised", "shocked", "bored", "cool", "silly", "goofy", "nervous", "mad",
        "drunk", "tipsy", "disappointed", "embarrassed", "thinking", "rich", "nerdy", "evil", "devilish", "innocent", "mute", "silent", "hungry", "dead", "freezing", "frozen", "sneezing", "laughing",
    ]

    /// Words that WordNet has and nobody wants to read here.
    private static let unwanted: Set<String> = ["pussy", "puss", "cock", "ass", "bitch", "prick", "dick", "tit", "tits", "boob", "knocker", "fag", "faggot", "jap", "negro", "nigger", "whore", "slut", "shit", "crap"]
}
