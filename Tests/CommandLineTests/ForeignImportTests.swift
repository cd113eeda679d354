import Checkpoints
import Foundation
import Layers
import ModelFolders
import Networks
import Tensors
import TestSupport
import Testing

/// Checkpoints in the wrappings that training leaves around them, beside files that have nothing to do with them, and with
/// parts missing.
@Suite struct ForeignImportTests {
    let scratch: Scratch
    private let tensors: [(name: String, tensor: Tensor)]

    init() throws {
        scratch = try Scratch()
        let recorder = WeightRecorder(LivelyWeights(seed: 5))
        _ = TinyFamilies.tiTok().imageTokenizer(Weights(recorder))
        tensors = recorder.parameters.map { (name: $0.0, tensor: $0.1) }
    }

    private func run(_ arguments: String...) throws -> Tool.Result { try Tool.run(arguments, in: scratch) }

    private func prefixed(_ prefix: String) -> [(name: String, tensor: Tensor)] {
        tensors.map { (name: prefix + $0.name, tensor: $0.tensor) }
    }

    /// Imports a folder and reads a picture with it: the tokens, so that two ways to the same weights can be compared.
    private func tokens(of folder: String) throws -> String {
        let imported = try run("import", folder)
        #expect(imported.status == 0, "\(imported.errors)")
        #expect(imported.output.contains("TiTok, 6 tokens"), "\(imported.output)")
        let read = try run("tokenize", "p.png", "--model", folder, "-o", folder + "/tokens.json")
        #expect(read.status == 0, "\(read.errors)")
        let tokens = try scratch.text(folder + "/tokens.json")
        try FileManager.default.removeItem(atPath: scratch.path(folder + "/tokens.json"))
        return try #require(tokens.split(separator: "\"tokens\"").last.map(String.init))
    }

    private func makePicture() throws {
        #expect(try run("t2i", "fox", "--steps", "1", "-o", "p.png").status == 0)
    }

    @Test func everyWrappingGivesTheSameTokens() throws {
        try makePicture()
        try scratch.makeFolder("plain")
        try Checkpoint.write(tensors, to: scratch.path("plain/model.safetensors"))
        let expected = try tokens(of: "plain")
        let wrappings: [(keys: [String], prefix: String)] = [
            (["ema_model"], ""), (["state_dict"], "model."), (["state_dict"], "module._orig_mod."), (["model_ema", "module"], ""),
            (["checkpoint", "ema", "state_dict"], "_orig_mod.model."), ([], "model."), (["state"], "first_stage_model.module."),
            (["model"], "ema_model.model."),
        ]
        for (index, wrapping) in wrappings.enumerated() {
            try scratch.makeFolder("m\(index)")
            try TorchArchiveWriter.write(
                prefixed(wrapping.prefix), wrappers: wrapping.keys, to: scratch.path("m\(index)/tokenizer.ckpt"))
            #expect(try tokens(of: "m\(index)") == expected, "\(wrapping)")
        }
        // Modules that were wrapped one by one.
        try scratch.makeFolder("inner")
        try Checkpoint.write(
            tensors.map { (name: $0.name.replacing("encoder.", with: "encoder._orig_mod."), tensor: $0.tensor) },
            to: scratch.path("inner/model.safetensors"))
        #expect(try tokens(of: "inner") == expected)
    }

    @Test func averagedWeightsAreTakenAndTheRestIsSaid() throws {
        try makePicture()
        try scratch.makeFolder("m")
        let raw = tensors.map { (name: "model." + $0.name, tensor: $0.tensor + 0.5) }
        let training = [(name: "loss.discriminator.weight", tensor: Tensor(1)), (name: "optimizer.state.0.exp_avg", tensor: Tensor(2))]
        try TorchArchiveWriter.write(raw + prefixed("ema_model.") + training, wrappers: ["state_dict"], to: scratch.path("m/run.ckpt"))
        let imported = try run("import", "m")
        #expect(imported.status == 0, "\(imported.errors)")
        #expect(imported.lines.contains("  left out: state_dict.model: \(tensors.count) tensors"), "\(imported.output)")
        #expect(imported.lines.contains("  left out: state_dict.loss: a tensor"), "\(imported.output)")
        let averaged = try tokens(of: "m")
        try scratch.makeFolder("plain")
        try Checkpoint.write(tensors, to: scratch.path("plain/model.safetensors"))
        #expect(try tokens(of: "plain") == averaged)
        // What only training uses may also lie beside the parameters without any wrapper.
        try scratch.makeFolder("beside")
        try Checkpoint.write(tensors + training, to: scratch.path("beside/model.safetensors"))
        #expect(try tokens(of: "beside") == averaged)
        // Nor do values that nothing here computes with make a file useless.
        try scratch.makeFolder("complex")
        try Checkpoint.write(tensors, to: scratch.path("complex/plain"))
        try ForeignBytes.adding(
            "{\"rope\":{\"dtype\":\"C64\",\"shape\":[1],", count: 8, to: scratch.path("complex/plain"), as: scratch.path("complex/model.safetensors"))
        try FileManager.default.removeItem(atPath: scratch.path("complex/plain"))
        #expect(try tokens(of: "complex") == averaged)
        // Without the wrapper, as the official code wants it.
        #expect(try run("convert", "m/run.ckpt", "c.safetensors").status == 0)
        #expect(try Set(Checkpoint(path: scratch.path("c.safetensors")).names) == Set(tensors.map(\.name)))
    }

