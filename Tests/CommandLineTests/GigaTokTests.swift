import Checkpoints
import Foundation
import Images
import Layers
import Networks
import Tensors
import TestSupport
import Testing

/// GigaTok and the LlamaGen that draws for it, as files of the published formats, by the command line.
@Suite struct GigaTokTests {
    /// What a published file is.
    enum Format: String, CaseIterable, Sendable {
        /// A training script's: the state beside its arguments and an optimizer's.
        case pt
        /// The same with averaged weights, which count, and raw ones.
        case pth
        /// A state whose names have a wrapper's prefix.
        case bin
        case safetensors
    }

    private typealias Parameters = [(name: String, tensor: Tensor)]

    let scratch: Scratch

    init() throws {
        scratch = try Scratch()
        var image = Image(width: 90, height: 70, filled: Color(hex: 0x204080))
        image.fill(PixelRect(x: 20, y: 12, width: 40, height: 44), with: Color(hex: 0xFFC040))
        try image.write(to: scratch.path("fox.png"))
    }

    private func run(_ arguments: String...) throws -> Tool.Result { try Tool.run(arguments, in: scratch) }

    private func picture(_ arguments: String...) throws -> Image {
        let drawn = try Tool.run(["generate", "-o", "x.png"] + arguments, in: scratch)
        #expect(drawn.status == 0, "\(drawn.errors)")
        return try Image(path: scratch.path("x.png"))
    }

    // MARK: - Files

    /// A tokenizer's parameters, with what training alone reads.
    private static func tokenizer(
        _ configuration: GigaTokConfiguration = TinyFamilies.gigaTok(), seed: UInt64 = 5
    ) -> Parameters {
        TinyFamilies.parameters(seed: seed) {
            _ = configuration.imageTokenizer($0)
            _ = GigaTokDistillation(configuration, weights: $0)
        } + [("quantize.codebook_used", .zeros([65536]))]
    }

    private static func generator(_ configuration: LlamaGenConfiguration = TinyFamilies.llamaGen) -> Parameters {
        TinyFamilies.parameters { _ = configuration.generator($0) }
    }

    private func write(_ parameters: Parameters, to name: String, as format: Format = .pt) throws {
        let path = scratch.path(name + "." + format.rawValue)
        func state(_ writer: TorchArchiveWriter, _ name: String, _ parameters: Parameters) throws {
            writer.begin(name)
            for (name, tensor) in parameters { try writer.append(name, tensor) }
        }
        switch format {
        case .safetensors: try Checkpoint.write(parameters.map { ($0.name, $0.tensor) }, to: path)
        case .bin: try TorchArchiveWriter.write(parameters.map { ("module." + $0.name, $0.tensor) }, to: path)
        case .pt, .pth:
            let writer = try TorchArchiveWriter(to: path, wrapped: true)
            try state(writer, "model", format == .pt ? parameters : parameters.map { ($0.name, $0.tensor * 0.5) })
            if format == .pth { try state(writer, "ema", parameters) }
            try state(writer, "optimizer", [("state.0.exp_avg", .zeros([3]))])
            try writer.finish()
        }
    }

    private func writeModel(_ folder: String = "m", as format: Format = .pt) throws {
        try scratch.makeFolder(folder)
        try write(Self.tokenizer(), to: folder + "/VQ_SS256_e100", as: format)
        try write(Self.generator(), to: folder + "/GPT_B256_e300_VQ_SS", as: format)
    }

    private func changed(_ parameters: Parameters, _ name: String, _ change: (Tensor) -> Tensor) throws -> Parameters {
        try #require(parameters.contains { $0.name == name }, "no parameter \(name)")
        return parameters.map { ($0.name, $0.name == name ? change($0.tensor) : $0.tensor) }
    }

    // MARK: - What is done with them

    @Test(arguments: Format.allCases) func publishedFilesAreImportedAndDrawnFrom(_ format: Format) throws {
        try writeModel(as: format)
        let inspected = try run("inspect", "m")
        #expect(inspected.status == 0, "\(inspected.errors)")
        #expect(inspected.output.contains("GigaTok, 16 tokens of 50 codes, 32×32 pixels"))
        #expect(inspected.output.contains("LlamaGen, 1000 classes, 16 tokens of 50 codes"))
        let imported = try run("import", "m")
        #expect(imported.status == 0 && imported.output.contains("complete for generate"), "\(imported.errors)\(imported.output)")
        let drawn = try picture("--class", "207", "--seed", "3", "--model", "m")
        #expect(drawn.width == 32 && drawn.height == 32)
        // All formats hold the same weights.
        try writeModel("other", as: .safetensors)
        #expect(try picture("--class", "207", "--seed", "3", "--model", "other") == drawn)
        #expect(try scratch.names() == ["fox.png", "m", "other", "x.png"])
    }

