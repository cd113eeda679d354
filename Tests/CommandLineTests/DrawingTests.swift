import Foundation
import Images
import Testing

@Suite struct DrawingTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func t2i(_ arguments: String..., input: String = "") throws -> Tool.Result {
        try Tool.run(["t2i"] + arguments, in: scratch, input: Data(input.utf8))
    }

    @Test func drawsAPictureNamedAfterItsPrompt() throws {
        let result = try t2i("A red fox!")
        #expect(result.status == 0)
        #expect(result.errors.isEmpty)
        #expect(try scratch.names() == ["a-red-fox.png"])
        #expect(result.output.contains("a-red-fox.png"))
        #expect(result.output.contains("seed "))
        let image = try Image(path: scratch.path("a-red-fox.png"))
        #expect(image.width == 32 && image.height == 32)
    }

    @Test func drawsTheSamePictureOfTheSameSeed() throws {
        #expect(try t2i("a fox", "--seed", "7", "-o", "one.png", "--threads", "1").status == 0)
        #expect(try t2i("a fox", "--seed", "7", "-o", "two.png", "--threads", "2").status == 0)
        #expect(try t2i("a fox", "--seed", "8", "-o", "other.png").status == 0)
        #expect(try scratch.data("one.png") == scratch.data("two.png"))
        #expect(try Image(path: scratch.path("one.png")) != Image(path: scratch.path("other.png")))
    }

    @Test func numbersSeveralPicturesInPromptOrder() throws {
        let result = try t2i("a red fox", "狐狸 在 雪地", "🦊", "--seed", "3", "-o", "out")
        #expect(result.status == 0, "\(result.errors)")
        #expect(try scratch.names() == ["out"])
        #expect(try scratch.names("out") == ["0001-a-red-fox.png", "0002-狐狸-在-雪地.png", "0003-picture.png"])
        #expect(result.lines.count == 3)
        #expect(result.lines[0].contains("out/0001-a-red-fox.png: seed 3"))
        #expect(result.lines[2].contains("seed 5"))
    }

    @Test(arguments: ["euler", "heun", "dopri5"])
    func pictureOfABatchIsThePictureAlone(solver: String) throws {
        #expect(try t2i("a cat", "a boat", "--count", "2", "--seed", "40", "--solver", solver, "-o", "out").status == 0)
        #expect(try scratch.names("out").count == 4)
        #expect(try t2i("a boat", "--seed", "43", "--solver", solver, "-o", "alone.png").status == 0)
        #expect(try scratch.data("alone.png") == scratch.data("out/0004-a-boat.png"))
    }

    @Test func readsPromptsFromStandardInputAndFiles() throws {
        #expect(try t2i("-", "-o", "in", input: "a cat\r\n\n  a dog  \n").status == 0)
        #expect(try scratch.names("in") == ["0001-a-cat.png", "0002-a-dog.png"])
        try scratch.write("a tree\na boat", to: "prompts.txt")
        #expect(try t2i("--prompt-file", "prompts.txt", "-o", "file").status == 0)
        #expect(try scratch.names("file") == ["0001-a-tree.png", "0002-a-boat.png"])
        // A list of one is still a list.
        #expect(try t2i("-", "-o", "one", input: "a cat\n").status == 0)
        #expect(try scratch.names("one") == ["0001-a-cat.png"])
    }

    @Test func putsAPictureIntoAnExistingFolder() throws {
        try scratch.makeFolder("out")
        #expect(try t2i("a cat", "-o", "out").status == 0)
        #expect(try scratch.names("out") == ["0001-a-cat.png"])
    }

    @Test func drawsAGrid() throws {
        let result = try t2i("a cat", "--count", "5", "--grid", "--json", "--seed", "1")
        #expect(result.status == 0, "\(result.errors)")
        #expect(try scratch.names() == ["a-cat-grid.png"])
        let grid = try Image(path: scratch.path("a-cat-grid.png"))
        #expect(grid.width == 3 * 32 + 2 * 4 && grid.height == 2 * 32 + 4)
        #expect(result.lines.count == 5)
        #expect(try t2i("a cat", "--seed", "2", "-o", "alone.png").status == 0)
        let second = grid.cropped(to: PixelRect(x: 36, y: 0, width: 32, height: 32))
        #expect(try second == Image(path: scratch.path("alone.png")))
        let info = try Tool.run(["info", "a-cat-grid.png"], in: scratch)
        #expect(info.output.contains("pictures:    5"))
    }

    @Test func drawsATrajectoryBeside() throws {
        #expect(try t2i("a cat", "--trajectory", "--steps", "3", "-o", "cat.png").status == 0)
        #expect(try scratch.names() == ["cat-trajectory.png", "cat.png"])
        let strip = try Image(path: scratch.path("cat-trajectory.png"))
        #expect(strip.height == 32 && strip.width == 4 * 32 + 3 * 4)
        let last = strip.cropped(to: PixelRect(x: 3 * 36, y: 0, width: 32, height: 32))
        #expect(try last == Image(path: scratch.path("cat.png")))
    }

    @Test func reportsAsJSON() throws {
        let result = try t2i(
            "a \"red\" fox", "a cat", "--json", "--seed", "9", "--steps", "2", "--guidance", "1.5", "--guidance-interval",
            "0.1,0.9", "--solver", "heun", "-o", "out")
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.lines.count == 2)
        let line = try #require(JSONSerialization.jsonObject(with: Data(result.lines[0].utf8)) as? [String: Any])
        #expect(line["file"] as? String == "out/0001-a-red-fox.png")
        #expect(line["prompt"] as? String == "a \"red\" fox")
        #expect(line["seed"] as? Int == 9)
        #expect(line["seconds"] is Double)
        #expect(line["model"] as? String == "tiny, for tests")
        let settings = try #require(line["settings"] as? [String: Any])
        #expect(settings["steps"] as? Int == 2)
        #expect(settings["guidance"] as? Double == 1.5)
        #expect(settings["guidance_interval"] as? [Double] == [0.1, 0.9])
        #expect(settings["solver"] as? String == "heun")
    }

    @Test func quietSaysNothing() throws {
        let result = try t2i("a cat", "--quiet")
        #expect(result.status == 0 && result.output.isEmpty && result.errors.isEmpty)
        #expect(try scratch.names() == ["a-cat.png"])
    }

    @Test func settingsChangeThePicture() throws {
        #expect(try t2i("a cat", "--seed", "1", "-o", "plain.png").status == 0)
        let plain = try Image(path: scratch.path("plain.png"))
        for change in [["--steps", "9"], ["--guidance", "5"], ["--guidance", "-1"], ["--solver", "ab2"]] {
            #expect(try Tool.run(["t2i", "a cat", "--seed", "1", "-o", "other.png"] + change, in: scratch).status == 0)
            #expect(try Image(path: scratch.path("other.png")) != plain, "\(change)")
        }
    }
}
