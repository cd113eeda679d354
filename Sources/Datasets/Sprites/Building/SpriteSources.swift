import Foundation

/// Where the packages' files lie that sprites are made of.
public struct SpriteSources: Sendable {
    /// The folder of emoji PNGs (Debian: ruby-tanuki-emoji).
    public var emojiFolder: URL
    /// Unicode's `emoji-test.txt`, which groups emoji; may be absent.
    public var emojiGroups: URL
    /// The folder that holds `annotations/` and `annotationsDerived/` (Debian: unicode-cldr-core).
    public var cldrFolder: URL
    /// The folder of SVG clip art (Debian: openclipart-svg).
    public var clipArtFolder: URL
    /// The folder of WordNet's `index.noun` and `data.noun` (Debian: wordnet-base).
    public var wordNetFolder: URL

    public init(emojiFolder: URL, emojiGroups: URL, cldrFolder: URL, clipArtFolder: URL, wordNetFolder: URL) {
        self.emojiFolder = emojiFolder
        self.emojiGroups = emojiGroups
        self.cldrFolder = cldrFolder
        self.clipArtFolder = clipArtFolder
        self.wordNetFolder = wordNetFolder
    }

    /// The places that Debian's packages use.
    ///
    /// - Parameter emojiFolder: a folder of emoji PNGs in place of the package's.
    /// - Throws: `DatasetError.missing` where the emoji package is needed and not installed.
    public static func debian(emojiFolder: URL? = nil) throws -> SpriteSources {
        let gems = "/usr/share/rubygems-integration/all/gems"
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: gems)) ?? []).filter { $0.hasPrefix("tanuki_emoji-") }.sorted()
        let found = names.last.map { URL(fileURLWithPath: gems).appendingPathComponent($0) }
        // With other emoji, the package's list of groups is welcome and not needed.
        guard let gem = found ?? (emojiFolder == nil ? nil : URL(fileURLWithPath: gems)) else {
            throw DatasetError.missing(path: "\(gems)/tanuki_emoji-*", hint: "install ruby-tanuki-emoji (Scripts/build-dataset does)")
        }
        return SpriteSources(
            emojiFolder: emojiFolder ?? gem.appendingPathComponent("app/assets/images/tanuki_emoji"),
            emojiGroups: gem.appendingPathComponent("vendor/unicode/emoji-test.txt"),
            cldrFolder: URL(fileURLWithPath: "/usr/share/unicode/cldr/common"),
            clipArtFolder: URL(fileURLWithPath: "/usr/share/openclipart/svg"),
            wordNetFolder: URL(fileURLWithPath: "/usr/share/wordnet"))
    }
}
