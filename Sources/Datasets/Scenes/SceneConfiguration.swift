import Files

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
    /// How often a scene has its objects from each style; need not sum to 1. A style that is not named is not used.
    public var styles: [SpriteStyle: Double] = [.emoji: 0.75, .clipArt: 0.25]
    /// Multiplies the weight of skin-tone variants, which is low already.
    public var skinToneWeight = 1.0
    /// How often the background is a colour of `palette` and not white.
    public var backgroundProbability = 0.5
    public var palette = BackgroundColour.palette
    /// Whether a thing may stand on a background of its own colour.
    public var allowsSameColour = false
    public var captions = CaptionConfiguration()
    public var holdout = Holdout()

    enum CodingKeys: String, CodingKey {
        case side, single, pair, several, counts, relations, layout, styles, palette, captions, holdout
        case skinToneWeight = "skin_tone_weight"
        case backgroundProbability = "background_probability"
        case allowsSameColour = "allows_same_colour"
    }

    public init() {}

    /// Reads what is named and keeps the defaults of everything else. `emojiShare`, which was before there were more styles
    /// than two, is the share of emoji against clip art.
    public init(from decoder: any Decoder) throws {
        self.init()
        let values = try RenamedKeys(decoder)
        if let share = try values.former(Double.self, "emojiShare") { styles = [.emoji: share, .clipArt: 1 - share] }
        try values.read(&side, CodingKeys.side)
        try values.read(&single, CodingKeys.single)
        try values.read(&pair, CodingKeys.pair)
        try values.read(&several, CodingKeys.several)
        try values.read(&counts, CodingKeys.counts)
        try values.read(&relations, CodingKeys.relations)
        try values.read(&layout, CodingKeys.layout)
        try values.read(&styles, CodingKeys.styles)
        try values.read(&skinToneWeight, CodingKeys.skinToneWeight)
        try values.read(&backgroundProbability, CodingKeys.backgroundProbability)
        try values.read(&palette, CodingKeys.palette)
        try values.read(&allowsSameColour, CodingKeys.allowsSameColour)
        try values.read(&captions, CodingKeys.captions)
        try values.read(&holdout, CodingKeys.holdout)
    }

    /// Throws `DatasetError.badConfiguration` for values that no scene can be made with.
    func validate() throws {
        func bad(_ reason: String) -> DatasetError { .badConfiguration(reason: reason) }
        guard (8...2048).contains(side) else { throw bad("side \(side); 8 to 2048 pixels were expected") }
        for (name, value) in [
            ("single", single), ("pair", pair), ("several", several), ("skin_tone_weight", skinToneWeight), ("background_probability", backgroundProbability),
            ("layout.position_jitter", layout.positionJitter), ("layout.size_jitter", layout.sizeJitter), ("layout.single", layout.single),
            ("layout.pair", layout.pair),
        ] where !value.isFinite || value < 0 { throw bad("\(name) \(value); a number from 0 was expected") }
        for (style, weight) in styles where !weight.isFinite || weight < 0 { throw bad("styles.\(style.rawValue) \(weight); a number from 0 was expected") }
        guard single + pair + several > 0 else { throw bad("single, pair and several are all 0") }
        guard counts.count == 3, counts.allSatisfy({ $0 >= 0 }), counts.reduce(0, +) > 0 else {
            throw bad("counts \(counts); three weights (of two, three and four) were expected")
        }
        guard relations.values.allSatisfy({ $0 >= 0 }), pair == 0 || relations.values.contains(where: { $0 > 0 }) else { throw bad("no relation has a weight") }
        guard layout.sizeJitter < 1 else { throw bad("layout.size_jitter \(layout.sizeJitter); less than 1 was expected") }
        guard backgroundProbability == 0 || !palette.isEmpty else { throw bad("an empty palette") }
        try captions.validate()
    }
}
