import Datasets
import Foundation
import Images
import TestSupport
import Testing

@Suite struct ReadingTests {
    @Test func spritesSurviveTheirShards() throws {
        let folder = try TemporaryFolder()
        let sprites = SampleSprites.sprites()
        try SampleSprites.shard(Array(sprites[..<5])).write(to: folder.url.appendingPathComponent("a.tar"))
        try SampleSprites.shard(Array(sprites[5...])).write(to: folder.url.appendingPathComponent("b.tar"))
        #expect(try SpriteDataset(folder: folder.url).sprites == sprites)
    }

    /// Data sets of before there were concepts, creators and recoloured sprites.
    @Test func olderDescriptions() throws {
        let json = #"""
            {"key": "clipart-fox", "name": "fox", "caption": "fox", "article": "a", "synonyms": [], "hypernyms": [], "style": "clip art",
             "group": "animals", "skinTone": false, "weight": 1, "source": "openclipart-svg/fox.svg", "license": "CC-PDDC", "heldOut": true}
            """#
        let description = try JSONDecoder().decode(SpriteDescription.self, from: Data(json.utf8))
        #expect(description.style == .clipArt && description.concept == nil && description.creator == nil && !description.recoloured)
        #expect(description.heldOut && description.plural == nil && !description.isEmoji)
    }

    @Test func badSpriteShards() throws {
        let folder = try TemporaryFolder()
        #expect(throws: DatasetError.self) { try SpriteDataset(folder: folder.url.appendingPathComponent("none")) }
        #expect(throws: DatasetError.self) { try SpriteDataset(folder: folder.url) }
        for files in [["a.png": Data()], ["a.json": Data("{}".utf8)], ["a.png": Data([1]), "a.json": Data("{}".utf8)]] {
            var writer = TarWriter()
            for (name, data) in files { try writer.append(name, data) }
            try writer.write(to: folder.url.appendingPathComponent("x.tar"))
            #expect(throws: DatasetError.self) { try SpriteDataset(folder: folder.url) }
        }
    }
}