    @Test func drawing() throws {
        try writeModel()
        #expect(try run("import", "m").status == 0)
        let drawn = try run("generate", "--class", "golden retriever", "--seed", "3", "--model", "m")
        #expect(drawn.status == 0 && drawn.output.hasPrefix("golden-retriever.png: seed 3"), "\(drawn.errors)")
        let first = try Image(path: scratch.path("golden-retriever.png"))
        #expect(try picture("--class", "207", "--seed", "3", "--model", "m", "--threads", "1") == first)
        #expect(try picture("--class", "207", "--seed", "4", "--model", "m") != first)
        #expect(try picture("--class", "208", "--seed", "3", "--model", "m") != first)
        #expect(try picture("--class", "207", "--seed", "3", "--model", "m", "--guidance", "9") != first)
        #expect(try picture("--class", "207", "--seed", "3", "--model", "m", "--temperature", "0.2") != first)
        #expect(try picture("--class", "207", "--seed", "3", "--model", "m", "--rng", "torch") != first)
        #expect(try picture("--class", "207", "--seed", "3", "--model", "m", "--top-k", "2") != first)
        #expect(try picture("--class", "207", "--seed", "3", "--model", "m", "--top-p", "0.2") != first)
        // Without noise the source of it does not matter.
        let likeliest = try picture("--class", "207", "--seed", "3", "--model", "m", "--temperature", "0")
        #expect(try picture("--class", "207", "--seed", "9", "--rng", "torch", "--model", "m", "--temperature", "0") == likeliest)
        #expect(likeliest != first)
        #expect(try picture("--class", "207", "--seed", "3", "--model", "m", "--top-k", "1") == likeliest)
        let limited = try run("info", "x.png", "--json")
        #expect(limited.output.contains("\"top_k\"") && limited.output.contains("GPT_B256_e300_VQ_SS"), "\(limited.output)")

        let info = try run("info", "golden-retriever.png", "--json")
        let record = try #require(JSONSerialization.jsonObject(with: Data(info.output.utf8)) as? [String: Any])
        #expect(record["class"] as? Int == 207 && record["seed"] as? Int == 3)
        #expect(record["model"] as? String == "GPT_B256_e300_VQ_SS")
        let settings = try #require(record["settings"] as? [String: Any])
        #expect(settings["guidance"] as? Double == 2 && settings["temperature"] as? Double == 1)
    }

    @Test(arguments: [GigaTokConfiguration.Layout.sequence, .grid], GigaTokConfiguration.Layer.allCases)
    func tokensAndBack(_ layout: GigaTokConfiguration.Layout, _ layer: GigaTokConfiguration.Layer) throws {
        let configuration = TinyFamilies.gigaTok(layout, layer: layer)
        try write(Self.tokenizer(configuration), to: "giga")
        let count = layout == .sequence ? 16 : 64
        let written = try run("tokenize", "fox.png", "--model", "giga.pt")
        #expect(written.status == 0 && written.output == "fox.json: \(count) tokens of 50 codes\n", "\(written.errors)")
        #expect(try run("detokenize", "fox.json", "--model", "giga.pt", "-o", "again.png").status == 0)
        #expect(try run("reconstruct", "fox.png", "--model", "giga.pt", "-o", "whole.png").status == 0)
        #expect(try Image(path: scratch.path("again.png")) == Image(path: scratch.path("whole.png")))
        // A folder that was imported makes the same tokens under the same name.
        try scratch.makeFolder("m")
        try write(Self.tokenizer(configuration), to: "m/giga")
        let imported = try run("import", "m")
        #expect(imported.status == 0, "\(imported.errors)")
        #expect(try run("tokenize", "fox.png", "--model", "m", "-o", "other.json").status == 0)
        #expect(try scratch.data("other.json") == scratch.data("fox.json"))
    }

