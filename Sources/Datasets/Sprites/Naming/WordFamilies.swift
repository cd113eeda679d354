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
        // "queen of hearts", "face with tears of joy": the parts do not have the whole's synonyms.
        if words.contains("of") { return ([], []) }
        let whole = wordNet.meaning(of: name, preferring: fields)
        if let whole {
            for lemma in lemmas(of: whole, sameAs: name, fields: fields) { add(lemma, to: &synonyms) }
        }
        let headMeaning = words.count > 1 && words.last == head ? wordNet.meaning(of: head, preferring: fields) : whole
        for keyword in keywords.map({ $0.lowercased() }) {
            let isHead = keyword == head && words.count > 1 && wordNet.isNoun(keyword)
            let isTail = keyword.contains(" ") && name.hasSuffix(" " + keyword)
            if isHead || isTail, !Self.vague.contains(keyword) { add(keyword, to: &synonyms) }
            // "angry face" where few faces are called angry.
            if head == "face", !keyword.contains(" "), !name.contains(keyword), keywordCounts[keyword, default: 9] <= 2, Self.feelings.contains(keyword) {
                add("\(keyword) face", to: &synonyms)
            }
        }
        if let meaning = whole ?? headMeaning, !Self.misfiled.contains(head) {
            for broader in wordNet.broader(than: meaning) {
                for lemma in broader.lemmas where Self.basic.contains(lemma) && hypernyms.count < 2 && lemma != head && !synonyms.contains(lemma) {
                    // A lion is a "cat" only in a sense that nobody means.
                    guard !hypernyms.contains(lemma), lemma != "plant" || broader.field == 20,
                        wordNet.meaning(of: lemma, preferring: [broader.field])?.lemmas == broader.lemmas
                    else { continue }
                    hypernyms.append(lemma)
                }
            }
        }
        return (Array(synonyms.prefix(6)), hypernyms)
    }

    /// The other lemmas of a meaning that mean it before anything else.
    private func lemmas(of synset: WordNet.Synset, sameAs name: String, fields: [Int]) -> [String] {
        synset.lemmas.filter { lemma in
            guard lemma != name, lemma == lemma.lowercased(), lemma.count > 2, lemma.allSatisfy({ $0.isLetter || $0 == " " || $0 == "-" }) else { return false }
            guard wordNet.isUsed(lemma) || keywordCounts[lemma] != nil else { return false }
            guard let own = wordNet.meaning(of: lemma, preferring: fields) else { return false }
            return own.lemmas == synset.lemmas
        }
    }

    /// The lexicographer files that a group's names mostly mean.
    static func fields(of group: String) -> [Int] {
        let group = group.lowercased()
        if group.contains("animal") { return group.contains("nature") ? [5, 20] : [5] }
        if group.contains("food") { return [13, 20] }
        if group.contains("plant") { return [20] }
        if group.contains("people") || group.contains("body") { return [8, 18] }
        if group.hasPrefix("computer") || group.hasPrefix("tools") || group.hasPrefix("office") { return [6] }
        return []
    }

    /// Things whose WordNet families surprise: toy balloons are aircraft there.
    private static let misfiled: Set<String> = [
        "balloon", "arrow", "heart", "star", "suit", "button", "cross", "king", "queen", "jack", "pawn", "bishop", "castle", "scale", "leg", "bubble",
    ]

    /// Broader words that people use.
    private static let basic: Set<String> = [
        "animal", "bird", "fish", "insect", "mammal", "reptile", "amphibian", "dinosaur", "dog", "cat", "horse", "bear", "monkey", "snake", "spider",
        "shellfish", "crustacean", "rodent",
        "fruit", "vegetable", "food", "dessert", "sweet", "candy", "cake", "bread", "beverage", "drink", "alcohol", "meat", "seafood", "dish", "pastry",
        "plant", "flower", "tree", "herb", "vehicle", "car", "truck", "boat", "ship", "aircraft", "airplane", "train", "bicycle", "tool", "hand tool", "weapon",
        "gun", "sword", "knife",
        "musical instrument", "furniture", "chair", "table", "lamp", "building", "house", "tower", "church", "clothing", "garment", "hat", "shoe", "footwear",
        "jewelry", "bag", "bottle",
        "toy", "ball", "game", "body part", "person", "worker", "musician", "athlete", "computer", "telephone", "camera", "book", "clock", "timepiece",
        "planet", "mountain", "kitchen utensil", "utensil", "cutlery", "sports equipment",
    ]

    /// Head nouns that name nothing alone.
    private static let vague: Set<String> = [
        "button", "symbol", "sign", "mark", "square", "point", "part", "thing", "set", "side", "view", "face", "person", "people", "man", "woman", "rolling",
        "down", "up", "play", "index", "night", "leg", "exclamation", "pan", "glass", "entry", "smoking", "black", "white",
    ]

    private static let feelings: Set<String> = [
        "angry", "sad", "happy", "cheerful", "crying", "sick", "ill", "sleepy", "tired", "confused", "scared", "surprised", "shocked", "bored", "cool", "silly",
        "goofy", "nervous", "mad",
        "drunk", "tipsy", "disappointed", "embarrassed", "thinking", "rich", "nerdy", "evil", "devilish", "innocent", "mute", "silent", "hungry", "dead",
        "freezing", "frozen", "sneezing", "laughing",
    ]

    /// Words that WordNet has and nobody wants to read here.
    private static let unwanted: Set<String> = [
        "pussy", "puss", "cock", "ass", "bitch", "prick", "dick", "tit", "tits", "boob", "knocker", "fag", "faggot", "jap", "negro", "nigger", "whore", "slut",
        "shit", "crap",
    ]
}
