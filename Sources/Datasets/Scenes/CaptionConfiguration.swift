import Files

/// How captions are phrased.
public struct CaptionConfiguration: Codable, Sendable, Equatable {
    /// A way to say something, and how often.
    ///
    /// `{object}` is "a fox", `{name}` is "fox", `{a name}` is "a fox" whatever the name's own article, and "glasses" where it
    /// has none, `{a flat name}` is "a flat fox"; `{first}` and `{second}` for two objects, `{several}` ("three foxes") for
    /// many, `{scene}`, `{colour}` and `{a colour}` for backgrounds. What follows a comma is said after the background.
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
    /// How often "emoji" is said of a single emoji.
    public var style = 0.15
    /// How often another style is said of what no emoji shows. Where an emoji shows the same thing it is always said, since a
    /// name alone means the emoji.
    public var styleWithoutEmoji = 0.5
    /// How often the article is left out ("fox on a blue background").
    public var bare = 0.2
    /// How often a count is a digit ("3 foxes").
    public var digit = 0.05
    /// How often the whole reads as people type it, as one of `requests`.
    public var typed = 0.1
    public var object = [
        Phrasing("{object}", 8), Phrasing("a picture of {object}", 1), Phrasing("an image of {object}", 0.5), Phrasing("a drawing of {object}", 0.5),
    ]
    public var emoji = [
        Phrasing("{a name} emoji", 3), Phrasing("{name} emoji", 1), Phrasing("an emoji of {object}", 1), Phrasing("emoji of {object}", 0.5),
        Phrasing("{object}, emoji", 0.5),
    ]
    public var flat = [
        Phrasing("{a flat name}", 3), Phrasing("{object}, flat", 1), Phrasing("a flat icon of {object}", 1), Phrasing("{object} in flat style", 1),
    ]
    public var sticker = [Phrasing("{a name} sticker", 3), Phrasing("{name} sticker", 1), Phrasing("a sticker of {object}", 1)]
    public var threeD = [
        Phrasing("{a 3D name}", 3), Phrasing("a 3D model of {object}", 1), Phrasing("{object} in 3D", 1), Phrasing("{object}, 3D", 1),
    ]
    public var clipArt = [
        Phrasing("clip art of {object}", 3), Phrasing("{name} clip art", 1), Phrasing("a clip art picture of {object}", 1),
        Phrasing("{object}, clip art", 1),
    ]
    public var severalOfAKind = [Phrasing("{several}", 8), Phrasing("a picture of {several}", 1)]
    public var leftOf = [
        Phrasing("{first} to the left of {second}", 6), Phrasing("{first} left of {second}", 2), Phrasing("{first} on the left of {second}", 1),
    ]
    public var rightOf = [
        Phrasing("{first} to the right of {second}", 6), Phrasing("{first} right of {second}", 2), Phrasing("{first} on the right of {second}", 1),
    ]
    public var above = [Phrasing("{first} above {second}", 6), Phrasing("{first} over {second}", 1)]
    public var below = [Phrasing("{first} below {second}", 6), Phrasing("{first} under {second}", 1), Phrasing("{first} underneath {second}", 0.5)]
    public var and = [Phrasing("{first} and {second}", 6), Phrasing("{first} next to {second}", 1), Phrasing("{first} beside {second}", 0.5)]
    public var background = [
        Phrasing("{scene} on {a colour} background", 8), Phrasing("{scene} on {colour}", 1), Phrasing("{scene} with {a colour} background", 1),
    ]
    public var requests = [
        Phrasing("draw {scene}", 3), Phrasing("{scene}.", 3), Phrasing("please draw {scene}", 1), Phrasing("can you draw {scene}", 1),
        Phrasing("draw me {scene}", 0.5), Phrasing("can you draw {scene}?", 0.5),
    ]

    enum CodingKeys: String, CodingKey {
        case synonym, hypernym, style, bare, digit, typed, object, emoji, flat, sticker, above, below, and, background, requests
        case sourceName = "source_name"
        case colourWord = "colour_word"
        case whiteBackground = "white_background"
        case styleWithoutEmoji = "style_without_emoji"
        case threeD = "3d"
        case clipArt = "clip_art"
        case severalOfAKind = "several_of_a_kind"
        case leftOf = "left_of"
        case rightOf = "right_of"
    }

    public init() {}

    /// Reads what is named and keeps the defaults of everything else.
    public init(from decoder: any Decoder) throws {
        self.init()
        let values = try RenamedKeys(decoder)
        try values.read(&synonym, CodingKeys.synonym)
        try values.read(&sourceName, CodingKeys.sourceName)
        try values.read(&hypernym, CodingKeys.hypernym)
        try values.read(&colourWord, CodingKeys.colourWord)
        try values.read(&whiteBackground, CodingKeys.whiteBackground)
        try values.read(&style, CodingKeys.style)
        try values.read(&styleWithoutEmoji, CodingKeys.styleWithoutEmoji)
        try values.read(&bare, CodingKeys.bare)
        try values.read(&digit, CodingKeys.digit)
        try values.read(&typed, CodingKeys.typed)
        try values.read(&object, CodingKeys.object)
        try values.read(&emoji, CodingKeys.emoji)
        try values.read(&flat, CodingKeys.flat)
        try values.read(&sticker, CodingKeys.sticker)
        try values.read(&threeD, CodingKeys.threeD)
        try values.read(&clipArt, CodingKeys.clipArt)
        try values.read(&severalOfAKind, CodingKeys.severalOfAKind)
        try values.read(&leftOf, CodingKeys.leftOf)
        try values.read(&rightOf, CodingKeys.rightOf)
        try values.read(&above, CodingKeys.above)
        try values.read(&below, CodingKeys.below)
        try values.read(&and, CodingKeys.and)
        try values.read(&background, CodingKeys.background)
        try values.read(&requests, CodingKeys.requests)
    }

    /// One way to say each thing: what evaluation asks with. A style is named where it is not emoji.
    public static var plain: CaptionConfiguration {
        var plain = CaptionConfiguration()
        plain.synonym = 0
        plain.sourceName = 0
        plain.hypernym = 0
        plain.colourWord = 0
        plain.whiteBackground = 0
        plain.style = 0
        plain.styleWithoutEmoji = 1
        plain.bare = 0
        plain.digit = 0
        plain.typed = 0
        for list in phrasings { plain[keyPath: list] = [plain[keyPath: list][0]] }
        return plain
    }

    private static var phrasings: [WritableKeyPath<CaptionConfiguration, [Phrasing]>] {
        [
            \.object, \.emoji, \.flat, \.sticker, \.threeD, \.clipArt, \.severalOfAKind, \.leftOf, \.rightOf, \.above, \.below, \.and,
            \.background, \.requests,
        ]
    }

    func phrasings(of style: SpriteStyle) -> [Phrasing] {
        switch style {
        case .emoji: emoji
        case .flat: flat
        case .sticker: sticker
        case .threeD: threeD
        case .clipArt: clipArt
        }
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
