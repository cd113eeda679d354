/// What scenes are made of and how their captions read. Every field has a default; a config file names what differs.
public struct SceneConfiguration: Codable, Sendable, Equatable {
    /// The width and height of the pictures, in pixels.
    public var side = 128
    /// How often a scene shows one object, two in a relation, or several of a kind; need not sum to 1.
    public var single = 0.7
    public var pair = 0.17
    public var several = 0.13
    /// How often several are two, three or four.
    public var counts: [Double] = [1, 1, 1]
    /// How often each relation is drawn.
    public var relations: [SceneRelation: Double] = [.leftOf: 1, .rightOf: 1, .above: 1, .below: 1, .and: 1]
    public var layout = SceneLayout()
    /// The share of objects that are emoji; the others are clip art.
    public var emojiShare = 0.75
    /// Multiplies the weight of skin-tone variants, which is low already.
    public var skinToneWeight = 1.0
    /// How often the background is a colour of `palette` and not white.
    public var backgroundProbability = 0.5
    public var palette = BackgroundColour.palette
    /// Whether a thing may stand on a background of its own colour.
    public var allowsSameColour = false
    public var captions = CaptionConfiguration()
    public var holdout = Holdout()

    public init() {}

    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init()
        side = try values.decodeIfPresent(Int.self, forKey: .side) ?? side
        single = try values.decodeIfPresent(Double.self, forKey: .single) ?? single
        pair = try values.decodeIfPresent(Double.self, forKey: .pair) ?? pair
        several = try values.decodeIfPresent(Double.self, forKey: .several) ?? several
        counts = try values.decodeIfPresent([Double].self, forKey: .counts) ?? counts
        if let named = try values.decodeIfPresent([String: Double].self, forKey: .relations) {
            relations = try Dictionary(uniqueKeysWithValues: named.map { name, weight in
                guard let relation = SceneRelation(rawValue: name) else {
                    throw DatasetError.badConfiguration(reason: "the relation \"\(name)\"; expected \(SceneRelation.allCases.map(\.rawValue).joined(separator: ", "))")
                }
                return (relation, weight)
            })
        }
        layout = try values.decodeIfPresent(SceneLayout.self, forKey: .layout) ?? layout
        emojiShare = try values.decodeIfPresent(Double.self, forKey: .emojiShare) ?? emojiShare
        skinToneWeight = try values.decodeIfPresent(Double.self, forKey: .skinToneWeight) ?? skinToneWeight
        backgroundProbability = try values.decodeIfPresent(Double.self, forKey: .backgroundProbability) ?? backgroundProbability
        palette = try values.decodeIfPresent([BackgroundColour].self, forKey: .palette) ?? palette
        allowsSameColour = try values.decodeIfPresent(Bool.self, forKey: .allowsSameColour) ?? allowsSameColour
        captions = try values.decodeIfPresent(CaptionConfiguration.self, forKey: .captions) ?? captions
        holdout = try values.decodeIfPresent(Holdout.self, forKey: .holdout) ?? holdout
    }

    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(side, forKey: .side)
        try values.encode(single, forKey: .single)
        try values.encode(pair, forKey: .pair)
        try values.encode(several, forKey: .several)
        try values.encode(counts, forKey: .counts)
        try values.encode(Dictionary(uniqueKeysWithValues: relations.map { ($0.rawValue, $1) }), forKey: .relations)
        try values.encode(layout, forKey: .layout)
        try values.encode(emojiShare, forKey: .emojiShare)
        try values.encode(skinToneWeight, forKey: .skinToneWeight)
        try values.encode(backgroundProbability, forKey: .backgroundProbability)
        try values.encode(palette, forKey: .palette)
        try values.encode(allowsSameColour, forKey: .allowsSameColour)
        try values.encode(captions, forKey: .captions)
        try values.encode(holdout, forKey: .holdout)
    }

    private enum CodingKeys: String, CodingKey {
        case side, single, pair, several, counts, relations, layout, emojiShare, skinToneWeight, backgroundProbability, palette, allowsSameColour, captions, holdout
    }

    /// Throws `DatasetError.badConfiguration` for values that no scene can be made with.
    func validate() throws {
        func bad(_ reason: String) -> DatasetError { .badConfiguration(reason: reason) }
        guard (8 ... 2048).contains(side) else { throw bad("side \(side); 8 to 2048 pixels were expected") }
        for (name, value) in [
            ("single", single), ("pair", pair), ("several", several), ("emojiShare", emojiShare), ("skinToneWeight", skinToneWeight), ("backgroundProbability", backgroundProbability),
            ("layout.positionJitter", layout.positionJitter), ("layout.sizeJitter", layout.sizeJitter), ("layout.single", layout.single), ("layout.pair", layout.pair),
        ] where !value.isFinite || value < 0 { throw bad("\(name) \(value); a number from 0 was expected") }
        guard single + pair + several > 0 else { throw bad("single, pair and several are all 0") }
        guard counts.count == 3, counts.allSatisfy({ $0 >= 0 }), counts.reduce(0, +) > 0 else { throw bad("counts \(counts); three weights (of two, three and four) were expected") }
        guard relations.values.allSatisfy({ $0 >= 0 }), pair == 0 || relations.values.contains(where: { $0 > 0 }) else { throw bad("no relation has a weight") }
        guard layout.sizeJitter < 1 else { throw bad("layout.sizeJitter \(layout.sizeJitter); less than 1 was expected") }
        guard backgroundProbability == 0 || !palette.isEmpty else { throw bad("an empty palette") }
        try captions.validate()
    }
}