    @Test(arguments: ["f32", "bf16", "int8"]) func packedModelsStayWhatTheyAre(_ type: String) throws {
        try writeModel()
        #expect(try run("import", "m").status == 0)
        let converted = try run("convert", "m", "n", "--type", type, "--packed")
        #expect(converted.status == 0, "\(converted.errors)")
        #expect(
            try scratch.names("n") == ["GPT_B256_e300_VQ_SS.safetensors", "VQ_SS256_e100.safetensors", "config.json"])
        let inspected = try run("inspect", "n")
        #expect(inspected.status == 0 && inspected.output.contains("GigaTok, 16 tokens of 50 codes"), "\(inspected.errors)")
        let drawn = try picture("--class", "7", "--seed", "1", "--model", "n")
        #expect(try picture("--class", "7", "--seed", "1", "--model", "m", "--precision", type) == drawn)
        let tokenizer = "n/VQ_SS256_e100.safetensors"
        #expect(try run("tokenize", "fox.png", "--model", tokenizer, "-o", "a.json").status == 0)
        #expect(try run("tokenize", "fox.png", "--model", "m/VQ_SS256_e100.pt", "--precision", type, "-o", "b.json").status == 0)
        #expect(try scratch.data("a.json") == scratch.data("b.json"))
        let other = type == "f32" ? "bf16" : "f32"
        expectFailure(try run("generate", "--class", "7", "--model", "n", "--precision", other, "-o", "y.png"), 65, "packed as")
        expectFailure(try run("tokenize", "fox.png", "--model", tokenizer, "--precision", other, "-o", "c.json"), 65, "packed as")
        expectFailure(try run("convert", "n", "o"), 65, "packed as")
        #expect(try scratch.names() == ["a.json", "b.json", "fox.png", "m", "n", "x.png"])
    }

    /// The schedule of guidance is a key of the configuration; what is none is told.
    @Test func keysOfTheConfiguration() throws {
        try writeModel()
        #expect(try run("import", "m").status == 0)
        let plain = try picture("--class", "207", "--seed", "3", "--model", "m")
        let configuration = try scratch.text("m/config.json")
        let key = "\"cfg_schedule\" : \"constant\""
        #expect(configuration.contains(key))
        try scratch.write(
            configuration.replacing(key, with: "\"cfg_schedule\" : \"step\", \"window\" : 1").replacing("0.18", with: "1"), to: "m/config.json")
        #expect(try picture("--class", "207", "--seed", "3", "--model", "m") != plain)
        let told = try run("generate", "--class", "1", "--model", "m", "-o", "y.png")
        #expect(told.status == 0 && told.errorLines.count == 1 && told.errors.contains("window is no key that is known"), "\(told.errors)")
        try scratch.write(configuration.replacing(key, with: "\"cfg_schedule\" : \"cosine\""), to: "m/config.json")
        expectFailure(try run("generate", "--class", "1", "--model", "m"), 65, "cosine")
        try scratch.write(
            configuration.replacing("\"n_head\" : 1,", with: "\"n_head\" : 5,"), to: "m/config.json")
        expectFailure(try run("generate", "--class", "1", "--model", "m"), 65, "does not divide into 5 heads")
    }

    @Test func convertedModelsDraw() throws {
        try writeModel()
        #expect(try run("import", "m").status == 0)
        let converted = try run("convert", "m", "n", "--type", "bf16")
        #expect(converted.status == 0, "\(converted.errors)")
        let checkpoint = try Checkpoint(path: scratch.path("n/GPT_B256_e300_VQ_SS.safetensors"))
        #expect(checkpoint.entries.allSatisfy { $0.type == .bf16 })
        #expect(try picture("--class", "7", "--model", "n", "--precision", "bf16").width == 32)
    }

    // MARK: - What is refused

    @Test func codesThatAreNone() throws {
        try write(Self.tokenizer(), to: "giga")
        #expect(try run("tokenize", "fox.png", "--model", "giga.pt").status == 0)
        let whole = try scratch.text("fox.json")
        let list = try #require(whole.firstRange(of: /\[.*\]/))
        for (codes, message) in [
            ([50] + [Int](repeating: 1, count: 15), "token 0 is 50, expected 0 to 49"),
            ([Int](repeating: 1, count: 15) + [-1], "token 15 is -1, expected 0 to 49"),
            ([Int](repeating: 1, count: 17), "[1, 17], expected [any, 16]"), ([], "[1, 0], expected [any, 16]"),
        ] {
            try scratch.write(whole.replacingCharacters(in: list, with: "\(codes)"), to: "bad.json")
            expectFailure(try run("detokenize", "bad.json", "--model", "giga.pt"), 65, message)
        }
        #expect(try scratch.names() == ["bad.json", "fox.json", "fox.png", "giga.pt"])
    }

    @Test func tokensOfAnotherModel() throws {
        try write(Self.tokenizer(), to: "VQ_SS256_e100")
        try write(Self.tokenizer(seed: 6), to: "VQ_SB256_e200")
        #expect(try run("tokenize", "fox.png", "--model", "VQ_SS256_e100.pt").status == 0)
        let refused = try run("detokenize", "fox.json", "--model", "VQ_SB256_e200.pt")
        expectFailure(refused, 65, "tokens of the model \"VQ_SS256_e100\", which \"VQ_SB256_e200\" cannot decode")
        #expect(!scratch.has("fox-decoded.png"))
    }

    @Test func generatorsOfOtherTokenizers() throws {
        try writeModel()
        try write(Self.tokenizer(TinyFamilies.gigaTok(codes: 40)), to: "m/VQ_SS256_e100")
        let message = "draws 16 tokens of 50 codes and m/VQ_SS256_e100.pt decodes 16 tokens of 40 codes: they belong to different models"
        expectFailure(try run("import", "m"), 65, message)
        expectFailure(try run("generate", "--class", "7", "--model", "m"), 65, message)
        // Two tokenizers, of which either could be meant.
        try writeModel()
        try write(Self.tokenizer(seed: 6), to: "m/VQ_SB256_e200")
        expectFailure(try run("import", "m"), 65, "expected one of them")
        #expect(try scratch.names() == ["fox.png", "m"])
        #expect(!scratch.has("m/config.json"))
    }

    @Test func weightsThatAreNotNumbers() throws {
        func broken(_ tensor: Tensor) -> Tensor { .filled(tensor.shape, with: .nan) }
        try writeModel()
        for (name, command) in [
            ("encoder.conv_out.bias", ["tokenize", "fox.png", "--model", "bad.pt"]),
            ("s2to1encoder.transformer.0.linear1.weight", ["reconstruct", "fox.png", "-o", "y.png", "--model", "bad.pt"]),
            ("decoder.conv_out.bias", ["detokenize", "good.json", "--model", "bad.pt"]),
            ("s1to2decoder.positional_embedding", ["generate", "--class", "1", "--model", "m", "--tokenizer", "bad.pt"]),
            ("quantize.embedding.weight", ["generate", "--class", "1", "--model", "m", "--tokenizer", "bad.pt"]),
        ] {
            // The signs of the codebook are what a tokenizer is known by.
            try write(try changed(Self.tokenizer(), name, broken), to: "bad")
            #expect(try run("tokenize", "fox.png", "--model", "m/VQ_SS256_e100.pt", "-o", "good.json").status == 0)
            let names = try scratch.names()
            expectFailure(try Tool.run(command, in: scratch), 65, "tensor '\(name)': expected finite values, found nan")
            #expect(try scratch.names() == names)
        }
        // What is not needed is not read.
        try write(try changed(Self.tokenizer(), "encoder.conv_out.bias", broken), to: "bad")
        #expect(try run("detokenize", "good.json", "--model", "bad.pt", "-o", "fine.png").status == 0)

        for name in ["layers.1.attention.wo.weight", "tok_embeddings.weight", "norm.weight"] {
            try write(try changed(Self.generator(), name, broken), to: "m/GPT_B256_e300_VQ_SS")
            expectFailure(try run("generate", "--class", "1", "--model", "m"), 65, "tensor '\(name)': expected finite values, found nan")
        }
        #expect(!scratch.has("tench.png") && !scratch.has("goldfish.png"))
    }

    @Test func checkpointsThatDoNotFit() throws {
        let parameters = Self.tokenizer()
        func expectRefusal(_ changed: Parameters, _ message: String) throws {
            try write(changed, to: "bad")
            expectFailure(try run("tokenize", "fox.png", "--model", "bad.pt", "-o", "y.json"), 65, message)
        }
        try expectRefusal(
            parameters.filter { $0.name != "decoder.adaptive.1.beta.bias" }, "1 missing (decoder.adaptive.1.beta.bias)")
        try expectRefusal(parameters + [("s2to1encoder.extra", .zeros([1]))], "1 unexpected (s2to1encoder.extra)")
        try expectRefusal(
            parameters + [("s2to1encoder.transformer.0.self_attn.q_proj.weight", .zeros([64, 64]))], "no released tokenizer has")
        try expectRefusal(
            try changed(parameters, "s2to1encoder.latent_token_positional_embedding") { _ in .zeros([15, 1, 64]) },
            "expected a power of two")
        try expectRefusal(
            try changed(parameters, "s1to2decoder.conv_out.weight") { _ in .zeros([64, 64, 1, 1]) }, "1 of another shape")
        #expect(try scratch.names() == ["bad.pt", "fox.png"])
    }

    @Test func oneInterruptFinishesThePicture() throws {
        try writeModel()
        let (process, _, errors) = try Tool.start(
            ["generate", "--class", "207", "--count", "10000", "--model", "m", "-o", "out"], in: scratch)
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
