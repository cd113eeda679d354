import Foundation
import Images
import Testing

/// Prompts that nobody meant to write.
@Suite struct PromptTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func t2i(_ arguments: String..., input: Data = Data()) throws -> Tool.Result {
        try Tool.run(["t2i"] + arguments, in: scratch, input: input)
    }

    @Test(arguments: ["", "   ", "\t\n", "\u{7}"]) func refusesAnEmptyPrompt(prompt: String) throws {
        expectFailure(try t2i(prompt), 64, "empty")
        #expect(try scratch.names().isEmpty)
    }

    @Test func refusesNoPrompt() throws {
        expectFailure(try t2i(), 64, "no prompt")
        expectFailure(try t2i("-"), 65, "standard input: no prompts")
        try scratch.write("\n \n", to: "blank.txt")
        expectFailure(try t2i("--prompt-file", "blank.txt"), 65, "blank.txt: no prompts")
        expectFailure(try t2i("--prompt-file", "none.txt"), 66, "none.txt: no such file")
        expectFailure(try t2i("--prompt-file", "."), 65, "folder")
    }

    @Test func cutsALongPromptAndSaysWhere() throws {
        let prompt = String(repeating: "a red fox on a hill ", count: 500)
        let result = try t2i(prompt, "-o", "fox.png")
        #expect(result.status == 0)
        #expect(result.errorLines.count == 1)
        let warning = try #require(result.errorLines.first)
        #expect(warning.hasPrefix("flowtok: warning: the prompt is too long"))
        let offset = try #require(warning.firstMatch(of: /cut at byte (\d+) of 9999, after "(.*)"/))
        let bytes = try #require(Int(offset.1))
        #expect(bytes > 5 && bytes < 100)
        #expect(prompt.prefix(bytes).contains(offset.2.drop { $0 == "…" }))
        // What is beyond the cut changes nothing.
        #expect(try t2i(String(prompt.prefix(bytes)), "-o", "short.png", "--seed", "1", "--no-metadata").status == 0)
        #expect(try t2i(prompt, "-o", "long.png", "--seed", "1", "--no-metadata").status == 0)
        #expect(try scratch.data("short.png") == scratch.data("long.png"))
    }

    @Test func namesTheFileOfALongPromptShortly() throws {
        #expect(try t2i(String(repeating: "red fox ", count: 60)).status == 0)
        let name = try #require(scratch.names().first)
        #expect(name.utf8.count < 100 && name.hasPrefix("red-fox-red-fox") && name.hasSuffix("-red.png"))
        // One word without a break, three bytes a letter.
        #expect(try t2i(String(repeating: "狐", count: 400)).status == 0)
        #expect(try scratch.names().allSatisfy { $0.utf8.count < 200 })
    }

    @Test(arguments: ["a/../../etc/passwd", "/etc", "..", "-rf", "a\\b", "CON:"])
    func fileNamesStayInTheFolder(prompt: String) throws {
        let result = try t2i("--", prompt)
        #expect(result.status == 0, "\(result.errors)")
        let names = try scratch.names()
        #expect(names.count == 1)
        #expect(names[0].allSatisfy { $0.isLetter || $0 == "-" || $0 == "." } && !names[0].hasPrefix("-") && !names[0].hasPrefix("."))
    }

    @Test func takesControlCharactersForSpaces() throws {
        #expect(try t2i("a\u{1B}[31m\tred\u{7} fox", "--seed", "1").status == 0)
        #expect(try scratch.names() == ["a-31m-red-fox.png"])
        let texts = try ImageMetadata(path: scratch.path("a-31m-red-fox.png")).texts
        #expect(texts.allSatisfy { !$0.text.contains("\u{1B}") })
        #expect(try t2i("-", "-o", "out", input: Data([0x61, 0, 0x62, 0x0A])).status == 0)
        #expect(try scratch.names("out") == ["0001-a-b.png"])
    }

    @Test func refusesBytesThatAreNoText() throws {
        let result = try t2i("-", input: Data([0x61, 0x0A, 0x62, 0xFF, 0x0A]))
        expectFailure(result, 65, "standard input, line 2: not valid UTF-8")
        try scratch.write(Data([0xC3, 0x28]), to: "bad.txt")
        expectFailure(try t2i("--prompt-file", "bad.txt"), 65, "bad.txt, line 1")
        #expect(try scratch.names() == ["bad.txt"])
    }

    @Test func refusesAnArgumentThatIsNoText() throws {
        // Foundation repairs strings on their way to a process, so a shell has to pass the bytes.
        let run = try scratch.apart()
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", "\"$0\" t2i \"$(printf 'caf\\351')\" 2>\"$1\"", Tool.path, (run / "errors").path]
        process.currentDirectoryURL = scratch.url
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 64)
        let errors = try String(contentsOf: run / "errors", encoding: .utf8)
        #expect(errors.hasPrefix("flowtok: argument 2 ") && errors.contains("not valid UTF-8"))
        #expect(try scratch.names().isEmpty)
    }

    @Test func refusesAnEndlessPrompt() throws {
        expectFailure(
            try t2i("-", input: Data(String(repeating: "fox ", count: 30_000).utf8)), 65, "expected at most 65536")
    }

    @Test(arguments: ["a 🦊 in the ❄️", "雪の中の赤い狐", "أحمر ثعلب", "👩‍👩‍👧‍👦", "ﬁx e\u{301}"])
    func keepsEveryScript(prompt: String) throws {
        #expect(try t2i(prompt, "-o", "picture.png", "--seed", "1").status == 0)
        let result = try Tool.run(["info", "picture.png", "--json"], in: scratch)
        let line = try #require(JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
        #expect(line["prompt"] as? String == prompt)
    }
}