/// How captions are phrased.
public struct CaptionConfiguration: Codable, Sendable, Equatable {
    /// A way to say something, and how often.
    ///
    /// `{object}` is "a fox", `{name}` is "fox", `{a name}` is "a fox" whatever the name's own article; with `{first}` and
    /// `{second}` for two objects, `{several}` ("three foxes") for many, `{scene}`, `{colour}` and `{a colour}` for backgrounds.
    public struct Phrasing: Codable, Sendable, Equatable {
        public var text: String
        public var weight: Double

        public init(_ text: String, _ weight: Double) {
            self.text = text
            self.weight = weight
        }
    }

    /// How often a synonym stands for the name.
    public var synonym = 0.15
    /// How often, where the source's own name differs from the caption, that name stands for it.
    public var sourceName = 0.15
    /// How often a broader word stands for the name.
    public var hypernym = 0.0
    /// How often the colour of a thing is said, where one dominates.
    public var colourWord = 0.15
    /// How often a white background is mentioned.
    public var whiteBackground = 0.05
    /// How often "emoji" or "clip art" is said of a single object.
    public var style = 0.15
    /// How often the article is left out ("fox on a blue background").
    public var bare = 0.2
    /// How often a count is a digit ("3 foxes").
    public var digit = 0.05
    public var object = [Phrasing("{object}", 8), Phrasing("a picture of {object}", 1), Phrasing("an image of {object}", 0.5), Phrasing("a drawing of {object}", 0.5)]
    public var emoji = [Phrasing("{a name} emoji", 3), Phrasing("{name} emoji", 1), Phrasing("an emoji of {object}", 1)]
    public var clipArt = [Phrasing("clip art of {object}", 3), Phrasing("{name} clip art", 1), Phrasing("a clip art picture of {object}", 1)]
    public var severalOfAKind = [Phrasing("{several}", 8), Phrasing("a picture of {several}", 1)]
    public var leftOf = [Phrasing("{first} to the left of {second}", 6), Phrasing("{first} left of {second}", 2), Phrasing("{first} on the left of {second}", 1)]
    public var rightOf = [Phrasing("{first} to the right of {second}", 6), Phrasing("{first} right of {second}", 2), Phrasing("{first} on the right of {second}", 1)]
    public var above = [Phrasing("{first} above {second}", 6), Phrasing("{first} over {second}", 1)]
    public var below = [Phrasing("{first} below {second}", 6), Phrasing("{first} under {second}", 1), Phrasing("{first} underneath {second}", 0.5)]
    public var and = [Phrasing("{first} and {second}", 6), Phrasing("{first} next to {second}", 1), Phrasing("{first} beside {second}", 0.5)]
    public var background = [Phrasing("{scene} on {a colour} background", 8), Phrasing("{scene} on {colour}", 1), Phrasing("{scene} with {a colour} background", 1)]

    public init() {}

    /// One way to say each thing: what evaluation asks with.
    public static var plain: CaptionConfiguration {
        var plain = CaptionConfiguration()
        plain.synonym = 0
        plain.sourceName = 0
        plain.hypernym = 0
        plain.colourWord = 0
        plain.whiteBackground = 0
        plain.style = 0
        plain.bare = 0
        plain.digit = 0
        for list in phrasings { plain[keyPath: list] = [plain[keyPath: list][0]] }
        return plain
    }

    private static var phrasings: [WritableKeyPath<CaptionConfiguration, [Phrasing]>] {
        [\.object, \.emoji, \.clipArt, \.severalOfAKind, \.leftOf, \.rightOf, \.above, \.below, \.and, \.background]
    }

    func phrasings(of relation: SceneRelation) -> [Phrasing] {
        switch relation {
        case .leftOf: leftOf
        case .rightOf: rightOf
        case .above: above
        case .below: below
        case .and: and
        }
    }

    func validate() throws {
        for list in Self.phrasings {
            let phrasings = self[keyPath: list]
            guard !phrasings.isEmpty, phrasings.allSatisfy({ $0.weight >= 0 && $0.weight.isFinite }), phrasings.contains(where: { $0.weight > 0 }) else {
                throw DatasetError.badConfiguration(reason: "a list of phrasings without a weight above 0")
            }
        }
    }
}
