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

    private func png() throws -> Data {
        Data(try Image(width: 3, height: 2, filled: .black).encodedPNG())
    }

    @Test func aFolderOfImagesAndCaptions() throws {
        let folder = try TemporaryFolder()
        try folder.write("b.png", png())
        try folder.write("b.txt", " a\nblack   box \n")
        try folder.write("deep/a.v2.png", png())
        try folder.write("deep/a.v2.txt", "another")
        try folder.write("notes.md", "not part of it")
        try folder.write(".hidden.png", png())
        let images = try CaptionedImageSource.open(folder.url)
        #expect(images.count == 2)
        #expect(images.caption(0) == "a black box")
        #expect(try images.sample(1).caption == "another")
        #expect(try images.sample(0).image == Image(width: 3, height: 2, filled: .black))
        let fewer = try CaptionedImageSource.open(folder.url, skipping: ["b"])
        #expect(fewer.count == 1)
        #expect(fewer.skipped.count == 2)
    }

    @Test func unpairedFilesAreNamed() throws {
        let folder = try TemporaryFolder()
        try folder.write("a.png", png())
        try folder.write("a.txt", "fine")
        let caption = try folder.write("lonely.txt", "no image")
        #expect(throws: DatasetError.captionWithoutImage(path: caption.path)) { try CaptionedFolder(folder: folder.url) }
        try FileManager.default.removeItem(at: caption)
        let image = try folder.write("bare.png", png())
        #expect(throws: DatasetError.imageWithoutCaption(path: image.path)) { try CaptionedFolder(folder: folder.url) }
        let lenient = try CaptionedFolder(folder: folder.url, unpaired: .skip)
        #expect(lenient.count == 1)
        #expect(lenient.skipped.map(\.name) == ["bare.png"])
    }

    @Test func unusableCaptionsAndImages() throws {
        let folder = try TemporaryFolder()
        try folder.write("a.png", png())
        try folder.write("a.txt", "  \n ")
        #expect(throws: DatasetError.self) { try CaptionedFolder(folder: folder.url) }
        try folder.write("a.txt", Data([0xff, 0xfe, 0x41]))
        #expect(throws: DatasetError.self) { try CaptionedFolder(folder: folder.url) }
        try folder.write("a.txt", "fine")
        try folder.write("a.png", "not a picture")
        let images = try CaptionedFolder(folder: folder.url)
        #expect(throws: DatasetError.self) { try images.sample(0) }
        #expect(throws: DatasetError.self) { try CaptionedFolder(folder: folder.url.appendingPathComponent("none")) }
        let empty = try TemporaryFolder()
        #expect(throws: DatasetError.self) { try CaptionedFolder(folder: empty.url) }
    }

    @Test func shardsOfImagesAndCaptions() throws {
        let folder = try TemporaryFolder()
        var writer = TarWriter()
        try writer.append("one.png", png())
        try writer.append("one.txt", Data("first".utf8))
        try writer.append("two.json", Data(#"{"caption": "second", "other": 3}"#.utf8))
        try writer.append("two.png", png())
        try writer.append("sound.wav", Data([1]))
        try writer.write(to: folder.url.appendingPathComponent("0.tar"))
        let images = try CaptionedImageSource.open(folder.url)
        #expect((0..<images.count).map(images.caption) == ["first", "second"])
        #expect(try images.sample(0).image.width == 3)
        try writer.append("three.png", png())
        try writer.write(to: folder.url.appendingPathComponent("0.tar"))
        #expect(throws: DatasetError.self) { try CaptionedShards(folder: folder.url) }
        #expect(try CaptionedShards(folder: folder.url, unpaired: .skip).skipped.count == 1)
        #expect(try CaptionedShards(folder: folder.url, skipping: ["three"]).count == 2)
    }
}
