import Datasets
import Foundation
import Images
import Testing
import TestSupport

/// The builder on a miniature of the packages that it reads.
@Suite struct SpriteDatasetBuilderTests {
    static let canDraw = ["/usr/bin", "/usr/local/bin", "/bin"].contains { FileManager.default.isExecutableFile(atPath: "\($0)/rsvg-convert") }

    private func sources(_ folder: TemporaryFolder) throws -> SpriteSources {
        let square = RGBAImage(width: 40, height: 40, pixels: (0 ..< 1600).flatMap { index -> [UInt8] in (8 ..< 24).contains(index % 40) ? [240, 130, 20, 255] : [0, 0, 0, 0] })
        let flag = RGBAImage(width: 40, height: 20, pixels: (0 ..< 800).flatMap { _ in [220, 20, 40, 255] as [UInt8] })
        try folder.write("emoji/emoji_u1f98a.png", Data(square.encodedPNG()))
        try folder.write("emoji/JP.png", Data(flag.encodedPNG()))
        try folder.write("emoji/emoji_u1f44d_1f3fb.png", Data(square.encodedPNG()))
        try folder.write("emoji/emoji_u1f999.png", Data(square.encodedPNG()))
        try folder.write("emoji/emoji_u1f438.png", "broken")
        try folder.write("emoji-test.txt", "# group: Animals & Nature\n# subgroup: animal-mammal\n1F98A ; fully-qualified # fox\n")
        try folder.write("cldr/annotations/en.xml", """
            <ldml><annotations><annotation cp="🦊">animal | fox</annotation><annotation cp="🦊" type="tts">fox</annotation>
            <annotation cp="🐸" type="tts">frog</annotation></annotations></ldml>
            """)
        try folder.write("cldr/annotationsDerived/en.xml", """
            <ldml><annotations><annotation cp="🇯🇵" type="tts">flag: Japan</annotation>
            <annotation cp="👍🏻" type="tts">thumbs up: light skin tone</annotation></annotations></ldml>
            """)
        func svg(_ title: String, _ shape: String) -> String {
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"100\" height=\"100\"><metadata><cc:Work xmlns:cc=\"c\" xmlns:dc=\"d\"><dc:title>\(title)</dc:title></cc:Work></metadata>\(shape)</svg>"
        }
        try folder.write("clipart/animals/fox_01.svg", svg("Fox", "<rect x='10' y='10' width='40' height='20' fill='#e07010'/>"))
        try folder.write("clipart/animals/fox_02.svg", svg("Fox", "<rect x='10' y='10' width='40' height='20' fill='#e07010'/>"))
        try folder.write("clipart/animals/empty_dog.svg", svg("Dog", ""))
        try folder.write("clipart/animals/broken_dog.svg", "<svg><metadata><cc:Work><dc:title>Dog</dc:title></cc:Work></metadata><rect")
        try folder.write("clipart/shapes/stars/star_1.svg", svg("Star", "<rect width='50' height='50'/>"))
        // index.noun: lemma pos synsets pointers … senses tagged offset; data.noun begins with the fox at offset 0.
        let animal = "00000000 05 n 01 animal 0 000 | a living thing\n"
        let fox = String(format: "%08d", animal.utf8.count) + " 05 n 01 fox 0 001 @ 00000000 n 0000 | alert carnivorous mammal\n"
        let dog = String(format: "%08d", animal.utf8.count + fox.utf8.count) + " 05 n 02 dog 0 hound 0 001 @ 00000000 n 0000 | barks\n"
        try folder.write("wordnet/data.noun", animal + fox + dog)
        try folder.write("wordnet/index.noun", """
              1 licence
            animal n 1 0 1 0 00000000
            fox n 1 1 @ 1 0 \(String(format: "%08d", animal.utf8.count))
            dog n 1 1 @ 1 0 \(String(format: "%08d", animal.utf8.count + fox.utf8.count))
            hound n 1 1 @ 1 0 \(String(format: "%08d", animal.utf8.count + fox.utf8.count))

            """)
        for name in ["index.verb", "index.adj", "index.adv"] { try folder.write("wordnet/\(name)", "run v 1\n") }
        return SpriteSources(
            emojiFolder: folder.url.appendingPathComponent("emoji"), emojiGroups: folder.url.appendingPathComponent("emoji-test.txt"),
            cldrFolder: folder.url.appendingPathComponent("cldr"), clipArtFolder: folder.url.appendingPathComponent("clipart"),
            wordNetFolder: folder.url.appendingPathComponent("wordnet"))
    }

