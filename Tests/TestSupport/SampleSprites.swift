import Datasets
import Foundation
import Images

/// Sprites for tests: squares and bars of plain colours.
package enum SampleSprites {
    package static let names = ["fox", "apple", "car", "umbrella", "glasses", "star", "tree", "owl", "house", "moon", "key", "boat"]

    package static func sprites() -> [Sprite] {
        names.enumerated().map { index, name in
            let phrase = NounPhrase(name)
            return Sprite(
                description: SpriteDescription(
                    key: "test-\(name)", name: name, caption: name, article: phrase.article, plural: phrase.plural,
                    synonyms: name == "car" ? ["automobile"] : [],
                    hypernyms: name == "fox" ? ["animal"] : [], colour: name == "fox" ? .orange : nil, style: index % 3 == 2 ? .clipArt : .emoji, weight: 1,
                    source: "tests", license: "CC0-1.0", heldOut: name == "boat"),
                image: image(index))
        }
    }

    package static func image(_ index: Int) -> RGBAImage {
        let width = 16 + index
        let height = 24
        let pixel = [UInt8(index * 20), UInt8(255 - index * 20), 128, 255]
        return RGBAImage(width: width, height: height, pixels: (0..<width * height).flatMap { _ in pixel })
    }

    /// Writes the sprites as a shard.
    package static func shard(_ sprites: [Sprite]) throws -> TarWriter {
        var writer = TarWriter()
        for sprite in sprites {
            try writer.append("\(sprite.description.key).png", Data(try sprite.image.encodedPNG()))
            try writer.append("\(sprite.description.key).json", try JSONEncoder().encode(sprite.description))
        }
        return writer
    }
}
