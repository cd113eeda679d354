import Datasets
import Files
import Foundation
import Images
import TestSupport
import Testing

/// The builder on a miniature of the packages that it reads.
@Suite struct SpriteDatasetBuilderTests {
    static let canDraw = ["/usr/bin", "/usr/local/bin", "/bin"].contains { FileManager.default.isExecutableFile(atPath: "\($0)/rsvg-convert") }

    /// A picture of `width` columns, a bar of `colour` in the middle of each row.
    private func bar(_ colour: [UInt8], width: Int = 40, height: Int = 40) throws -> Data {
        Data(
            try RGBAImage(
                width: width, height: height, pixels: (0..<width * height).flatMap { (8..<width - 16).contains($0 % width) ? colour + [255] : [0, 0, 0, 0] }
            ).encodedPNG())
    }

    private func svg(_ shape: String, title: String = "") -> String {
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"100\" height=\"100\"><metadata><cc:Work xmlns:cc=\"c\" xmlns:dc=\"d\"><dc:title>\(title)</dc:title></cc:Work></metadata>\(shape)</svg>"
    }

    private func index(_ folder: TemporaryFolder, _ source: String, package: String, license: String, _ pictures: [String]) throws {
        let list = pictures.map { $0.hasPrefix("{") ? $0 : "{\"file\": \"\($0)\"}" }.joined(separator: ", ")
        try folder.write(
            "pictures/\(source)/index.json",
            """
            {"source": "\(source)", "package": "\(package)", "version": "1.0", "license": "\(license)", "attribution": "the makers of \(source)",
             "pictures": [\(list)]}
            """)
    }

