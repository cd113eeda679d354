import Datasets
import Files
import Foundation
import Images
import TestSupport
import Testing

/// The classes of pictures, from folders, JSON and tables, and those of sprites.
@Suite struct ClassTests {
    let folder: TemporaryFolder
    private let picture: Data

    init() throws {
        folder = try TemporaryFolder()
        picture = Data(try Image(width: 8, height: 8, filled: .black).encodedPNG())
    }

    private func classified(_ classes: [String]? = nil) throws -> DataConfiguration.Classified {
        try DataConfiguration(images: folder.path).classified(side: 8, classes: classes)
    }

    @Test("A class is that of the JSON, of the table, or the innermost folder's name")
    func sources() throws {
        for name in ["train/fox/1.png", "train/cat/2.png", "a.png", "b.png", "c.png", "cat/d.png"] { try folder.write(name, picture) }
        try folder.write("train/fox/1.txt", "a red fox")
        try folder.write("a.json", "{\"class\": \"owl\", \"caption\": \"at night\"}")
        try folder.write("cat/d.json", "{\"class\": 7}")
        try folder.write("metadata.jsonl", "{\"file_name\": \"b.png\", \"class\": \"owl\", \"text\": \"by day\"}\n")
        let dataset = try CaptionedDataset(folder: folder.url, needsCaptions: false)
        let found = Dictionary(uniqueKeysWithValues: (0..<dataset.count).map { (dataset.name($0), dataset.label($0) ?? "none") })
        #expect(
            found == [
                "a.png": "owl", "b.png": "owl", "c.png": "none", "cat/d.png": "7", "train/cat/2.png": "cat", "train/fox/1.png": "fox",
            ])
        #expect((0..<dataset.count).map(dataset.caption) == ["at night", "by day", "", "", "", "a red fox"])
        #expect(try CaptionedDataset(folder: folder.url).count == 3)
        #expect(try classified().classes == ["7", "cat", "fox", "owl"])
    }

    @Test("Samples are of the classes that are asked for, numbered in their order")
    func chosen() throws {
        for index in 0..<4 { for name in ["fox", "cat", "owl"] { try folder.write("\(name)/\(index).png", picture) } }
        let data = try classified(["owl", "fox"])
        #expect(data.classes == ["owl", "fox"] && data.data?.dataset.count == 8)
        let labels = (0..<8).map { data.label(UInt64($0)) }
        #expect(labels.count { $0 == 0 } == 4 && labels.count { $0 == 1 } == 4)
        for index in 0..<8 { #expect(data.source.label(UInt64(index)) == data.classes[labels[index]]) }
    }

    @Test("Samples of shards name their class in JSON, or lie in its folder")
    func shards() throws {
        var writer = TarWriter()
        for (name, content) in [
            ("0.png", picture), ("0.json", Data("{\"class\": \"fox\", \"caption\": \"x\"}".utf8)), ("cat/1.png", picture),
            ("2.png", picture), ("2.cls", Data("3".utf8)),
        ] { try writer.append(name, content) }
        try folder.write("a.tar", writer.finished())
        let dataset = try CaptionedDataset(folder: folder.url, needsCaptions: false)
        #expect((0..<dataset.count).map(dataset.label) == ["fox", nil, "cat"])
    }

    @Test("Missing classes are told with those that there are")
    func missing() throws {
        try folder.write("fox/1.png", picture)
        let absent = refusal { try classified(["cat"]) }
        #expect(absent.text.contains("no picture is of the class \"cat\"; there are \"fox\"") && absent.category == .data, "\(absent.text)")
    }

    @Test("A scene's class is that of the sprite that its caption names first")
    func scenes() throws {
        var sprites = SampleSprites.sprites()
        for index in sprites.indices { sprites[index].description.hypernyms = index % 3 == 0 ? [] : [index % 3 == 1 ? "thing" : "animal"] }
        try SampleSprites.shard(sprites).write(to: folder.url.appendingPathComponent("0.tar"))
        let data = try DataConfiguration(sprites: folder.path).classified(side: 16, classes: nil)
        #expect(data.classes == ["animal", "thing"])
        for index in UInt64(0)..<20 { #expect(data.classes[data.label(index)] == data.source.label(index)) }
    }
}
