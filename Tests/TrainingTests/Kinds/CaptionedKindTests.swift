import Datasets
import FlowTok
import Foundation
import Images
import ModelFolders
import Networks
import TestSupport
import Testing
import Training

/// Generators that draw captions: what comes out of their training draws prompts by itself.
@Suite struct CaptionedKindTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func flowtok(_ arguments: String...) throws -> (status: Int32, output: String, errors: String) {
        let run = try Executable.start(arguments, in: folder)
        return (run.status(), run.said, run.complaints)
    }

    @Test("What is exported draws captions, and no classes", arguments: TinyKinds.captioned)
    func drawing(_ kind: TinyKinds.Kind) throws {
        try TinyKinds.open(kind, TinyKinds.file(kind, in: folder, steps: 2), output: folder("run")).run()
        let files = try FileManager.default.contentsOfDirectory(atPath: folder("run/model")).sorted()
        #expect(files == ["config.json", "image_tokenizer.safetensors", "model.safetensors", "text_encoder.safetensors", "tokenizer.model"])
        let text = try TinyTraining.tokenizerFolder() + "/model/"
        #expect(try contents(folder("run/model/tokenizer.model")) == contents(text + "tokenizer.model"))
        #expect(try bits(folder("run/model/text_encoder.safetensors")) == bits(text + "text_encoder.safetensors"))
        // Wherever the folder lies, it needs nothing else.
        try FileManager.default.moveItem(atPath: folder("run/model"), toPath: folder("moved"))
        try FileManager.default.removeItem(atPath: folder("run"))
        let opened = try GeneratorFolder(path: folder("moved"))
        #expect(opened.classNames == nil && opened.name == kind.id)
        let generator = try ImageGenerator(opened)
        #expect(generator.classes == nil && generator.warnings == [] && generator.textTokenizer?.length == 4)
        let settings = GeneratorSettings(steps: generator.defaults.steps == nil ? nil : 2)
        func draw(_ caption: String) throws -> Image {
            try generator.generate(ImageGeneratorRequest(.caption(caption), seed: 3, settings: settings)).image
        }
        #expect(try draw("blue on red").width == 32)
        #expect(try draw("blue on red") == draw("  BLUE on Red "))
        #expect(refusal { try generator.generate(ImageGeneratorRequest(.imageClass(1), seed: 3)) }.text.contains("draws captions"))
    }

    @Test("flowtok generate, inspect, info and convert take the folder as it is")
    func commands() throws {
        let kind = TinyKinds.llamaGenOfCaptions
        try TinyKinds.open(kind, TinyKinds.file(kind, in: folder, steps: 2), output: folder("run")).run()
        let model = folder("run/model")
        let drawn = try flowtok("generate", "blue on red", "--count", "2", "--seed", "5", "--model", model, "-o", folder("drawn"), "-q")
        #expect(drawn.status == 0, "\(drawn.errors)")
        let pictures = try FileManager.default.contentsOfDirectory(atPath: folder("drawn")).sorted()
        #expect(pictures.count == 2)
        let first = folder("drawn/") + (pictures.first ?? "")
        let again = try flowtok("generate", "--prompt", "blue on red", "--seed", "5", "--model", model, "-o", folder("again.png"), "-q")
        #expect(again.status == 0, "\(again.errors)")
        #expect(try Image(path: folder("again.png")) == Image(path: first))
        let record = try flowtok("info", first, "--json")
        let values = try #require(JSONSerialization.jsonObject(with: Data(record.output.utf8)) as? [String: Any])
        #expect(values["prompt"] as? String == "blue on red" && values["seed"] as? Int == 5 && values["model"] as? String == "llamagen")
        #expect(values["class"] == nil)
        let classes = try flowtok("generate", "--class", "1", "--model", model, "-o", folder("x.png"))
        #expect(classes.status == 64 && classes.errors.contains("draws captions, expected a prompt"), "\(classes.errors)")
        let inspected = try flowtok("inspect", model)
        #expect(inspected.status == 0 && inspected.output.contains("LlamaGen, captions, 4 tokens of 16 codes"), "\(inspected.output)")
        #expect(inspected.output.contains("a SentencePiece vocabulary"))
        for (name, arguments) in [("half", ["--type", "bf16"]), ("packed", ["--packed", "--type", "bf16"])] {
            let run = try Executable.start(["convert", model, folder(name), "-q"] + arguments, in: folder)
            #expect(run.status() == 0, "\(run.complaints)")
            let converted = try flowtok("generate", "blue on red", "--seed", "5", "--model", folder(name), "-o", folder(name + ".png"), "-q")
            #expect(converted.status == 0, "\(name): \(converted.errors)")
        }
    }

    @Test("Sample grids are of the data's captions, and notes name the columns")
    func samples() throws {
        let kind = TinyKinds.maskGITOfCaptions
        try TinyKinds.open(kind, TinyKinds.file(kind, in: folder, steps: 4), output: folder("run")).run()
        let notes = try FileManager.default.contentsOfDirectory(atPath: folder("run/samples")).filter { $0.hasSuffix("0000004.txt") }
        let lines = String(decoding: try contents(folder("run/samples/") + #require(notes.first)), as: UTF8.self).split(separator: "\n")
        let captions = Set((0..<12).map { BlockSource().sample($0).caption })
        #expect(lines.count > 1 && lines.count <= 8)
        for (index, line) in lines.enumerated() {
            let prefix = "column \(index + 1): "
            #expect(line.hasPrefix(prefix) && captions.contains(String(line.dropFirst(prefix.count))), "\(line)")
        }
        let grid = try Image(path: folder("run/samples/drawn-0000004.png"))
        #expect(grid.width == lines.count * 32 + (lines.count - 1) * 2 && grid.height == 4 * 32 + 3 * 2)
    }

    @Test("The text encoder may be a FlowTok's, and a caption's condition is the same in every batch")
    func flowTok() throws {
        let kind = TinyKinds.llamaGenOfCaptions
        let file = try TinyKinds.file(kind, in: folder, steps: 2, changing: [(try TinyKinds.path(.flowtitok), try TinyModel.path())])
        try TinyKinds.open(kind, file, output: folder("run")).run()
        #expect(try ImageGenerator(GeneratorFolder(path: folder("run/model"))).textTokenizer?.length == TinyModel.tokens)
        let encoder = try GeneratorTextEncoder(path: TinyModel.path())
        let ids = try ["a red fox", "blue", "two dogs on a green hill"].map { try encoder.textTokenizer.encode($0) }
        let all = encoder.condition(ids.flatMap { $0 })
        for (index, caption) in ids.enumerated() {
            let alone = encoder.condition(caption)
            #expect(alone.hidden.values == all.hidden.sliced(axis: 0, index..<index + 1).values)
            #expect(alone.pooled.values == all.pooled.sliced(axis: 0, index..<index + 1).values)
        }
    }

    @Test("A run goes on with the same text encoder alone")
    func changed() throws {
        let kind = TinyKinds.maskGITOfCaptions
        try TinyKinds.open(kind, TinyKinds.file(kind, in: folder, steps: 2), output: folder("run")).run()
        let other = try TinyKinds.file(kind, in: folder, steps: 4, changing: [(try TinyKinds.path(.flowtitok), try TinyModel.path())])
        #expect(refusal { try TinyKinds.open(kind, other, output: folder("run"), resume: true) }.text.contains("text_encoder"))
    }
}