    /// Miniatures of everything that the builder reads.
    private func sources(_ folder: TemporaryFolder) throws -> SpriteSources {
        let orange: [UInt8] = [240, 130, 20]
        try folder.write("pictures/noto/1f98a.png", bar(orange))
        try folder.write("pictures/noto/1f697.png", bar([220, 30, 30]))
        try folder.write("pictures/noto/1f1ef-1f1f5.png", bar([220, 20, 40], height: 20))
        try folder.write("pictures/noto/1f44d-1f3fb.png", bar(orange))
        try folder.write("pictures/noto/1f3fb.png", bar(orange))
        try folder.write("pictures/noto/1f438.png", "broken")
        try folder.write("pictures/noto/notes.png", bar(orange))
        try index(
            folder, "noto", package: "fonts-noto-color-emoji", license: "Apache-2.0",
            ["1f98a.png", "1f697.png", "1f1ef-1f1f5.png", "1f44d-1f3fb.png", "1f3fb.png", "1f438.png", "notes.png"])
        let shape = "<rect x='10' y='10' width='40' height='20' fill='#e07010'/>"
        try folder.write("pictures/twemoji/1f98a.svg", svg(shape))
        try folder.write("pictures/twemoji/1f44d-1f3fb.svg", svg(shape))
        try folder.write("pictures/twemoji/1f438.svg", svg(""))
        try index(folder, "twemoji", package: "thunderbird", license: "CC-BY-4.0", ["1f98a.svg", "1f44d-1f3fb.svg", "1f438.svg"])
        try folder.write("pictures/emojione/1f98a.svg", svg(shape))
        try index(folder, "emojione", package: "ruby-rails-assets-emojione", license: "CC-BY-4.0", ["1f98a.svg"])
        for name in ["dog-1", "dog-2", "dog-3", "thing-1"] {
            try folder.write("pictures/models/\(name).png", bar(name == "dog-2" ? [40, 90, 220] : [120, 70, 35], width: name == "dog-2" ? 60 : 40))
        }
        try index(
            folder, "models", package: "sweethome3d-furniture", license: "CC-BY-3.0",
            [
                #"{"file": "dog-1.png", "name": "Dog", "tags": ["Hound"], "category": "Exterior", "creator": "Jane", "license": "CC0-1.0"}"#,
                #"{"file": "dog-2.png", "name": "Dog 02", "tags": [], "category": "Exterior", "creator": "Joe"}"#,
                #"{"file": "dog-3.png", "name": "Dog"}"#, #"{"file": "thing-1.png"}"#,
            ])
        try folder.write(
            "emoji-test.txt",
            """
            # group: Animals & Nature
            # subgroup: animal-mammal
            1F98A ; fully-qualified # 🦊 E3.0 fox
            1F438 ; fully-qualified # 🐸 E0.6 frog
            # group: Travel & Places
            # subgroup: transport-ground
            1F697 ; fully-qualified # 🚗 E0.6 automobile
            # group: People & Body
            # subgroup: hand-fingers-closed
            1F44D 1F3FB ; fully-qualified # 👍🏻 E1.0 thumbs up: light skin tone

            """)
        try folder.write(
            "cldr/annotations/en.xml",
            """
            <ldml><annotations><annotation cp="🦊">animal | fox</annotation><annotation cp="🦊" type="tts">fox</annotation>
            <annotation cp="🐸" type="tts">frog</annotation><annotation cp="🚗" type="tts">automobile</annotation></annotations></ldml>
            """)
        try folder.write(
            "cldr/annotationsDerived/en.xml",
            """
            <ldml><annotations><annotation cp="🇯🇵" type="tts">flag: Japan</annotation></annotations></ldml>
            """)
        try folder.write("clipart/animals/fox_01.svg", svg(shape, title: "Fox"))
        try folder.write("clipart/animals/fox_02.svg", svg(shape, title: "Fox"))
        try folder.write("clipart/animals/empty_dog.svg", svg("", title: "Dog"))
        try folder.write("clipart/animals/broken_dog.svg", "<svg><metadata><cc:Work><dc:title>Dog</dc:title></cc:Work></metadata><rect")
        try folder.write("clipart/shapes/stars/star_1.svg", svg("<rect width='50' height='50'/>", title: "Star"))
        // index.noun: lemma pos synsets pointers … senses tagged offset; data.noun begins with the fox at offset 0.
        let animal = "00000000 05 n 01 animal 0 000 | a living thing\n"
        let fox = String(format: "%08d", animal.utf8.count) + " 05 n 01 fox 0 001 @ 00000000 n 0000 | alert carnivorous mammal\n"
        let dog = String(format: "%08d", animal.utf8.count + fox.utf8.count) + " 05 n 02 dog 0 hound 0 001 @ 00000000 n 0000 | barks\n"
        try folder.write("wordnet/data.noun", animal + fox + dog)
        try folder.write(
            "wordnet/index.noun",
            """
              1 licence
            animal n 1 0 1 0 00000000
            fox n 1 1 @ 1 0 \(String(format: "%08d", animal.utf8.count))
            dog n 1 1 @ 1 0 \(String(format: "%08d", animal.utf8.count + fox.utf8.count))
            hound n 1 1 @ 1 0 \(String(format: "%08d", animal.utf8.count + fox.utf8.count))

            """)
        for name in ["index.verb", "index.adj", "index.adv"] { try folder.write("wordnet/\(name)", "run v 1\n") }
        return SpriteSources(
            pictures: folder.url.appendingPathComponent("pictures"), emojiList: folder.url.appendingPathComponent("emoji-test.txt"),
            cldrFolder: folder.url.appendingPathComponent("cldr"), clipArtFolder: folder.url.appendingPathComponent("clipart"),
            wordNetFolder: folder.url.appendingPathComponent("wordnet"))
    }

