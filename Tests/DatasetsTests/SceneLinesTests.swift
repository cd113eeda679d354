import Datasets
import Files
import Foundation
import Images
import TestSupport
import Testing
import TextTokenizers

@Suite struct SceneLinesTests {
    struct Header: Decodable, Equatable {
        var format: String
        var version: Int
        var side: Int
        var length: Int
        var vocab_size: Int
        var pad: Int32
        var end: Int32
        var sprites: Int
        var seed: UInt64
    }

    struct Line: Decodable {
        struct Object: Decodable {
            var sprite: Int
            var box: [Float]
        }

        var index: UInt64
        var background: [UInt8]
        var objects: [Object]
        var caption: String
        var plain_caption: String
        var ids: [Int32]
        var plain_ids: [Int32]
    }

    let folder: TemporaryFolder
    let file: String
    let textTokenizer: SentencePieceTokenizer

    init() throws {
        folder = try TemporaryFolder()
        try FileManager.default.createDirectory(atPath: folder("sprites"), withIntermediateDirectories: true)
        try SampleSprites.shard(SampleSprites.sprites()).write(to: folder.url.appendingPathComponent("sprites/a.tar"))
        file = try folder.write(
            "stage.json",
            """
            {"data": {"sprites": "\(folder("sprites"))", "seed": 12, "mixture": [
             {"weight": 0.5, "scenes": {"layout": {"position_jitter": 0.05}}}, {"weight": 0.5, "scenes": {"single": 0, "pair": 1, "several": 0}}]},
             "model": {"anything": true}, "vocabulary": "none"}
            """
        ).path
        let model = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Models/default/tokenizer.model")
        textTokenizer = try SentencePieceTokenizer(SentencePieceVocabulary(path: model.path), length: 32)
    }

    @Test func theHeader() throws {
        let lines = try SceneLines(file: file, side: 64, textTokenizer: textTokenizer)
        let header = try JSONDecoder().decode(Header.self, from: Data(lines.header.utf8))
        #expect(
            header
                == Header(
                    format: "flowtok-scenes", version: 1, side: 64, length: 32, vocab_size: textTokenizer.vocabulary.count,
                    pad: textTokenizer.vocabulary.padID ?? -1,
                    end: textTokenizer.vocabulary.endID ?? -1, sprites: SampleSprites.names.count, seed: 12))
        #expect(!lines.header.contains("\n"))
    }

    /// The lines are what training sees.
    @Test func samplesAreThoseOfTraining() throws {
        let lines = try SceneLines(file: file, side: 64, textTokenizer: textTokenizer)
        struct Stage: Decodable { var data: DataConfiguration }
        let source = try JSONFile.read(Stage.self, from: file).data.sources(side: 64).training
        let end = try #require(textTokenizer.vocabulary.endID)
        var counts: Set<Int> = []
        for index in (0..<60).map({ UInt64($0) }) + [1_000_000_007] {
            let text = try lines.line(index)
            #expect(!text.contains("\n"))
            let line = try JSONDecoder().decode(Line.self, from: Data(text.utf8))
            let sample = try source.sample(index)
            #expect(line.index == index && line.caption == sample.caption && line.plain_caption == sample.plainCaption)
            #expect(lines.picture(index) == sample.image)
            for (ids, caption) in [(line.ids, line.caption), (line.plain_ids, line.plain_caption)] {
                let encoded = try textTokenizer.encode(caption)
                #expect(Array(encoded.prefix(ids.count)) == ids && ids.last == end && ids.dropLast().allSatisfy { $0 != end })
                #expect(encoded.dropFirst(ids.count).allSatisfy { $0 == textTokenizer.vocabulary.padID })
            }
            counts.insert(line.objects.count)
            #expect(line.background.count == 3 && (1...4).contains(line.objects.count))
            #expect(line.objects.allSatisfy { SampleSprites.names.indices.contains($0.sprite) && $0.box.count == 4 && $0.box[2] > 0 && $0.box[3] > 0 })
            // The objects, drawn where the line says, are the picture.
            var image = Image(width: 64, height: 64, filled: Color(red: line.background[0], green: line.background[1], blue: line.background[2]))
            for object in line.objects {
                image.draw(
                    SampleSprites.sprites()[object.sprite].image, in: FloatRect(x: object.box[0], y: object.box[1], width: object.box[2], height: object.box[3])
                )
            }
            #expect(image == sample.image)
        }
        #expect(counts.count > 1)
    }

    @Test func whatHasNoScenes() throws {
        let images = try folder.write("images.json", #"{"data": {"images": "somewhere"}}"#).path
        let refused = refusal { try SceneLines(file: images, side: 64, textTokenizer: textTokenizer) }
        #expect(refused.category == .usage && refused.text.contains("data.images"))
        let none = try folder.write("none.json", #"{"data": {"sprites": "/nowhere"}}"#).path
        #expect(refusal { try SceneLines(file: none, side: 64, textTokenizer: textTokenizer) }.category == .missing)
        let empty = try folder.write("empty.json", "{}").path
        #expect(refusal { try SceneLines(file: empty, side: 64, textTokenizer: textTokenizer) }.text.contains("data is missing"))
        #expect(refusal { try SceneLines(file: folder("nothing.json"), side: 64, textTokenizer: textTokenizer) }.category == .missing)
    }
}
