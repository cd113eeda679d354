import FlowTok
import Foundation
import Images
import Testing

/// Files of prompts, prompts as people write them, and pictures that are drawn again.
@Suite struct PromptFileTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func t2i(_ arguments: String..., input: String = "") throws -> Tool.Result {
        try Tool.run(["t2i"] + arguments, in: scratch, input: Data(input.utf8))
    }

    private func record(_ name: String) throws -> GenerationMetadata {
        try #require(GenerationMetadata(texts: ImageMetadata(path: scratch.path(name)).texts))
    }

    @Test func commentsArePassedOver() throws {
        try scratch.write("\u{FEFF}# all of them\r\na red cat\r\n\r\n  # not this\r\na blue fox #2\r\n", to: "list.txt")
        #expect(try t2i("--prompt-file", "list.txt", "-o", "out").status == 0)
        #expect(try scratch.names("out") == ["0001-a-red-cat.png", "0002-a-blue-fox-2.png"])
        #expect(try t2i("-", "-o", "in", input: "# one\n# two\na cat\n").status == 0)
        #expect(try scratch.names("in") == ["0001-a-cat.png"])
        expectFailure(try t2i("-", input: "# nothing\n"), 65, "no prompts")
    }

    @Test(arguments: ["list.jsonl", "list.txt"]) func linesOfJSONBringTheirSettings(name: String) throws {
        try scratch.write(
            """
            # settings of each
            {"prompt": "a red cat", "seed": 5, "steps": 2, "guidance": 3, "output": "deep/cat.png"}
            {"prompt": "a blue fox", "seed": null}
            {"prompt": "a tree", "seed": -1, "guidance": 1.5}
            {"prompt": "a boat", "output": "deep/cat.png"}

            """, to: name)
        let result = try t2i("--prompt-file", name, "--seed", "40", "--steps", "1", "-o", "out")
        #expect(result.status == 0 && result.errors.isEmpty, "\(result.errors)")
        #expect(try scratch.names("out") == ["0002-a-blue-fox.png", "0003-a-tree.png", "deep"])
        #expect(try scratch.names("out/deep") == ["cat-2.png", "cat.png"])
        let cat = try record("out/deep/cat.png")
        #expect(cat.prompt == "a red cat" && cat.seed == 5 && cat.settings.steps == 2 && cat.settings.guidance == 3)
        let fox = try record("out/0002-a-blue-fox.png")
        #expect(fox.seed == 41 && fox.settings.steps == 1)
        #expect(try record("out/0003-a-tree.png").settings.guidance == 1.5)
    }

    @Test func severalPicturesOfALineCountFromItsSeed() throws {
        let result = try t2i(
            "-", "--count", "2", input: "{\"prompt\": \"a cat\", \"seed\": 9, \"output\": \"cat.png\"}\n{\"prompt\": \"a dog\"}\n")
        #expect(result.status == 0, "\(result.errors)")
        #expect(try scratch.names() == ["0003-a-dog.png", "0004-a-dog.png", "cat-2.png", "cat.png"])
        #expect(try record("cat.png").seed == 9 && record("cat-2.png").seed == 10)
    }

    @Test(arguments: [
        ("{\"prompt\": \"a\", \"steps\": \"many\"}", "\"steps\" cannot be used"), ("{\"prompt\": \"a\", \"steps\": 0}", "1 to 10000"),
        ("{\"prompt\": \"a\", \"seed\": 1.5}", "\"seed\""), ("{\"prompt\": \"a\", \"seed\": -2}", "\"seed\""),
        ("{\"prompt\": \"a\", \"guidance\": 1e9}", "\"guidance\""), ("{\"prompt\": \"a\", \"output\": 3}", "\"output\""),
        ("{\"prompt\": \"\"}", "\"prompt\" is no text"), ("{\"promt\": \"a\"}", "\"prompt\" is missing"), ("[1]", "no JSON object"),
        ("a cat", "no JSON object"), ("{\"prompt\": \"a\"", "no JSON object"),
    ]) func refusesLinesThatCannotBe(line: String, message: String) throws {
        try scratch.write("{\"prompt\": \"a cat\"}\n" + line + "\n", to: "list.jsonl")
        let result = try t2i("--prompt-file", "list.jsonl")
        expectFailure(result, 65, "list.jsonl, line 2: ")
        #expect(result.errors.contains(message), "\(result.errors)")
        #expect(try scratch.names() == ["list.jsonl"])
    }

    @Test func keysThatMeanNothingAreReported() throws {
        let result = try t2i("-", input: "{\"prompt\": \"a cat\", \"step\": 3, \"seconds\": 1}\n")
        #expect(result.status == 0 && result.errorLines.count == 1)
        #expect(result.errors.contains("line 1: \"step\" passed over"))
    }

    @Test func flowtoksOwnLinesAreReadBack() throws {
        try scratch.write(try t2i("a cat", "a dog", "--json", "--seed", "3", "-o", "out").output, to: "drawn.jsonl")
        let again = try t2i("--prompt-file", "drawn.jsonl", "-o", "again")
        #expect(again.status == 0 && again.errors.isEmpty, "\(again.errors)")
        for name in ["0001-a-cat.png", "0002-a-dog.png"] {
            #expect(try scratch.data("out/" + name) == scratch.data("again/" + name))
        }
    }

    // MARK: - What a prompt says

    @Test(arguments: ["A Red Fox", "(a red fox)", "a red fox!", "a red fox...", "[a] {red}, fox?", "«a red fox»", "a\tred   fox;", "\"a red fox\""])
    func theSameWordsGiveTheSamePicture(prompt: String) throws {
        #expect(try t2i("a red fox", "--seed", "1", "-o", "plain.png").status == 0)
        let result = try t2i(prompt, "--seed", "1", "-o", "other.png")
        #expect(result.status == 0 && result.errors.isEmpty, "\(result.errors)")
        #expect(try Image(path: scratch.path("plain.png")) == Image(path: scratch.path("other.png")))
        #expect(try record("other.png").prompt == prompt.replacingOccurrences(of: "\t", with: " "))
    }

    @Test func anEmojiStandsForItsName() throws {
        for (prompt, name) in [("🦊", "fox.png"), ("a red 🦊!", "red.png"), ("fox", "word.png"), ("a red fox", "words.png")] {
            #expect(try t2i(prompt, "--seed", "1", "-o", name).status == 0)
        }
        #expect(try Image(path: scratch.path("fox.png")) == Image(path: scratch.path("word.png")))
        #expect(try Image(path: scratch.path("red.png")) == Image(path: scratch.path("words.png")))
    }

    @Test func wordsThatTheModelHasNeverSeenAreReported() throws {
        let result = try t2i("a red лиса and 狐", "-o", "x.png")
        #expect(result.status == 0)
        // Spelt in bytes, they are too long for the tiny model as well.
        let warning = try #require(result.errorLines.first)
        #expect(warning.contains("the prompt has words that the model has never seen") && warning.hasSuffix("\"лиса\", \"狐\""), "\(result.errors)")
        #expect(try t2i("a red fox", "-o", "x.png").errors.isEmpty)
    }

    // MARK: - Drawing again

    @Test func aPictureIsDrawnAgain() throws {
        #expect(
            try t2i(
                "a red cat", "--seed", "11", "--steps", "3", "--guidance", "4", "--guidance-interval", "0.1,0.8", "--solver", "heun", "--rng", "torch",
                "-o", "first.png"
            ).status == 0)
        let again = try t2i("--from", "first.png")
        #expect(again.status == 0 && again.errors.isEmpty, "\(again.errors)")
        #expect(try scratch.data("a-red-cat.png") == scratch.data("first.png"))
        // What is given takes the place of what is recorded.
        #expect(try t2i("--from", "first.png", "--seed", "12", "--steps", "2", "-o", "other.png").status == 0)
        let other = try record("other.png")
        #expect(other.seed == 12 && other.settings.steps == 2 && other.settings.guidance == 4 && other.prompt == "a red cat")
        #expect(try t2i("a dog", "--from", "first.png", "-o", "dog.png").status == 0)
        #expect(try record("dog.png").prompt == "a dog" && record("dog.png").seed == 11)
        #expect(try Tool.shell("cat first.png | \"$FT\" t2i --from - -o - > piped.png", in: scratch).status == 0)
        #expect(try scratch.data("piped.png") == scratch.data("first.png"))
    }

    @Test func aGridIsDrawnAgain() throws {
        #expect(try t2i("a cat", "a dog", "--count", "3", "--grid", "--seed", "4", "-o", "grid.png").status == 0)
        #expect(try t2i("--from", "grid.png", "-o", "again.png").status == 0)
        #expect(try scratch.data("again.png") == scratch.data("grid.png"))
    }

    @Test func settingsOfOtherProgramsAreTaken() throws {
        let text = "a red fox\nNegative prompt: blurry\nSteps: 3, Sampler: DPM++ 2M, CFG scale: 2.5, Seed: 77, Size: 512x512, Model: other"
        try Image(width: 8, height: 8, filled: .white).write(
            to: scratch.path("foreign.png"), text: [ImageText(keyword: "parameters", text: text)])
        let result = try t2i("--from", "foreign.png")
        #expect(result.status == 0 && result.errors.contains("drawn by \"other\""), "\(result.errors)")
        let drawn = try record("a-red-fox.png")
        #expect(drawn.seed == 77 && drawn.settings.steps == 3 && drawn.settings.guidance == 2.5)
        try Image(width: 8, height: 8, filled: .white).write(to: scratch.path("plain.png"))
        expectFailure(try t2i("--from", "plain.png"), 65, "says nothing of how it was drawn")
        expectFailure(try t2i("--from", "none.png"), 66, "none.png")
    }

    @Test func listsAndOtherEncodings() throws {
        let utf16 = "a red fox\r\na cat\r\n".utf16
        try scratch.write(Data([0xFF, 0xFE] + utf16.flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] }), to: "little.txt")
        try scratch.write(Data([0xFE, 0xFF] + utf16.flatMap { [UInt8($0 >> 8), UInt8($0 & 255)] }), to: "big.txt")
        try scratch.write("[\"a red fox\",\n {\"prompt\": \"a cat\"}]", to: "list.json")
        for name in ["little.txt", "big.txt", "list.json"] {
            let result = try Tool.run(["t2i", "--prompt-file", name, "--steps", "1", "--json", "-o", "out"], in: scratch)
            #expect(result.status == 0 && result.lines.count == 2, "\(result.errors)")
            #expect(result.lines.first?.contains("\"a red fox\"") == true && result.lines.last?.contains("\"a cat\"") == true)
        }
        try scratch.write("{\n\"prompt\": \"a boat\",\n\"seed\": 3\n}\n", to: "one.json")
        let one = try Tool.run(["t2i", "--prompt-file", "one.json", "--steps", "1"], in: scratch)
        #expect(one.output.hasPrefix("a-boat.png: seed 3"), "\(one.errors)")
        for (name, text, message) in [
            ("empty.json", "[]", "no prompts"), ("number.json", "[\"a\", 5]", "prompt 2: neither a text nor an object"),
            ("blank.json", "[\" \"]", "empty, expected some words"), ("table.csv", "prompt,seed\na cat,3\n", "a table"),
        ] {
            try scratch.write(text, to: name)
            expectFailure(try Tool.run(["t2i", "--prompt-file", name], in: scratch), 65, message)
        }
    }
}