    @Test(.enabled(if: canDraw)) func buildsSpritesOfEmojiAndClipArt() throws {
        let folder = try TemporaryFolder()
        let output = folder.url.appendingPathComponent("out")
        var builder = SpriteDatasetBuilder(sources: try sources(folder))
        builder.spritesPerShard = 3
        let index = try builder.build(into: output)
        let sprites = try SpriteDataset(folder: output).sprites
        #expect(index.sprites == 4 && sprites.count == 4)
        #expect(index.shards == ["sprites-000000.tar", "sprites-000001.tar"])
        func sprite(_ key: String) throws -> Sprite { try #require(sprites.first { $0.description.key == key }) }
        let fox = try sprite("emoji-1f98a")
        #expect(fox.description.caption == "fox" && fox.description.plural == "foxes" && fox.description.article == "a")
        #expect(fox.description.hypernyms == ["animal"] && fox.description.colour == .orange && fox.description.group == "Animals & Nature/animal-mammal")
        #expect(fox.image.width == 16 && fox.image.height == 40)
        let flag = try sprite("emoji-1f1ef-1f1f5")
        #expect(flag.description.caption == "flag of Japan" && flag.description.name == "flag: japan" && flag.description.colour == nil)
        #expect(flag.description.synonyms.contains("flag: japan") && flag.description.synonyms.contains("Japanese flag"))
        let thumb = try sprite("emoji-1f44d-1f3fb")
        #expect(thumb.description.skinTone && thumb.description.weight < 0.5 && thumb.description.synonyms.contains("thumbs up: light skin tone"))
        let clip = try sprite("clipart-animals-fox-01")
        #expect(clip.description.style == "clip art" && clip.description.caption == "fox" && clip.image.width == 128 && (63 ... 66).contains(clip.image.height))
        let reasons = Dictionary(uniqueKeysWithValues: index.dropped.map { ($0.file, $0.reason) })
        #expect(reasons.count == 6)
        #expect(reasons["ruby-tanuki-emoji/emoji_u1f999.png"] == "no CLDR name")
        #expect(reasons["openclipart-svg/animals/fox_02.svg"] == "looks like another sprite")
        #expect(reasons["openclipart-svg/animals/empty_dog.svg"] == "empty")
        // Built again, the bytes are the same, and a smaller build leaves no old shards.
        let before = try Data(contentsOf: output.appendingPathComponent("sprites-000000.tar"))
        try builder.build(into: output)
        #expect(try Data(contentsOf: output.appendingPathComponent("sprites-000000.tar")) == before)
        builder.spritesPerShard = 100
        try builder.build(into: output)
        #expect(try FileManager.default.contentsOfDirectory(atPath: output.path).sorted() == ["index.json", "sprites-000000.tar"])
    }

    @Test func missingPackages() throws {
        let folder = try TemporaryFolder()
        let complete = try sources(folder)
        let none = folder.url.appendingPathComponent("none")
        let changes: [(inout SpriteSources) -> Void] = [{ $0.emojiFolder = none }, { $0.cldrFolder = none }, { $0.clipArtFolder = none }, { $0.wordNetFolder = none }]
        for change in changes {
            var sources = complete
            change(&sources)
            #expect(throws: DatasetError.self) { try SpriteDatasetBuilder(sources: sources).build(into: folder.url.appendingPathComponent("out")) }
        }
        #expect(throws: DatasetError.self) { try SpriteDatasetBuilder(sources: complete, size: 4).build(into: none) }
    }

    @Test func aBuildCanBeStopped() throws {
        struct Stop: Error {}
        let folder = try TemporaryFolder()
        #expect(throws: Stop.self) { try SpriteDatasetBuilder(sources: sources(folder)).build(into: folder.url.appendingPathComponent("out")) { _ in throw Stop() } }
        #expect(!FileManager.default.fileExists(atPath: folder.url.appendingPathComponent("out/index.json").path))
    }
}
