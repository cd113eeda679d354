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
