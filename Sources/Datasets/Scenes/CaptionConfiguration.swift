import Files

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

    /// Reads what is named and keeps the defaults of everything else.
    public init(from decoder: any Decoder) throws {
        self.init()
        let values = try decoder.container(keyedBy: CodingKeys.self)
        try values.read(&synonym, .synonym)
        try values.read(&sourceName, .sourceName)
        try values.read(&hypernym, .hypernym)
        try values.read(&colourWord, .colourWord)
        try values.read(&whiteBackground, .whiteBackground)
        try values.read(&style, .style)
        try values.read(&bare, .bare)
        try values.read(&digit, .digit)
        try values.read(&object, .object)
        try values.read(&emoji, .emoji)
        try values.read(&clipArt, .clipArt)
        try values.read(&severalOfAKind, .severalOfAKind)
        try values.read(&leftOf, .leftOf)
        try values.read(&rightOf, .rightOf)
        try values.read(&above, .above)
        try values.read(&below, .below)
        try values.read(&and, .and)
        try values.read(&background, .background)
    }

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