    @Test(.enabled(if: canDraw)) func buildsSpritesOfEverySource() throws {
        let folder = try TemporaryFolder()
        let output = folder.url.appendingPathComponent("out")
        var builder = SpriteDatasetBuilder(sources: try sources(folder), size: 128)
        builder.spritesPerShard = 10
        let index = try builder.build(into: output)
        let sprites = try SpriteDataset(folder: output).sprites
        func sprite(_ key: String) throws -> Sprite { try #require(sprites.first { $0.description.key == key }) }
        let fox = try sprite("emoji-1f98a")
        #expect(fox.description.caption == "fox" && fox.description.plural == "foxes" && fox.description.article == "a")
        #expect(fox.description.hypernyms == ["animal"] && fox.description.colour == .orange && fox.description.group == "Animals & Nature/animal-mammal")
        #expect(fox.description.style == .emoji && fox.description.concept == "1f98a" && fox.description.synonyms.contains("fox face"))
        #expect(fox.description.source == "fonts-noto-color-emoji/1f98a.png" && fox.description.license == "Apache-2.0")
        // A bitmap is not enlarged.
        #expect(fox.image.width == 16 && fox.image.height == 40)
        let car = try sprite("emoji-1f697").description
        #expect(car.caption == "car" && car.name == "automobile" && car.synonyms.contains("auto"))
        let flag = try sprite("emoji-1f1ef-1f1f5").description
        #expect(flag.caption == "flag of Japan" && flag.article == "the" && flag.name == "flag: japan" && flag.colour == nil)
        #expect(flag.synonyms.contains("flag: japan") && flag.synonyms.contains("Japanese flag"))
        let thumb = try sprite("emoji-1f44d-1f3fb").description
        #expect(thumb.caption == "thumbs up with light skin tone" && thumb.skinTone && thumb.weight < 0.5)
        #expect(thumb.name == "thumbs up: light skin tone" && thumb.synonyms.contains("thumbs up: light skin tone"))
        for (key, style, license) in [("flat-1f98a", SpriteStyle.flat, "CC-BY-4.0"), ("sticker-1f98a", .sticker, "CC-BY-4.0")] {
            let other = try sprite(key)
            #expect(other.description.style == style && other.description.concept == "1f98a" && other.description.caption == "fox")
            #expect(other.description.license == license && other.image.width == 128 && (63...66).contains(other.image.height))
        }
        let dog = try sprite("model-dog-1").description
        #expect(dog.caption == "dog" && dog.style == .threeD && dog.hypernyms == ["animal"] && dog.creator == "Jane" && dog.license == "CC0-1.0")
        #expect(dog.concept == "1f415" && dog.colour == .brown && abs(dog.weight - 0.7071) < 0.001)
        #expect(try sprite("model-dog-2").description.license == "CC-BY-3.0")
        let clip = try sprite("clipart-animals-fox-01")
        #expect(clip.description.style == .clipArt && clip.description.caption == "fox" && clip.description.concept == "1f98a")
        #expect(clip.image.width == 128 && (63...66).contains(clip.image.height))
        #expect(index.sprites == sprites.count && index.shards.count == (sprites.count + 9) / 10)
        #expect(
            index.sources.map(\.package) == ["fonts-noto-color-emoji", "thunderbird", "ruby-rails-assets-emojione", "sweethome3d-furniture", "openclipart-svg"])
        #expect(index.sources.map(\.sprites) == [4, 1, 1, 2, 1] && index.sources.map(\.files) == [7, 3, 1, 4, 5])
        #expect(index.sources[0].version == "1.0" && index.sources[1].attribution == "the makers of twemoji")
        let reasons = Dictionary(uniqueKeysWithValues: index.dropped.map { ($0.file, $0.reason) })
        #expect(reasons.count == 11)
        #expect(reasons["fonts-noto-color-emoji/1f3fb.png"] == "no name")
        #expect(reasons["fonts-noto-color-emoji/notes.png"] == "a file name that spells no code points")
        #expect(reasons["fonts-noto-color-emoji/1f438.png"]?.contains("PNG") == true)
        #expect(reasons["thunderbird/1f44d-1f3fb.svg"] == "a skin tone")
        #expect(reasons["thunderbird/1f438.svg"] == "empty")
        #expect(reasons["sweethome3d-furniture/dog-3.png"] == "looks like another sprite of its name")
        #expect(reasons["sweethome3d-furniture/thing-1.png"] == "no name")
        #expect(reasons["openclipart-svg/animals/fox_02.svg"] == "looks like another sprite")
        #expect(reasons["openclipart-svg/animals/empty_dog.svg"] == "empty")
        // Recoloured: a plain bar is all main colour.
        let green = sprites.filter { $0.description.recoloured }
        #expect(green.count == index.recoloured && green.count >= 6 && green.allSatisfy { $0.description.style == .emoji })
        for sprite in green {
            let description = sprite.description
            let colour = try #require(description.colour)
            let original = description.concept == "1f98a" ? fox.description : car
            #expect(description.concept == original.concept && description.key == "\(original.key)-\(colour.rawValue)")
            #expect(description.caption == "\(colour.rawValue) \(original.caption)" && description.plural == "\(colour.rawValue) \(original.plural ?? "")")
            #expect(description.article == (colour == .orange ? "an" : "a") && colour != original.colour && !description.isEmoji)
            #expect(description.synonyms.allSatisfy { $0.hasPrefix(colour.rawValue + " ") } && DominantColour.name(of: sprite.image) == colour)
            #expect(description.heldOut == original.heldOut)
        }
        for concept in ["1f98a", "1f697"] {
            let sum = green.filter { $0.description.concept == concept }.reduce(0) { $0 + $1.description.weight }
            #expect(abs(sum - 0.25) < 0.001)
        }
        // "blue car" and "red fox" are names of others, or of the thing itself.
        #expect(!green.contains { ["blue car", "red fox"].contains($0.description.caption) })
        // Built again, the bytes are the same, and a smaller build leaves no old shards.
        func files() throws -> [Data] { try (index.shards + ["index.json"]).map { try Data(contentsOf: output.appendingPathComponent($0)) } }
        let before = try files()
        try builder.build(into: output)
        #expect(try files() == before)
        builder.spritesPerShard = 100
        try builder.build(into: output)
        #expect(try FileManager.default.contentsOfDirectory(atPath: output.path).sorted() == ["index.json", "sprites-000000.tar"])
    }

