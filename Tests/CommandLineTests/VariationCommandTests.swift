import FlowTok
import Foundation
import Images
import TestSupport
import Testing

/// `flowtok morph`, `flowtok variations` and `flowtok serve`.
@Suite struct VariationCommandTests {
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    @Test func aMorphIsAnAnimationThatSaysHowItCameAbout() throws {
        let result = try Tool.run(["morph", "a cat", "a fox", "--frames", "5", "--seed", "3", "--back"], in: scratch)
        #expect(result.status == 0 && result.output.hasPrefix("a-cat-to-a-fox.png: seed 3, 4 steps"), "\(result.errors)")
        let file = scratch.path("a-cat-to-a-fox.png")
        let frames = try FlowTok(model: TinyModel.path()).morph(MorphRequest(from: "a cat", to: "a fox", frames: 5, seed: 3))
        #expect(try Image(path: file) == frames[0].image)
        let record = try #require(GenerationMetadata(texts: ImageMetadata(path: file).texts))
        #expect(record.origin == GenerationOrigin(morphedTo: "a fox") && record.pictures == 5 && record.seed == 3)
        let info = try Tool.run(["info", file], in: scratch)
        #expect(info.output.contains("morphed to:") && info.output.contains("a fox"))
    }

    @Test func aStripHoldsAllFrames() throws {
        let result = try Tool.run(["morph", "a cat", "a fox", "--frames", "4", "--strip", "-o", "strip.webp", "--json"], in: scratch)
        #expect(result.status == 0 && result.output.contains("\"morphed_to\":\"a fox\""))
        let strip = try Image(path: scratch.path("strip.webp"))
        #expect((strip.width, strip.height) == (4 * 32 + 3 * 4, 32))
    }

    @Test func aMorphKnowsTheOptionsOfOtherCommands() throws {
        func morph(_ arguments: String...) throws -> Tool.Result {
            try Tool.run(["morph", "a cat", "a fox", "--frames", "2", "--steps", "1", "-o", "m.png"] + arguments, in: scratch)
        }
        let seeds = try (0..<3).map { _ in
            let result = try morph("--seed", "-1", "--jsonl")
            #expect(result.status == 0, "\(result.errors)")
            let line = try #require(JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
            return try #require(line["seed"] as? Int)
        }
        #expect(Set(seeds).count > 1)
        let before = try scratch.data("m.png")
        expectFailure(try morph("--no-clobber"), 64, "m.png: is there already")
        #expect(try scratch.data("m.png") == before)
    }

    @Test func variationsAreThoseOfTheLibrary() throws {
        let flowtok = try FlowTok(model: TinyModel.path())
        let image = try flowtok.generate("a red fox", seed: 2)
        try image.write(to: scratch.path("fox.png"))
        let result = try Tool.run(["variations", "fox.png", "--count", "2", "--strength", "0.3", "--seed", "5"], in: scratch)
        #expect(result.status == 0, "\(result.errors)")
        let own = try flowtok.variations(VariationRequest(of: image, strength: 0.3, seed: 5, count: 2))
        for (index, name) in ["0001-fox-variation.png", "0002-fox-variation.png"].enumerated() {
            #expect(try Image(path: scratch.path(name)) == own[index].image)
            #expect(try GenerationMetadata(texts: ImageMetadata(path: scratch.path(name)).texts) == GenerationMetadata(own[index]))
        }
        let towards = try Tool.run(["variations", "fox.png", "--prompt", "a blue boat", "-o", "boat.png"], in: scratch)
        #expect(towards.status == 0 && FileManager.default.fileExists(atPath: scratch.path("boat.png")))
        // The input stays.
        #expect(try Image(path: scratch.path("fox.png")) == image)
    }

    @Test(arguments: [
        (["morph", "a cat"], "to"), (["morph", "a cat", " "], "prompt 2 is empty"),
        (["morph", "a", "b", "--frames", "1"], "--frames is 1, expected 2 to 1000"),
        (["morph", "a", "b", "--delay", "0"], "--delay is 0"), (["morph", "a", "b", "--strip", "--back"], "--back is for animations"),
        (["morph", "a", "b", "-o", "a.webp"], "an animation is a PNG"), (["variations", "fox.png", "--strength", "2"], "--strength is 2.0, expected 0 to 1"),
        (["variations", "fox.png", "--steps", "0"], "--steps is 0"),
    ])
    func wrongUseIsRefused(_ arguments: [String], _ message: String) throws {
        let result = try Tool.run(arguments, in: scratch)
        #expect(result.status == 64 && result.errors.contains(message), "\(result.errors)")
        #expect(result.errorLines.count == 1)
        #expect(try scratch.names().isEmpty)
    }

    @Test func aMissingImageAndABadOneAreNamed() throws {
        let missing = try Tool.run(["variations", "none.png"], in: scratch)
        #expect(missing.status == 66 && missing.errors.contains("none.png"))
        try Data("no image".utf8).write(to: scratch.url.appendingPathComponent("bad.png"))
        #expect(try Tool.run(["variations", "bad.png"], in: scratch).status == 65)
    }

    @Test func servingNeedsTheServerBesideAndHandsItAllArguments() throws {
        // A copy of flowtok by itself has nothing beside it.
        let alone = scratch.path("flowtok")
        try FileManager.default.copyItem(atPath: Tool.path, toPath: alone)
        func run(_ arguments: [String]) throws -> (Int32, String) {
            let process = Process()
            let pipe = Pipe()
            process.executableURL = URL(fileURLWithPath: alone)
            process.arguments = arguments
            (process.standardOutput, process.standardError) = (pipe, pipe)
            try process.run()
            let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            process.waitUntilExit()
            return (process.terminationStatus, text)
        }
        let (status, text) = try run(["serve"])
        #expect(status == 66 && text.contains("flowtok-serve: no such program; Scripts/run serve builds it"))
        try "#!/bin/sh\necho \"got $*\"\nexit 7\n".write(toFile: scratch.path("flowtok-serve"), atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: scratch.path("flowtok-serve"))
        #expect(try run(["serve", "--port", "1", "--help"]) == (7, "got --port 1 --help\n"))
    }
}
