import Images

/// What is known of one sprite: the JSON beside its PNG in a shard.
public struct SpriteDescription: Codable, Sendable, Equatable {
    /// The name of the sample in its shard, without dots.
    public var key: String
    /// The name as its source gives it, lower-case (for emoji, CLDR's short name).
    public var name: String
    /// The canonical name without article: "fox", "red apple", "flag of Japan". Unique among emoji.
    public var caption: String
    /// "a", "an", "the", or "" where the name takes none.
    public var article: String
    /// The name of several of it, "foxes"; nil where there is no such name.
    public var plural: String?
    /// Other names of the same thing, the source's own name among them where it differs from the caption.
    public var synonyms: [String]
    /// One or two broader words: "animal".
    public var hypernyms: [String]
    /// The colour that dominates, if one does.
    public var colour: ColourName?
    /// "emoji" or "clip art".
    public var style: String
    /// The emoji group or the clip-art folder.
    public var group: String
    /// Whether this is a skin-tone variant of another emoji.
    public var skinTone: Bool
    /// How often it should be drawn, relative to the other sprites of its style.
    public var weight: Float
    /// The package and file that it came from.
    public var source: String
    /// An SPDX licence identifier.
    public var licence: String
    /// Whether the tokenizer must not train on it.
    public var heldOut: Bool

    public init(
        key: String, name: String, caption: String, article: String = "a", plural: String? = nil, synonyms: [String] = [], hypernyms: [String] = [],
        colour: ColourName? = nil, style: String = "emoji", group: String = "", skinTone: Bool = false, weight: Float = 1, source: String = "",
        licence: String = "", heldOut: Bool = false
    ) {
        self.key = key
        self.name = name
        self.caption = caption
        self.article = article
        self.plural = plural
        self.synonyms = synonyms
        self.hypernyms = hypernyms
        self.colour = colour
        self.style = style
        self.group = group
        self.skinTone = skinTone
        self.weight = weight
        self.source = source
        self.licence = licence
        self.heldOut = heldOut
    }

    /// Whether this is an emoji (rather than clip art).
    public var isEmoji: Bool { style == "emoji" }
}

/// A sprite: a picture with transparency, cut to its content, and what is known of it.
public struct Sprite: Sendable, Equatable {
    public var description: SpriteDescription
    public var image: RGBAImage

    public init(description: SpriteDescription, image: RGBAImage) {
        self.description = description
        self.image = image
    }
}
