import Foundation
import Images
import Testing

/// `flowtok dataset` and `flowtok scenes` as their users call them; what they make is tested in DatasetsTests.
@Suite struct DatasetTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    @Test func missingPicturesNameTheScript() throws {
        expectFailure(
            try Tool.run(["dataset", "--only", "noto", "--emoji-list", try emojiList(), "--cldr", try cldr(), "--wordnet", try wordNet()], in: scratch), 66,
            "Data/pictures/noto/index.json: not found; Scripts/extract-pictures makes it")
        #expect(!scratch.has("Data/sprites/index.json"))
    }

    @Test func wrongUsage() throws {
        expectFailure(try Tool.run(["dataset", "--size", "8"], in: scratch), 64, "--size is 8, expected 16 to 1024")
        expectFailure(try Tool.run(["dataset", "--only", "noto,ascii"], in: scratch), 64, "--only has \"ascii\", expected some of noto, twemoji")
        expectFailure(try Tool.run(["dataset", "--only", ""], in: scratch), 64, "--only has \"\"")
    }

    @Test func buildsWhatIsAskedFor() throws {
        try scratch.makeFolder("pictures/noto")
        let square = RGBAImage(width: 24, height: 24, pixels: (0..<576).flatMap { _ in [240, 130, 20, 255] as [UInt8] })
        try scratch.write(Data(square.encodedPNG()), to: "pictures/noto/1f98a.png")
        try scratch.write(
            #"{"source": "noto", "package": "fonts-noto-color-emoji", "version": "1", "license": "Apache-2.0", "attribution": "Noto", "pictures": [{"file": "1f98a.png"}, {"file": "x.png"}]}"#,
            to: "pictures/noto/index.json")
        let result = try Tool.run(
            [
                "dataset", "--only", "noto", "--pictures", "pictures", "-o", "sprites", "--emoji-list", try emojiList(), "--cldr", try cldr(), "--wordnet",
                try wordNet(),
            ],
            in: scratch)
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.lines.first == "emoji: 1 sprites of 2 files of fonts-noto-color-emoji, Apache-2.0")
        let index = try scratch.text("sprites/index.json")
        #expect(index.contains("fonts-noto-color-emoji/x.png") && index.contains("\"attribution\" : \"Noto\""))
        #expect(scratch.has("sprites/sprites-000000.tar"))
    }

    // MARK: Scenes

    /// A data set of one emoji, and a configuration that names it.
    private func stage() throws -> (file: String, vocabulary: String) {
        try buildsWhatIsAskedFor()
        try scratch.write(#"{"data": {"sprites": "sprites", "seed": 3, "mixture": [{"scenes": {"pair": 0, "styles": {"emoji": 1}}}]}}"#, to: "stage.json")
        return ("stage.json", (ScriptTests.root / "Models/default/tokenizer.model").path)
    }

    @Test func scenesGoToAFileOrStandardOutput() throws {
        let (file, vocabulary) = try stage()
        let arguments = ["scenes", file, "--vocabulary", vocabulary, "--side", "32", "--length", "16"]
        let result = try Tool.run(arguments + ["--first", "5", "--count", "70", "--pictures", "drawn", "-o", "scenes.jsonl"], in: scratch)
        #expect(result.status == 0 && result.output.isEmpty, "\(result.errors)")
        let lines = try scratch.text("scenes.jsonl").split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        #expect(lines.count == 72 && lines.last == "" && lines[0].contains("\"format\":\"flowtok-scenes\""))
        #expect(lines[1].contains("\"index\":5,") && lines[70].contains("\"index\":74,"))
        #expect(try scratch.names("drawn").count == 70)
        #expect(try Image(path: scratch.path("drawn/74.png")).width == 32)
        // The same lines, whatever else is asked for and on however many threads.
        let printed = try Tool.run(arguments + ["--first", "5", "--count", "70", "--threads", "1", "-o", "-"], in: scratch)
        #expect(printed.output == (try scratch.text("scenes.jsonl")))
        let none = try Tool.run(arguments + ["--count", "0", "-o", "-"], in: scratch)
        #expect(none.lines.count == 1)
    }

    @Test func scenesAreRefused() throws {
        let (file, vocabulary) = try stage()
        try scratch.write(#"{"data": {"images": "pictures"}}"#, to: "images.json")
        expectFailure(
            try Tool.run(["scenes", "images.json", "--count", "1", "--vocabulary", vocabulary, "-o", "x"], in: scratch), 64,
            "images.json: data.images has no scenes")
        expectFailure(try Tool.run(["scenes", file, "--count", "1", "--vocabulary", "none.model", "-o", "x"], in: scratch), 66, "none.model")
        expectFailure(try Tool.run(["scenes", file, "--count", "-1", "--vocabulary", vocabulary, "-o", "x"], in: scratch), 64, "--count is -1")
        expectFailure(try Tool.run(["scenes", file, "--first", "-1", "--count", "1", "--vocabulary", vocabulary, "-o", "x"], in: scratch), 64, "--first is -1")
        expectFailure(try Tool.run(["scenes", file, "--count", "1", "--vocabulary", vocabulary, "-o", "none/x"], in: scratch), 66, "none")
        #expect(!scratch.has("x"))
    }

    @Test func anInterruptLeavesNoHalfFile() throws {
        let (file, vocabulary) = try stage()
        let (process, _, errors) = try Tool.start(
            ["scenes", file, "--count", "100000000", "--vocabulary", vocabulary, "-o", "scenes.jsonl"], in: scratch)
        // The unfinished file appears when signals are listened to.
        for _ in 0..<600 where try !scratch.names().contains(where: { $0.hasPrefix(".flowtok") }) { Thread.sleep(forTimeInterval: 0.05) }
        process.interrupt()
        process.waitUntilExit()
        #expect(process.terminationReason == .exit && process.terminationStatus == 130)
        #expect(try String(contentsOf: errors, encoding: .utf8).contains("of 100000000 scenes; scenes.jsonl is not written"))
        #expect(try !scratch.names().contains { $0.hasPrefix("scenes") || $0.hasPrefix(".flowtok") })
    }

    // MARK: Miniatures of packages

    private func emojiList() throws -> String {
        try scratch.write("# group: Animals & Nature\n# subgroup: animal-mammal\n1F98A ; fully-qualified # 🦊 E3.0 fox\n", to: "emoji-test.txt")
        return "emoji-test.txt"
    }

    private func cldr() throws -> String {
        for (folder, emoji, name) in [("annotations", "🦊", "fox"), ("annotationsDerived", "🇯🇵", "flag: Japan")] {
            try scratch.makeFolder("cldr/\(folder)")
            try scratch.write(
                "<ldml><annotations><annotation cp=\"\(emoji)\" type=\"tts\">\(name)</annotation></annotations></ldml>", to: "cldr/\(folder)/en.xml")
        }
        return "cldr"
    }

    private func wordNet() throws -> String {
        try scratch.makeFolder("wordnet")
        try scratch.write("00000000 05 n 01 fox 0 000 | alert carnivorous mammal\n", to: "wordnet/data.noun")
        try scratch.write("fox n 1 0 1 0 00000000\n", to: "wordnet/index.noun")
        for name in ["index.verb", "index.adj", "index.adv"] { try scratch.write("run v 1\n", to: "wordnet/\(name)") }
        return "wordnet"
    }
}
