import Datasets

/// Reads names out of captions, word for word.
package enum CaptionReader {
    /// Whether a caption names a sprite: one of its names stands in it.
    package static func names(_ caption: String, _ sprite: SpriteDescription) -> Bool {
        let text = " " + words(caption) + " "
        return ([sprite.caption, sprite.name] + sprite.synonyms).contains { name in
            let words = words(name)
            return !words.isEmpty && text.contains(" " + words + " ")
        }
    }

    /// Lower-case letters and digits, everything else as one space.
    package static func words(_ text: String) -> String {
        text.lowercased().split(whereSeparator: { !$0.isLetter && !$0.isNumber }).joined(separator: " ")
    }
}
