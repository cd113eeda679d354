import Files
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
    /// The set that it belongs to, as captions call it.
    public var style: SpriteStyle
    /// The code points of the emoji that shows the same thing, such as "1f98a"; nil where there is none. The same thing in
    /// several styles has the same concept.
    public var concept: String?
    /// The emoji group, the clip-art folder or the category of a model.
    public var group: String
    /// Whether this is a skin-tone variant of another emoji.
    public var skinTone: Bool
    /// How often it should be drawn, relative to the other sprites of its style.
    public var weight: Float
    /// The package and file that it came from.
    public var source: String
    /// An SPDX licence identifier.
    public var license: String
    /// Who drew it, where the source names somebody for each picture.
    public var creator: String?
    /// Whether its colour is not the one that the source gave it.
    public var recoloured: Bool
    /// Whether the tokenizer must not train on it.
    public var heldOut: Bool

    public init(
        key: String, name: String, caption: String, article: String = "a", plural: String? = nil, synonyms: [String] = [], hypernyms: [String] = [],
        colour: ColourName? = nil, style: SpriteStyle = .emoji, concept: String? = nil, group: String = "", skinTone: Bool = false,
        weight: Float = 1, source: String = "", license: String = "", creator: String? = nil, recoloured: Bool = false,
        heldOut: Bool = false
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
        self.concept = concept
        self.group = group
        self.skinTone = skinTone
        self.weight = weight
        self.source = source
        self.license = license
        self.creator = creator
        self.recoloured = recoloured
        self.heldOut = heldOut
    }

    /// Reads a description; what later versions added may be missing.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            key: try values.decode(String.self, forKey: .key), name: try values.decode(String.self, forKey: .name),
            caption: try values.decode(String.self, forKey: .caption), article: try values.decode(String.self, forKey: .article),
            plural: try values.decodeIfPresent(String.self, forKey: .plural),
            synonyms: try values.decode([String].self, forKey: .synonyms),
            hypernyms: try values.decode([String].self, forKey: .hypernyms),
            colour: try values.decodeIfPresent(ColourName.self, forKey: .colour),
            style: try values.decode(SpriteStyle.self, forKey: .style),
            concept: try values.decodeIfPresent(String.self, forKey: .concept),
            group: try values.decode(String.self, forKey: .group), skinTone: try values.decode(Bool.self, forKey: .skinTone),
            weight: try values.decode(Float.self, forKey: .weight), source: try values.decode(String.self, forKey: .source),
            license: try RenamedKeys(decoder).decode(String.self, CodingKeys.license),
            creator: try values.decodeIfPresent(String.self, forKey: .creator),
            recoloured: try values.decodeIfPresent(Bool.self, forKey: .recoloured) ?? false,
            heldOut: try values.decode(Bool.self, forKey: .heldOut))
    }

    /// Whether this is an emoji as its set draws it: what a name without more words means.
    public var isEmoji: Bool { style == .emoji && !recoloured }
}

extension SpriteDescription {
    /// What the sprite is: the first of `classes` that is one of its words (broader words, its caption, its group or a part of
    /// that), or its first broader word; nil where there is none.
    func label(among classes: [String]?) -> String? {
        guard let classes else { return hypernyms.first }
        let words = Set(hypernyms + [caption, name, group] + group.split(separator: "/").map(String.init))
        return classes.first(where: words.contains)
    }
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

/// How a picture of a thing is drawn; one set of pictures has one style.
public enum SpriteStyle: String, Codable, CodingKeyRepresentable, Sendable, CaseIterable {
    /// Noto Emoji: shaded, without outlines. What is meant where no style is named.
    case emoji
    /// Twemoji: areas of one colour.
    case flat
    /// EmojiOne: flat with soft shading.
    case sticker
    /// Models of furniture and other things about the house, rendered.
    case threeD = "3D"
    /// The Open Clip Art Library: by many hands.
    case clipArt = "clip art"
}
