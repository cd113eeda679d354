import Foundation

/// A set of pictures that sprites are made of.
public enum SpriteSource: String, Sendable, CaseIterable {
    case noto, twemoji, emojione, models
    case clipArt = "clipart"

    /// The style of its pictures.
    public var style: SpriteStyle {
        switch self {
        case .noto: .emoji
        case .twemoji: .flat
        case .emojione: .sticker
        case .models: .threeD
        case .clipArt: .clipArt
        }
    }
}

/// Where the files lie that sprites are made of.
public struct SpriteSources: Sendable {
    /// The folder that `Scripts/extract-pictures` writes, with a folder for each set.
    public var pictures: URL
    /// Unicode's `emoji-test.txt`, which groups emoji (Debian: unicode-data).
    public var emojiList: URL
    /// The folder that holds `annotations/` and `annotationsDerived/` (Debian: unicode-cldr-core).
    public var cldrFolder: URL
    /// The folder of SVG clip art (Debian: openclipart-svg).
    public var clipArtFolder: URL
    /// The folder of WordNet's `index.noun` and `data.noun` (Debian: wordnet-base).
    public var wordNetFolder: URL
    /// The sets to use.
    public var sets: Set<SpriteSource>

    /// The places that Debian's packages use stand for what is left out.
    ///
    /// - Parameter pictures: the folder that `Scripts/extract-pictures` writes.
    public init(
        pictures: URL, emojiList: URL = URL(fileURLWithPath: "/usr/share/unicode/emoji/emoji-test.txt"),
        cldrFolder: URL = URL(fileURLWithPath: "/usr/share/unicode/cldr/common"),
        clipArtFolder: URL = URL(fileURLWithPath: "/usr/share/openclipart/svg"),
        wordNetFolder: URL = URL(fileURLWithPath: "/usr/share/wordnet"), sets: Set<SpriteSource> = Set(SpriteSource.allCases)
    ) {
        self.pictures = pictures
        self.emojiList = emojiList
        self.cldrFolder = cldrFolder
        self.clipArtFolder = clipArtFolder
        self.wordNetFolder = wordNetFolder
        self.sets = sets
    }
}