    @Test func straysAreReportedAndPassedOver() throws {
        try scratch.makeFolder("m")
        try Checkpoint.write(tensors, to: scratch.path("m/tokenizer.safetensors"))
        try scratch.write("version https://git-lfs.github.com/spec/v1\noid sha256:4d\nsize 1\n", to: "m/lfs.safetensors")
        try scratch.write("<!DOCTYPE html><html></html>", to: "m/page.bin")
        try scratch.write("GGUF and so on", to: "m/model.bin")
        try scratch.write(Data([0x80, 2, 0x7d, 0x71, 0, 0x2e]), to: "m/args.pt")
        try scratch.write("", to: "m/empty.pth")
        try Checkpoint.write([("x", Tensor(1))], to: scratch.path("m/other.safetensors"))
        let imported = try run("import", "m")
        #expect(imported.status == 0, "\(imported.errors)")
        for (file, what) in [
            ("lfs.safetensors", "git lfs pull"), ("page.bin", "an HTML page"), ("model.bin", "a GGUF file"),
            ("args.pt", "a bare Python pickle"), ("empty.pth", "an empty file"), ("other.safetensors", "no architecture that is known here"),
        ] {
            #expect(imported.lines.contains { $0.hasPrefix("m/\(file): ignored: ") && $0.contains(what) }, "\(file): \(imported.output)")
        }
        #expect(imported.lines.contains { $0.hasPrefix("m/tokenizer.safetensors: TiTok") })
        // A file that breaks off may be the very one that is wanted.
        try scratch.write(try scratch.data("m/tokenizer.safetensors").dropLast(10), to: "m/old.safetensors")
        expectFailure(try run("import", "m"), 65, "old.safetensors")
    }

    @Test func theSameWeightsInSeveralFormats() throws {
        try scratch.makeFolder("m")
        try TorchArchiveWriter.write(tensors, to: scratch.path("m/pytorch_model.bin"))
        try TorchArchiveWriter.write(tensors, wrappers: ["ema_model"], to: scratch.path("m/ema.ckpt"))
        try Checkpoint.write(tensors, to: scratch.path("m/model.safetensors"))
        let imported = try run("import", "m")
        #expect(imported.status == 0, "\(imported.errors)")
        #expect(imported.lines.contains("m/pytorch_model.bin: ignored: the same weights as m/model.safetensors"), "\(imported.output)")
        #expect(imported.lines.contains("m/ema.ckpt: ignored: the same weights as m/model.safetensors"), "\(imported.output)")
        #expect(try scratch.text("m/config.json").contains("\"image_tokenizer\" : \"model.safetensors\""))
        try Checkpoint.write(tensors.map { ($0.name, $0.tensor + 1) }, to: scratch.path("m/another.safetensors"))
        expectFailure(try run("import", "m"), 65, "are each an image tokenizer")
    }

    @Test(arguments: ["encoder.ln_post.bias", "quantize.embedding.weight", "decoder.mask_token", "latent_tokens"])
    func aCheckpointThatLacksTensorsIsRefused(name: String) throws {
        try scratch.makeFolder("m")
        let lacking = tensors.filter { $0.name != name }
        #expect(lacking.count == tensors.count - 1)
        try TorchArchiveWriter.write(lacking, wrappers: ["model"], to: scratch.path("m/tokenizer.bin"))
        for arguments in [["import", "m"], ["import", "m", "--fast"], ["import", "m/tokenizer.bin"]] {
            let result = try Tool.run(arguments, in: scratch)
            #expect(result.status == 65 || result.status == 66)
            #expect(result.errorLines.count == 1 && result.errors.contains("m/tokenizer.bin"), "\(result.errors)")
        }
        #expect(try scratch.names("m") == ["tokenizer.bin"])
    }

    @Test func generatorsAndCLIPAreCheckedToo() throws {
        try scratch.makeFolder("g")
        let recorder = WeightRecorder(LivelyWeights(seed: 5))
        _ = TinyFamilies.maskGIT.generator(Weights(recorder))
        try Checkpoint.write(Array(recorder.parameters.dropLast()), to: scratch.path("g/generator.safetensors"))
        expectFailure(try run("import", "g"), 65, "1 missing")
        try TinyOfficial.write(to: scratch, "m") { parts in parts["text_encoder"]!.removeAll { $0.name == "ln_final.bias" } }
        expectFailure(try run("import", "m", "--fast"), 65, "clip.pt")
        try TinyOfficial.write(to: scratch, "n", text: .huggingFace) { parts in
            parts["flow"]!.removeAll { $0.name == "blocks.0.mlp.fc1.weight" }
        }
        expectFailure(try run("import", "n", "--fast"), 65, "1 missing (blocks.0.mlp.fc1.weight)")
    }