    @Test func someSourcesOnly() throws {
        let folder = try TemporaryFolder()
        var sources = try sources(folder)
        sources.sets = [.noto]
        for name in ["twemoji", "emojione", "models"] { try FileManager.default.removeItem(atPath: folder("pictures/" + name)) }
        let index = try SpriteDatasetBuilder(sources: sources).build(into: folder.url.appendingPathComponent("out"))
        #expect(index.sources.map(\.style) == [.emoji] && index.size == 256)
        sources.sets = [.noto, .models]
        let missing = refusal { try SpriteDatasetBuilder(sources: sources).build(into: folder.url.appendingPathComponent("out")) }
        #expect(missing.category == .missing && missing.text.contains("pictures/models/index.json") && missing.text.contains("Scripts/extract-pictures"))
    }

    @Test func foldersOfPicturesThatAreNone() throws {
        let folder = try TemporaryFolder()
        var sources = try sources(folder)
        sources.sets = [.noto]
        let good = try String(contentsOfFile: folder("pictures/noto/index.json"), encoding: .utf8)
        for (bad, text) in [
            ("{", "not what Scripts/extract-pictures writes"), (good.replacingOccurrences(of: "\"version\": \"1.0\",", with: ""), "version is missing"),
            (good.replacingOccurrences(of: "\"noto\"", with: "\"twemoji\""), "the pictures of twemoji"),
            (good.replacingOccurrences(of: "1f98a.png", with: "../1f98a.png"), "the name of a file beside it"),
        ] {
            try folder.write("pictures/noto/index.json", bad)
            let refused = refusal { try SpriteDatasetBuilder(sources: sources).build(into: folder.url.appendingPathComponent("out")) }
            #expect(refused.category == .data && refused.text.contains(text), "\(refused.text)")
        }
    }

    @Test func missingPackages() throws {
        let folder = try TemporaryFolder()
        let complete = try sources(folder)
        let none = folder.url.appendingPathComponent("none")
        let changes: [(inout SpriteSources) -> Void] = [
            { $0.pictures = none }, { $0.emojiList = none }, { $0.cldrFolder = none }, { $0.clipArtFolder = none }, { $0.wordNetFolder = none },
        ]
        for change in changes {
            var sources = complete
            // Without rsvg-convert, only clip art is of interest.
            sources.sets = [.noto, .clipArt]
            change(&sources)
            #expect(refusal { try SpriteDatasetBuilder(sources: sources).build(into: folder.url.appendingPathComponent("out")) }.category == .missing)
        }
        #expect(throws: DatasetError.self) { try SpriteDatasetBuilder(sources: complete, size: 4).build(into: none) }
    }

    @Test func archivesOfOthersStay() throws {
        let folder = try TemporaryFolder()
        var sources = try sources(folder)
        sources.sets = [.noto]
        try folder.write("out/sprites-mine.tar", "mine")
        try folder.write("out/notes.txt", "mine")
        let builder = SpriteDatasetBuilder(sources: sources)
        for _ in 0..<2 { try builder.build(into: folder.url.appendingPathComponent("out")) }
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: folder("out")).sorted() == [
                "index.json", "notes.txt", "sprites-000000.tar", "sprites-mine.tar",
            ])
        try folder.write("other/sprites-000000.tar", "mine")
        let refused = refusal { try builder.build(into: folder.url.appendingPathComponent("other")) }
        #expect(refused.text.contains("sprites-000000.tar: is there already"), "\(refused.text)")
        #expect(try String(contentsOfFile: folder("other/sprites-000000.tar"), encoding: .utf8) == "mine")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder("other")) == ["sprites-000000.tar"])
    }

    @Test func aBuildCanBeStopped() throws {
        struct Stop: Error {}
        let folder = try TemporaryFolder()
        var sources = try sources(folder)
        sources.sets = [.noto]
        #expect(throws: Stop.self) { try SpriteDatasetBuilder(sources: sources).build(into: folder.url.appendingPathComponent("out")) { _ in throw Stop() } }
        #expect(!FileManager.default.fileExists(atPath: folder.url.appendingPathComponent("out/index.json").path))
    }
}
