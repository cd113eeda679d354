import Foundation
import Images
import Testing

@Suite struct InfoTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    @Test func readsBackWhatWasDrawn() throws {
        let drawn = try Tool.run(
            ["t2i", "赤い狐, in snow", "--seed", "18446744073709551615", "--guidance-interval", "0.25,0.75", "--steps", "3", "-o", "fox.png", "--json"],
            in: scratch)
        #expect(drawn.status == 0, "\(drawn.errors)")
        let read = try Tool.run(["info", "fox.png", "--json"], in: scratch)
        #expect(read.status == 0)
        let before = try #require(JSONSerialization.jsonObject(with: Data(drawn.output.utf8)) as? [String: Any])
        let after = try #require(JSONSerialization.jsonObject(with: Data(read.output.utf8)) as? [String: Any])
        for key in ["file", "prompt", "model"] { #expect(before[key] as? String == after[key] as? String, "\(key)") }
        #expect(after["prompt"] as? String == "赤い狐, in snow")
        #expect(after["seed"] as? UInt64 == .max && before["seed"] as? UInt64 == .max)
        #expect(
            NSDictionary(dictionary: before["settings"] as? [String: Any] ?? [:]) == NSDictionary(dictionary: after["settings"] as? [String: Any] ?? ["": 0]))
        let texts = try #require(after["text"] as? [String: String])
        #expect(texts["Software"] == "flowtok" && texts["Description"] == "赤い狐, in snow")

        let plain = try Tool.run(["info", "fox.png"], in: scratch)
        #expect(plain.lines.contains("prompt:      赤い狐, in snow"))
        #expect(plain.lines.contains("seed:        18446744073709551615"))
        #expect(plain.lines.contains("model:       tiny, for tests"))
        #expect(plain.lines.contains("interval:    0.25 to 0.75"))
    }

    @Test func keepsQuietAboutSettingsWhereAsked() throws {
        #expect(try Tool.run(["t2i", "a cat", "--no-metadata"], in: scratch).status == 0)
        #expect(try ImageMetadata(path: scratch.path("a-cat.png")).texts.isEmpty)
        let result = try Tool.run(["info", "a-cat.png"], in: scratch)
        #expect(result.status == 0 && result.output.contains("no text"))
    }

    @Test func showsTheTextsOfOtherPrograms() throws {
        let image = Image(width: 2, height: 2, filled: .white)
        try image.write(to: scratch.path("a.png"), text: [ImageText(keyword: "parameters", text: "a cat\nSampler: DDIM")])
        let result = try Tool.run(["info", "a.png"], in: scratch)
        #expect(result.status == 0 && result.lines.contains("parameters: a cat Sampler: DDIM"))
    }

    @Test func refusesWhatIsNoPNG() throws {
        try scratch.write("a cat", to: "a.png")
        expectFailure(try Tool.run(["info", "a.png"], in: scratch), 65, "text file")
        expectFailure(try Tool.run(["info", "b.png"], in: scratch), 66, "no such file")
    }
}