    @Test func foldersWithoutAModelSayWhatIsThere() throws {
        try scratch.makeFolder("m")
        expectFailure(try run("import", "m"), 66, "m: there are no files to import in it")
        try scratch.write("version https://git-lfs.github.com/spec/v1\n", to: "m/model.safetensors")
        try Checkpoint.write([("x", Tensor(1))], to: scratch.path("m/other.safetensors"))
        let nothing = try run("import", "m")
        expectFailure(nothing, 66, "m/model.safetensors (ignored: a Git LFS pointer")
        #expect(nothing.errors.contains("m/other.safetensors (ignored: 1 tensors of no architecture that is known here"), "\(nothing.errors)")
        // A part that is there as a pointer only.
        try TinyOfficial.write(to: scratch, "f")
        try scratch.write("version https://git-lfs.github.com/spec/v1\n", to: "f/FlowTiTok_32.bin")
        let lacking = try run("import", "f")
        expectFailure(lacking, 66, "the image tokenizer (such as FlowTiTok_512.bin)")
        #expect(lacking.errors.contains("f/FlowTiTok_32.bin (ignored: a Git LFS pointer"), "\(lacking.errors)")
    }

    @Test func inspectListsWhatIsLeftOutAndOtherTypes() throws {
        try TorchArchiveWriter.write(tensors + [(name: "optimizer.w", tensor: Tensor(1))], wrappers: ["model"], to: scratch.path("a.pt"))
        let whole = try run("inspect", "a.pt")
        #expect(whole.status == 0 && whole.output.contains("TiTok, 6 tokens"), "\(whole.output)")
        let header = "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},\"b\":{\"dtype\":\"F4\",\"shape\":[8],\"data_offsets\":[4,8]}}"
        let bytes = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Data($0) } + Data(header.utf8) + Data([0, 0, 128, 63, 1, 2, 3, 4])
        try scratch.write(bytes, to: "f4.safetensors")
        let listed = try run("inspect", "f4.safetensors")
        #expect(listed.status == 0 && listed.lines.contains { $0.contains("b") && $0.contains("F4") }, "\(listed.output) \(listed.errors)")
        let converted = try run("convert", "f4.safetensors", "out.safetensors")
        #expect(converted.status == 0 && converted.errors.contains("left out b: safetensors has no type F4"), "\(converted.errors)")
        #expect(try Checkpoint(path: scratch.path("out.safetensors")).names == ["a"])
    }

    // MARK: Values that are not finite

    @Test func tokensThatAreNotFiniteAreRefused() throws {
        #expect(try run("t2i", "fox", "--steps", "1", "-o", "p.png").status == 0)
        #expect(try run("tokenize", "p.png", "-o", "t.safetensors").status == 0)
        let good = try Checkpoint(path: scratch.path("t.safetensors"))
        let latents = try good.tensor("latents")
        var values = latents.values
        for (index, value) in [(0, Float.nan), (7, .infinity)] {
            values[index] = value
            try Checkpoint.write([("latents", Tensor(values, shape: latents.shape))], metadata: good.metadata, to: scratch.path("bad.safetensors"))
            expectFailure(try run("detokenize", "bad.safetensors", "-o", "o.png"), 65, "at index \(index)")
            values[index] = 0
        }
        let shape = latents.shape
        for wrong in [[2] + shape.dropFirst(), Array(shape.dropFirst()), [1] + shape] {
            try Checkpoint.write([("latents", .zeros(wrong))], metadata: good.metadata, to: scratch.path("bad.safetensors"))
            expectFailure(try run("detokenize", "bad.safetensors", "-o", "o.png"), 65, "shape")
        }
        // Numbers that are finite and lead to a picture that is not.
        try Checkpoint.write(
            [("latents", Tensor(latents.values.map { $0 * 1e30 }, shape: shape))], metadata: good.metadata, to: scratch.path("bad.safetensors"))
        let huge = try run("detokenize", "bad.safetensors", "-o", "o.png")
        expectFailure(huge, 65, "in magnitude")
        try Checkpoint.write([("x", Tensor(1))], to: scratch.path("foreign.safetensors"))
        let foreign = try run("detokenize", "foreign.safetensors", "-o", "o.png")
        expectFailure(foreign, 65, "it holds no tokens that flowtok tokenize wrote")
        #expect(!foreign.errors.contains("unknown"))
    }
}

/// Tensors that no writer of this package writes.
private enum ForeignBytes {
    /// Copies a safetensors file with one tensor more, after all others.
    ///
    /// - Parameter beginning: the header's beginning with the tensor's name, type and shape.
    static func adding(_ beginning: String, count: Int, to path: String, as output: String) throws {
        let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        let length = Int(bytes.prefix(8).enumerated().reduce(UInt64(0)) { $0 | UInt64($1.element) << (8 * UInt64($1.offset)) })
        let values = bytes.dropFirst(8 + length)
        let header =
            beginning + "\"data_offsets\":[\(values.count),\(values.count + count)]},"
            + String(decoding: bytes[8..<8 + length].dropFirst(), as: UTF8.self)
        let size = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Data($0) }
        try (size + Data(header.utf8) + values + Data(count: count)).write(to: URL(fileURLWithPath: output))
    }
}
