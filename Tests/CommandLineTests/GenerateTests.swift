import Foundation
import Images
import ModelFolders
import Networks
import TestSupport
import Testing

/// `flowtok generate` with small generators.
@Suite struct GenerateTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func run(_ arguments: String...) throws -> Tool.Result { try Tool.run(["generate"] + arguments, in: scratch) }

    private func makeClasses(_ name: String = "maskgit") throws {
        try TinyFamilies.writeFolder(
            TinyFamilies.maskGIT, tokenizer: TinyFamilies.tiTok(), to: scratch.path(name))
    }

    @Test func classesByNumberAndName() throws {
        try makeClasses()
        let first = try run("--class", "207", "--seed", "3", "--model", "maskgit")
        #expect(first.status == 0 && first.output.contains(/^golden-retriever\.png: seed 3, 8 steps, [\d.]+ s\n$/), "\(first.errors)\(first.output)")
        #expect(try run("--class", "Golden Retriever", "--seed", "3", "--model", "maskgit", "-o", "again.png", "--quiet").output.isEmpty)
        #expect(try run("--class", "208", "--seed", "3", "--model", "maskgit", "-o", "other.png").status == 0)
        #expect(try run("--class", "n02099601", "--seed", "4", "--model", "maskgit", "-o", "seed.png").status == 0)
        let picture = try Image(path: scratch.path("golden-retriever.png"))
        #expect(picture.width == 32 && picture.height == 32)
        #expect(try Image(path: scratch.path("again.png")) == picture)
        #expect(try Image(path: scratch.path("other.png")) != picture)
        #expect(try Image(path: scratch.path("seed.png")) != picture)
        let info = try Tool.run(["info", "golden-retriever.png", "--json"], in: scratch)
        let record = try #require(JSONSerialization.jsonObject(with: Data(info.output.utf8)) as? [String: Any])
        #expect(record["class"] as? Int == 207 && record["seed"] as? Int == 3 && record["model"] as? String == "maskgit")
        #expect(record["prompt"] as? String == "golden retriever")
        let settings = try #require(record["settings"] as? [String: Any])
        #expect(settings["temperature"] as? Double == 9.5 && settings["guidance"] as? Double == 4.5)
        #expect(settings["steps"] as? Int == 8 && settings["solver"] == nil)
        #expect(try Tool.run(["info", "golden-retriever.png"], in: scratch).output.contains("class:       207"))
    }

    @Test func settingsMatter() throws {
        try makeClasses()
        func draw(_ arguments: String...) throws -> Image {
            let result = try Tool.run(
                ["generate", "--class", "1", "--seed", "3", "--model", "maskgit", "-o", "x.png"] + arguments, in: scratch)
            #expect(result.status == 0, "\(result.errors)")
            return try Image(path: scratch.path("x.png"))
        }
        let plain = try draw()
        #expect(try draw() == plain)
        #expect(try draw("--threads", "1") == plain)
        #expect(try draw("--rng", "torch") != plain)
        #expect(try draw("--steps", "3") != plain)
        #expect(try draw("--temperature", "0") != plain)
        #expect(try draw("--temperature", "0", "--rng", "torch") == draw("--temperature", "0"))
        // Temperature 0 leaves the choice to guidance.
        #expect(try draw("--temperature", "0", "--guidance", "0") != draw("--temperature", "0", "--guidance", "-40"))
    }

    @Test func batches() throws {
        try makeClasses()
        let result = try run("--class", "0", "--class", "207", "--count", "2", "--seed", "5", "--model", "maskgit", "-o", "out", "--json")
        #expect(result.status == 0 && result.lines.count == 4, "\(result.errors)")
        #expect(
            try scratch.names("out") == [
                "0001-tench.png", "0002-tench.png", "0003-golden-retriever.png", "0004-golden-retriever.png",
            ])
        // Picture k has seed 5 + k, and is the one that this seed gives alone.
        #expect(try run("--class", "207", "--seed", "8", "--model", "maskgit", "-o", "alone.png").status == 0)
        #expect(try Image(path: scratch.path("out/0004-golden-retriever.png")) == Image(path: scratch.path("alone.png")))
        let grid = try run("--class", "0", "--class", "207", "--count", "3", "--grid", "--model", "maskgit", "-o", "grid.png")
        #expect(grid.status == 0, "\(grid.errors)")
        let picture = try Image(path: scratch.path("grid.png"))
        #expect(picture.width == 3 * 32 + 8 && picture.height == 2 * 32 + 4)
        #expect(try Tool.run(["info", "grid.png"], in: scratch).output.contains("pictures:    6"))
    }

    @Test func theOtherNetwork() throws {
        try TinyFamilies.writeFolder(TinyFamilies.uvit, tokenizer: TinyFamilies.tiTok(), to: scratch.path("uvit"))
        let result = try run("--class", "207", "--steps", "4", "--model", "uvit", "--json")
        #expect(result.status == 0 && result.output.contains("\"temperature\":2.8"), "\(result.errors)")
    }

    @Test func filesSideBySide() throws {
        try scratch.makeFolder("files")
        try TinyFamilies.write(TinyFamilies.maskGIT, to: scratch.path("files/generator_titok_l32.safetensors"))
        expectFailure(try run("--class", "207", "--model", "files"), 66, "--tokenizer")
        try TinyFamilies.write(TinyFamilies.tiTok(), to: scratch.path("files/tokenizer_titok_l32.safetensors"))
        func draw(_ arguments: String...) throws -> Image {
            let result = try Tool.run(["generate", "--class", "207", "--seed", "1", "-o", "x.png"] + arguments, in: scratch)
            #expect(result.status == 0, "\(result.errors)")
            return try Image(path: scratch.path("x.png"))
        }
        let found = try draw("--model", "files")
        let named = try draw(
            "--model", "files/generator_titok_l32.safetensors", "--tokenizer", "files/tokenizer_titok_l32.safetensors")
        let imported = try Tool.run(["import", "files"], in: scratch)
        #expect(imported.status == 0 && imported.output.contains("complete for generate"), "\(imported.errors)")
        #expect(try draw("--model", "files") == found && named == found)
        let record = try Tool.run(["info", "x.png"], in: scratch)
        #expect(record.output.contains("generator_titok_l32"))
    }

    @Test(arguments: ["vq", "kl"])
    func captions(_ kind: String) throws {
        let folder = scratch.path("maskgen")
        if kind == "vq" {
            try TinyFamilies.writeFolder(
                TinyFamilies.maskGenVQ, tokenizer: TinyFamilies.tiTok(.textAware), to: folder)
        } else {
            try TinyFamilies.writeFolder(
                TinyFamilies.maskGenKL, tokenizer: TinyFamilies.tiTok(.textAware, .variational), to: folder)
        }
        expectFailure(try run("--prompt", "a fox", "--model", "maskgen"), 66, "--clip")
        try TinyFamilies.writeCLIP(to: scratch.path("elsewhere"))
        func draw(_ prompt: String, _ arguments: String...) throws -> Image {
            let result = try Tool.run(
                ["generate", "--prompt", prompt, "--seed", "2", "--steps", "4", "--model", "maskgen", "-o", "x.png"] + arguments,
                in: scratch)
            #expect(result.status == 0, "\(result.errors)")
            return try Image(path: scratch.path("x.png"))
        }
        let named = try draw("a fox", "--clip", "elsewhere")
        try FileManager.default.moveItem(atPath: scratch.path("elsewhere"), toPath: folder + "/clip")
        #expect(try draw("a fox") == named)
        #expect(try draw("a cat") != named)
        #expect(try run("a fox", "--seed", "2", "--steps", "4", "--model", "maskgen", "-o", "argument.png").status == 0)
        #expect(try Image(path: scratch.path("argument.png")) == named)
        #expect(try draw("a fox", "--guidance", "1") != named)
        let long = try run("--prompt", String(repeating: "fox ", count: 40), "--model", "maskgen", "--steps", "1", "-o", "y.png")
        #expect(long.status == 0 && long.errors.contains("too long for the model"), "\(long.errors)")
        expectFailure(try run("--class", "207", "--model", "maskgen"), 64, "draws captions, expected a prompt")
        // Text to image by its other name says where to go.
        expectFailure(try Tool.run(["t2i", "a fox", "--model", "maskgen"], in: scratch), 65, "flowtok generate")
    }

    @Test func classesThatAreNone() throws {
        try makeClasses()
        let names = try scratch.names()
        expectFailure(try run("--class", "crane", "--model", "maskgit"), 64, "\"crane\" is the name of 2 classes: 134")
        expectFailure(try run("--class", "golden retreiver", "--model", "maskgit"), 64, "Did you mean golden retriever (207)?")
        expectFailure(try run("--class", "1000", "--model", "maskgit"), 64, "no class 1000: the model has classes 0 to 999")
        expectFailure(try run("--class", "-1", "--model", "maskgit"), 64, "no class")
        expectFailure(try run("--class", "1099511627776", "--model", "maskgit"), 64, "no class 1099511627776")
        expectFailure(try run("--class", "", "--model", "maskgit"), 64, "no class")
        expectFailure(try run("--prompt", "a fox", "--model", "maskgit"), 64, "draws classes, expected --class")
        expectFailure(try run("--model", "maskgit"), 64, "nothing to draw")
        expectFailure(try run("--class", "1", "--prompt", "a fox", "--model", "maskgit"), 64, "expected one of them")
        expectFailure(try run("--class", "1", "--steps", "0", "--model", "maskgit"), 64, "--steps is 0")
        expectFailure(try run("--class", "1", "--temperature", "nan", "--model", "maskgit"), 64, "--temperature")
        #expect(try scratch.names() == names)
    }

    @Test func modelsThatDoNotServe() throws {
        try makeClasses()
        // The model of FLOWTOK_MODEL is a FlowTok.
        expectFailure(try run("--class", "1"), 65, "flowtok t2i draws with it")
        expectFailure(try run("--class", "1", "--model", "none"), 66, "none")
        expectFailure(try run("--class", "1", "--model", "maskgit/tokenizer"), 65, "expected a generator")
        try TinyFamilies.writeFolder(TinyFamilies.tiTok(codes: 40), to: scratch.path("other"))
        expectFailure(
            try run("--class", "1", "--model", "maskgit", "--tokenizer", "other"), 65,
            "draws 6 tokens of 50 codes and other/model.safetensors decodes 6 tokens of 40 codes")
        let configuration = try scratch.text("maskgit/config.json")
        for (from, to, message) in [
            ("\"image_seq_len\":6", "\"image_seq_len\":1099511627776", "image_seq_len is 1099511627776"),
            ("\"hidden_size\":64", "\"hidden_size\":32", "expected"),
        ] {
            #expect(configuration.contains(from))
            try scratch.write(configuration.replacingOccurrences(of: from, with: to), to: "maskgit/config.json")
            expectFailure(try run("--class", "1", "--model", "maskgit"), 65, message)
        }
        #expect(try scratch.names() == ["maskgit", "other"])
    }

    @Test func oneInterruptFinishesThePicture() throws {
        try makeClasses()
        let (process, _, errors) = try Tool.start(
            ["generate", "--class", "207", "--count", "10000", "--model", "maskgit", "-o", "out"], in: scratch)
        for _ in 0..<600 where !(scratch.has("out") && ((try? scratch.names("out"))?.contains { $0.hasSuffix(".png") } ?? false)) {
            Thread.sleep(forTimeInterval: 0.05)
        }
        process.interrupt()
        process.waitUntilExit()
        #expect(process.terminationReason == .exit && process.terminationStatus == 130)
        let names = try scratch.names("out")
        #expect(!names.isEmpty && names.count < 10_000 && names.allSatisfy { $0.hasSuffix(".png") })
        #expect(try String(contentsOf: errors, encoding: .utf8) == "flowtok: stopped after \(names.count) of 10000 pictures\n")
    }
}
