import Datasets
import Files
import Foundation
import Images
import TestSupport
import Testing

/// A user's own pictures, as people have them.
@Suite struct CaptionedDatasetTests {
    let folder: TemporaryFolder
    private let picture: Data

    init() throws {
        folder = try TemporaryFolder()
        picture = Data(try Image(width: 3, height: 2, filled: .black).encodedPNG())
    }

    private func open(_ name: String = "") throws -> CaptionedDataset {
        try CaptionedDataset(folder: name.isEmpty ? folder.url : folder.url.appendingPathComponent(name))
    }

    private func check(skippingBad: Bool = false) throws -> CheckedDataset {
        try CheckedDataset(open(), skippingBad: skippingBad)
    }

    /// Names and captions, in order.
    private func contents(_ dataset: CaptionedDataset) -> [String] {
        (0..<dataset.count).map { "\(dataset.name($0)): \(dataset.caption($0))" }
    }

    @Test func picturesWithTextsBesideThem() throws {
        try folder.write("b.png", picture)
        try folder.write("b.txt", " a\nblack   box \n")
        try folder.write("deep/er/a.v2.png", picture)
        try folder.write("deep/er/a.v2.txt", "another")
        try folder.write("c.png", picture)
        try folder.write("c.png.txt", "appended")
        try folder.write("d.png", picture)
        try folder.write("d.caption", "of Kohya's tools")
        try folder.write("e.png", picture)
        try folder.write("e.json", "{\"caption\": \"of img2dataset\", \"width\": 3}")
        try folder.write("d.json", "{\"caption\": \"not this one\"}")
        try folder.write("settings.json", "{\"caption\": \"no picture's\"}")
        try folder.write("notes.md", "not part of it")
        try folder.write(".hidden.png", picture)
        let dataset = try open()
        #expect(
            contents(dataset) == ["b.png: a black box", "c.png: appended", "d.png: of Kohya's tools", "deep/er/a.v2.png: another", "e.png: of img2dataset"])
        #expect(dataset.leftOut.isEmpty)
        #expect(try dataset.sample(0).image == Image(width: 3, height: 2, filled: .black))
        let fewer = try CaptionedDataset(folder: folder.url, skipping: ["b", "c.png", "c.png.txt"])
        #expect(fewer.count == 3)
    }

    @Test func textsOfEveryEncoding() throws {
        let texts: [(Data, String)] = [
            (Data("\u{feff}a red fox\r\n".utf8), "a red fox"), (Data("first\r\nsecond\rthird\u{2028}end".utf8), "first second third end"),
            (Data([0xff, 0xfe, 0x61, 0, 0x62, 0]), "ab"), (Data([0xfe, 0xff, 0, 0x61, 0x04, 0x3b]), "aл"),
        ]
        for (index, (text, _)) in texts.enumerated() {
            try folder.write("\(index).png", picture)
            try folder.write("\(index).txt", text)
        }
        let dataset = try open()
        #expect((0..<dataset.count).map(dataset.caption) == texts.map(\.1))
    }

    @Test func straysAreListedAndStopNothing() throws {
        try folder.write("a.png", picture)
        try folder.write("a.txt", "fine")
        try folder.write("README.txt", "about these pictures")
        try folder.write("bare.png", picture)
        try folder.write("empty.png", picture)
        try folder.write("empty.txt", "  \n ")
        try folder.write("moving.gif", "GIF89a")
        try folder.write("backup.zip", "PK")
        try FileManager.default.createSymbolicLink(atPath: folder("gone.png"), withDestinationPath: "/nowhere.png")
        let checked = try check()
        #expect(contents(checked.dataset) == ["a.png: fine"])
        #expect(
            checked.dataset.leftOut.map { "\($0.name): \($0.reason)" } == [
                "README.txt: a text without a picture", "backup.zip: an archive of a kind that is not read (expected .tar or .tar.gz)",
                "bare.png: a picture without a caption", "empty.png: a picture with an empty caption", "gone.png: a link to nothing",
                "moving.gif: a picture in a format that is not read (expected PNG, JPEG or WebP)",
            ])
        #expect(checked.report.count == 8)
        #expect(checked.report[0] == "data: \(folder.path): 1 picture with captions; left out 6")
        #expect(checked.report.contains("data: left out: 1 × a picture without a caption: bare.png"))
        #expect(checked.report.last == "data: a.png, 3×2: \"fine\"")
    }

    @Test func linksAreFollowedAndNeverInCircles() throws {
        let elsewhere = try TemporaryFolder()
        try elsewhere.write("x/a.png", picture)
        try elsewhere.write("x/a.txt", "linked folder")
        try elsewhere.write("b.png", picture)
        try elsewhere.write("b.txt", "linked files")
        let files = FileManager.default
        try files.createSymbolicLink(atPath: folder("linked"), withDestinationPath: elsewhere("x"))
        for name in ["b.png", "b.txt"] { try files.createSymbolicLink(atPath: folder(name), withDestinationPath: elsewhere(name)) }
        try files.createSymbolicLink(atPath: folder("round"), withDestinationPath: folder.path)
        try files.createSymbolicLink(atPath: folder("linked/again"), withDestinationPath: elsewhere("x"))
        #expect(contents(try open()) == ["b.png: linked files", "linked/a.png: linked folder"])
        // The data set itself may be a link.
        try files.createSymbolicLink(atPath: elsewhere("all"), withDestinationPath: folder.path)
        #expect(try CaptionedDataset(folder: elsewhere.url.appendingPathComponent("all")).count == 2)
    }

    @Test func tablesOfCaptions() throws {
        for name in ["0.png", "sub/1.png", "2.png", "3.png", "4.png"] { try folder.write(name, picture) }
        try folder.write("4.txt", "of a file")
        try folder.write(
            "metadata.jsonl",
            """
            \u{feff}{"file_name": "0.png", "text": "a red\\nfox"}\r
            {"file_name": "sub/1.png", "caption": "a blue house"}\r

            {"file_name": "./2.png", "prompt": ["the first", "the second"]}
            {"file_name": "3.png", "label": 7}
            {"file_name": "gone.png", "text": "nothing"}
            """)
        let dataset = try open()
        #expect(contents(dataset) == ["0.png: a red fox", "2.png: the first", "4.png: of a file", "sub/1.png: a blue house"])
        #expect(
            dataset.leftOut.map { "\($0.name): \($0.reason)" } == [
                "3.png: a picture without a caption", "metadata.jsonl:6: a line about a picture that is not there",
            ])
    }

    @Test func linesOfATableThatAreNone() throws {
        try folder.write("0.png", picture)
        try folder.write(
            "metadata.jsonl",
            "{\"file_name\": \"0.png\", \"text\": \"fine\"}\nnot json\n{\"text\": \"no name\"}\n{\"file_name\": \"../0.png\", \"text\": \"x\"}\n")
        let refused = refusal { try check() }
        #expect(refused.category == .data && refused.text.contains("3 of 4 are damaged"), "\(refused.text)")
        #expect(refused.text.contains("metadata.jsonl:2 (no JSON object)") && refused.text.contains("\"skip_bad\": true"), "\(refused.text)")
        #expect(contents(try check(skippingBad: true).dataset) == ["0.png: fine"])
    }

    @Test func commaSeparatedValues() throws {
        for name in ["0.png", "1.png", "2.png"] { try folder.write(name, picture) }
        try folder.write("metadata.csv", "id,file_name,text\r\n1,0.png,a fox\r\n2,1.png,\"a \"\"red\"\" fox, on\na hill\"\r\n3,2.png,\r\n")
        #expect(contents(try open()) == ["0.png: a fox", "1.png: a \"red\" fox, on a hill"])
    }

    private func shard(_ files: [(String, Data)]) throws -> Data {
        var writer = TarWriter()
        for (name, data) in files { try writer.append(name, data) }
        return writer.finished()
    }

    private func text(_ text: String) -> Data { Data(text.utf8) }

    @Test func shards() throws {
        try folder.write(
            "0.tar",
            shard([
                ("one.png", picture), ("one.txt", text("first")), ("two.json", text(#"{"caption": "second", "other": 3}"#)), ("two.png", picture),
                ("sound.wav", text("x")), ("three.png", picture), ("four.txt", text("alone")), ("five.png", picture), ("five.json", text("{}")),
            ]))
        try folder.write("deep/1.tar", shard([("six.png", picture), ("six.txt", text("sixth"))]))
        // What img2dataset leaves beside its shards.
        try folder.write("00000_stats.json", "{}")
        try folder.write("00000.parquet", "PAR1")
        let dataset = try open()
        #expect(contents(dataset) == ["0.tar/one: first", "0.tar/two: second", "deep/1.tar/six: sixth"])
        #expect(try dataset.sample(0).image.width == 3 && dataset.sample(2).caption == "sixth")
        #expect(
            dataset.leftOut.map { "\($0.name): \($0.reason)" } == [
                "0.tar/five: a sample without words in its .txt or .json (\"caption\" or \"text\")", "0.tar/four: a text without a picture",
                "0.tar/three: a picture without a caption",
            ])
    }

    @Test(arguments: ["0.tar.gz", "0.tgz", "0.tar"]) func packedShards(name: String) throws {
        let packed = try GzipWriter.pack(shard([("one.png", picture), ("one.txt", text("first"))]))
        try folder.write(name, packed)
        #expect(contents(try open()) == ["\(name)/one: first"])
        #expect(try open().sample(0).image.width == 3)
    }

    @Test func shardsAndPicturesTogether() throws {
        try folder.write("a.png", picture)
        try folder.write("a.txt", "a file")
        try folder.write("old-backup.tar", shard([("00000.png", picture), ("00000.txt", text("packed"))]))
        try folder.write("other.tar", shard([("readme", text("x"))]))
        let checked = try check()
        #expect(contents(checked.dataset) == ["a.png: a file", "old-backup.tar/00000: packed"])
        #expect(checked.report[0].contains("2 pictures with captions, 1 as files and 1 in 1 shard: all are used"))
        #expect(checked.dataset.leftOut.map(\.reason) == ["a shard without pictures with captions"])
    }

    @Test func damagedOnesAreFoundBeforeTheFirstStep() throws {
        for index in 0..<20 {
            try folder.write("\(index).png", picture)
            try folder.write("\(index).txt", "number \(index)")
        }
        try folder.write("7.png", picture.prefix(40))
        try folder.write("8.png", "not a picture")
        try folder.write("9.txt", Data([0xff, 0x41, 0x80]))
        try folder.write("bad.tar", "no archive")
        try folder.write("bad.tar.gz", Data([0x1f, 0x8b, 1, 2]))
        let refused = refusal { try check() }
        #expect(refused.category == .data)
        for part in [
            "5 of 22 are damaged", "2 × a picture that cannot be read: 7.png", "8.png", "a caption that is no text in UTF-8: 9.txt",
            "2 × a shard that cannot be read: bad.tar", "\"skip_bad\": true",
        ] {
            #expect(refused.text.contains(part), "\(part) in \(refused.text)")
        }
        let checked = try check(skippingBad: true)
        #expect(checked.dataset.count == 17)
        #expect(checked.dataset.leftOut.count { $0.isBad } == 5)
        #expect(checked.report.contains { $0.contains("2 × a picture that cannot be read") })
    }

    @Test func emptyFoldersSayWhatIsThere() throws {
        #expect(refusal { try open("none") }.category == .missing)
        #expect(refusal { try open() }.text.contains("holds no pictures with captions"))
        try folder.write("a.png", picture)
        #expect(refusal { try open() }.text.contains("1 × a picture without a caption: a.png"))
        try folder.write("a.txt", "fine")
        try folder.write("a.png", "broken")
        #expect(refusal { try check(skippingBad: true) }.text.contains("1 × a picture that cannot be read: a.png"))
        try folder.write("file", "x")
        #expect(refusal { try open("file") }.category == .missing)
    }

    @Test func whatWasFoundGoodIsNotDecodedAgain() throws {
        for index in 0..<8 {
            try folder.write("\(index).png", picture)
            try folder.write("\(index).txt", "number \(index)")
        }
        // A whole second: what is set later keeps no finer one exactly.
        let date = Date(timeIntervalSince1970: 1_700_000_000)
        try FileManager.default.setAttributes([.modificationDate: date], ofItemAtPath: folder("6.png"))
        let first = try check()
        // As large and as old as before: taken for the same.
        try folder.write("6.png", Data(count: picture.count))
        try FileManager.default.setAttributes([.modificationDate: date], ofItemAtPath: folder("6.png"))
        #expect(try CheckedDataset(open(), skippingBad: false, known: first.record).dataset.count == 8)
        #expect(refusal { try check() }.text.contains("6.png"))
    }

    @Test func changesAreTold() throws {
        for index in 0..<6 {
            try folder.write("\(index).png", picture)
            try folder.write("\(index).txt", "number \(index)")
        }
        let before = try check().record
        #expect(try check().record.changes(since: before).isEmpty)
        for index in 0..<2 { try FileManager.default.removeItem(atPath: folder("\(index).png")) }
        try folder.write("3.txt", "another")
        try folder.write("4.png", Data(try Image(width: 9, height: 9, filled: .white).encodedPNG()))
        try folder.write("new.png", picture)
        try folder.write("new.txt", "new")
        let changes = try check().record.changes(since: before)
        #expect(changes.count == 5)
        for part in [
            "2 of 6 pictures are gone (0.png, 1.png)", "1 picture new (new.png)", "1 of 6 captions have changed (3.png)",
            "1 of 6 pictures have changed (4.png)", "not to the same bits",
        ] {
            #expect(changes.contains { $0.contains(part) }, "\(part) in \(changes)")
        }
    }
}
