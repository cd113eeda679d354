import Checkpoints
import Foundation
import Images
import ModelFolders
import Networks
import Tensors
import TestSupport
import Testing

/// RAR and TokenBridge by the command line, from files in the formats that they are published in.
@Suite struct AutoregressiveTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func run(_ arguments: String...) throws -> Tool.Result { try Tool.run(arguments, in: scratch) }

    private func picture(_ model: String, _ further: String...) throws -> Image {
        let drawn = try Tool.run(
            ["generate", "--class", "207", "--seed", "3", "--model", model, "-o", "x.png", "--quiet"] + further, in: scratch)
        #expect(drawn.status == 0 && drawn.errors.isEmpty, "\(drawn.errors)")
        return try Image(path: scratch.path("x.png"))
    }

    /// RAR as its authors' scripts save it: a plain state dictionary, beside the tokenizer's.
    private func makeRAR() throws {
        try scratch.makeFolder("rar")
        try TorchArchiveWriter.write(TinyFamilies.parameters(TinyFamilies.rar), to: scratch.path("rar/rar_b.bin"))
        try TorchArchiveWriter.write(
            TinyFamilies.parameters(TinyFamilies.vqgan), to: scratch.path("rar/maskgit-vqgan-imagenet-f16-256.bin"))
    }

    /// TokenBridge as its training saves it: raw and averaged weights, buffers with the raw ones alone.
    private func makeTokenBridge() throws {
        try scratch.makeFolder("bridge")
        let averaged = TinyFamilies.parameters(TinyFamilies.tokenBridge).filter { $0.name != "reconstruction_values" }
        let table = GaussianQuantizer(levels: TinyFamilies.tokenBridge.levels)
        var raw = TinyFamilies.parameters(TinyFamilies.tokenBridge, seed: 6).filter { $0.name != "reconstruction_values" }
        raw.append((name: "channel_mask", tensor: .zeros([16, 16])))
        raw.append((name: "reconstruction_values", tensor: Tensor(table.centers, shape: [64])))
        raw.append((name: "boundaries", tensor: Tensor(table.edges, shape: [65])))
        try TorchArchiveWriter.write(
            [(container: "model", tensors: raw), ("model_ema", averaged)], to: scratch.path("bridge/checkpoint-last.pth"))
        var autoencoder = TinyFamilies.parameters(TinyFamilies.klAutoencoder)
        autoencoder.append((name: "loss.logvar", tensor: .zeros([1])))
        try TorchArchiveWriter.write([(container: "model", tensors: autoencoder)], to: scratch.path("bridge/kl16.ckpt"))
    }

    @Test func rarIsImportedAndDraws() throws {
        try makeRAR()
        #expect(try run("inspect", "rar/rar_b.bin").output.contains("RAR, 300 classes, 16 tokens of 20 codes"))
        let files = try picture("rar")
        #expect(files.width == 256)
        let imported = try run("import", "rar")
        #expect(imported.status == 0 && imported.output.contains("complete for generate"), "\(imported.errors)")
        #expect(try run("inspect", "rar").status == 0)
        #expect(try picture("rar") == files && picture("rar", "--threads", "1") == files)
        #expect(try picture("rar/rar_b.bin", "--tokenizer", "rar/maskgit-vqgan-imagenet-f16-256.bin") == files)

        // What the file says of how it came about.
        let info = try run("info", "x.png", "--json")
        let record = try #require(JSONSerialization.jsonObject(with: Data(info.output.utf8)) as? [String: Any])
        #expect(record["class"] as? Int == 207 && record["seed"] as? Int == 3)
        let settings = try #require(record["settings"] as? [String: Any])
        #expect(settings["steps"] as? Int == 16 && settings["guidance"] as? Double == 16 && settings["temperature"] as? Double == 1)
        #expect(settings["top_k"] == nil && settings["top_p"] == nil)

        // Every setting matters.
        #expect(try picture("rar", "--rng", "torch") != files)
        #expect(try picture("rar", "--guidance", "0") != files)
        let greedy = try picture("rar", "--temperature", "0")
        #expect(try greedy != files && picture("rar", "--top-k", "1") == greedy && picture("rar", "--top-p", "0") == greedy)
        #expect(try picture("rar", "--temperature", "0", "--rng", "torch") == greedy)
        #expect(try run("info", "x.png").output.contains("rng:         torch"))
        _ = try picture("rar", "--top-k", "5", "--top-p", "0.9", "--rng", "torch")
        let further = try run("info", "x.png").output
        #expect(further.contains("top-k:       5") && further.contains("top-p:       0.9") && further.contains("steps:       16"))
        expectFailure(try run("generate", "--class", "207", "--model", "rar", "--steps", "4"), 64, "no such setting")
        expectFailure(try run("generate", "--class", "300", "--model", "rar"), 64, "no class 300")
        expectFailure(try run("generate", "--class", "1", "--model", "rar", "--top-p", "2"), 64, "--top-p is 2")
        expectFailure(try run("generate", "--class", "1", "--model", "rar", "--top-k", "-1"), 64, "--top-k is -1")
        expectFailure(try run("generate", "--prompt", "a fox", "--model", "rar"), 64, "draws classes")
    }

    /// The same weights in other wrappings are the same model.
    @Test func rarInOtherFormats() throws {
        try makeRAR()
        let plain = try picture("rar")
        let parameters = TinyFamilies.parameters(TinyFamilies.rar)
        let prefixed = parameters.map { (name: "module." + $0.name, tensor: $0.tensor) }
        let tokenizer = ["--tokenizer", "rar/maskgit-vqgan-imagenet-f16-256.bin"]
        try TorchArchiveWriter.write(prefixed, to: scratch.path("a.pt"))
        try TorchArchiveWriter.write(
            [(container: "model", tensors: TinyFamilies.parameters(TinyFamilies.rar, seed: 6)), ("ema", prefixed)],
            to: scratch.path("b.pth"))
        try Checkpoint.write(
            parameters.map { ($0.name, $0.tensor) } + [("attn_mask", .zeros([4, 4]))], to: scratch.path("c.safetensors"))
        for file in ["a.pt", "b.pth", "c.safetensors"] {
            #expect(try picture(file, tokenizer[0], tokenizer[1]) == plain, "\(file)")
        }
    }

    @Test(arguments: ["rar", "bridge"])
    func conversions(_ model: String) throws {
        if model == "rar" { try makeRAR() } else { try makeTokenBridge() }
        let steps = model == "rar" ? [] : ["--steps", "3"]
        func draw(_ folder: String, _ further: [String] = []) throws -> Image {
            let drawn = try Tool.run(
                ["generate", "--class", "7", "--seed", "1", "--model", folder, "-o", "y.png", "--quiet"] + steps + further, in: scratch)
            #expect(drawn.status == 0, "\(drawn.errors)")
            return try Image(path: scratch.path("y.png"))
        }
        #expect(try run("import", model).status == 0)
        let plain = try draw(model)
        let half = try run("convert", model, "half", "--type", "bf16")
        #expect(half.status == 0, "\(half.errors)")
        #expect(try draw("half").width == plain.width)
        for type in ["f32", "bf16", "int8"] {
            let packed = try run("convert", model, type, "--type", type, "--packed")
            #expect(packed.status == 0, "\(packed.errors)")
            // A packed model draws what the plain one draws in that type, and says so.
            #expect(try draw(type) == draw(model, ["--precision", type]), "\(type)")
            if type != "f32" { #expect(try run("info", "y.png").output.contains("precision:   \(type == "int8" ? "int8" : "bfloat16")")) }
        }
        expectFailure(
            try run("generate", "--class", "7", "--model", "int8", "--precision", "f32"), 65, "packed as int8, expected float32")
    }

    @Test func tokenBridgeIsImportedAndDraws() throws {
        try makeTokenBridge()
        let told = try run("inspect", "bridge", "--fast").output
        #expect(told.contains("TokenBridge, 300 classes, 4 tokens of 16 codes of 64"))
        #expect(told.contains("the KL autoencoder of MAR and TokenBridge, 4 tokens of 16 codes of 64, 32×32 pixels"))
        let imported = try run("import", "bridge")
        #expect(imported.status == 0 && imported.output.contains("complete for generate"), "\(imported.errors)")
        let plain = try picture("bridge", "--steps", "3")
        #expect(plain.width == 32)
        #expect(try picture("bridge", "--steps", "3") == plain)
        #expect(try picture("bridge", "--steps", "3", "--rng", "torch") != plain)
        #expect(try picture("bridge", "--steps", "3", "--guidance", "1") != plain)
        #expect(try picture("bridge", "--steps", "3", "--temperature", "0") != plain)
        // The averaged weights are drawn with, not the raw ones.
        let averaged = TinyFamilies.parameters(TinyFamilies.tokenBridge).filter { $0.name != "reconstruction_values" }
        try Checkpoint.write(averaged.map { ($0.name, $0.tensor) }, to: scratch.path("averaged.safetensors"))
        #expect(try picture("averaged.safetensors", "--tokenizer", "bridge/kl16.ckpt", "--steps", "3") == plain)
        _ = try picture("bridge", "--steps", "3")
        let info = try run("info", "x.png").output
        #expect(info.contains("steps:       3") && info.contains("temperature: 0.96") && info.contains("guidance:    3.1"))
    }

    @Test func tokensOfSeveralChannels() throws {
        try makeTokenBridge()
        var image = Image(width: 32, height: 32, filled: Color(hex: 0x204080))
        image.fill(PixelRect(x: 8, y: 8, width: 20, height: 24), with: Color(hex: 0xFFC040))
        try image.write(to: scratch.path("fox.png"))
        let written = try run("tokenize", "fox.png", "--model", "bridge/kl16.ckpt")
        #expect(written.status == 0 && written.output == "fox.json: 4 tokens of 16 codes of 64\n", "\(written.errors)")
        let object = try #require(JSONSerialization.jsonObject(with: scratch.data("fox.json")) as? [String: Any])
        let tokens = try #require(object["tokens"] as? [[Int]])
        #expect(tokens.count == 4 && tokens.allSatisfy { $0.count == 16 && $0.allSatisfy { (0..<64).contains($0) } })
        #expect(try run("detokenize", "fox.json", "--model", "bridge/kl16.ckpt").status == 0)
        #expect(try run("reconstruct", "fox.png", "-o", "again.png", "--model", "bridge/kl16.ckpt").status == 0)
        #expect(try Image(path: scratch.path("fox-decoded.png")) == Image(path: scratch.path("again.png")))

        func refused(_ name: String, _ message: String, _ change: (inout [String: Any]) -> Void) throws {
            var changed = object
            change(&changed)
            try scratch.write(JSONSerialization.data(withJSONObject: changed), to: name)
            let names = try scratch.names()
            expectFailure(try run("detokenize", name, "--model", "bridge/kl16.ckpt"), 65, message)
            #expect(try scratch.names() == names)
        }
        try refused("far.json", "code 5 of token 2 is 64, expected 0 to 63") { object in
            var far = tokens
            far[2][5] = 64
            object["tokens"] = far
        }
        try refused("short.json", "token 1 has 15 codes, expected 16") { object in
            var short = tokens
            short[1].removeLast()
            object["tokens"] = short
        }
        try refused("flat.json", "token 0 has 1 codes, expected 16") { $0["tokens"] = tokens.flatMap { $0 } }
        try refused("few.json", "expected [any, 64]") { $0["tokens"] = Array(tokens.dropLast()) }
        try refused("text.json", "token 0 is no integer") { $0["tokens"] = ["a"] }
        // Tokens of another model, whose name is in the message beside this one's.
        try TinyFamilies.write(TinyFamilies.klAutoencoder, seed: 8, to: scratch.path("other.safetensors"))
        let foreign = try run("detokenize", "fox.json", "--model", "other.safetensors")
        expectFailure(foreign, 65, "kl16")
        #expect(foreign.errors.contains("other"))
    }

    @Test func modelsThatDoNotServe() throws {
        try makeRAR()
        // Another vocabulary than the tokenizer's.
        var other = TinyFamilies.vqgan
        other.codebookSize = 24
        try TinyFamilies.write(other, to: scratch.path("other.safetensors"))
        let message = "draws 16 tokens of 20 codes and other.safetensors decodes 16 tokens of 24 codes: they belong to different models"
        expectFailure(try run("generate", "--class", "1", "--model", "rar/rar_b.bin", "--tokenizer", "other.safetensors"), 65, message)
        expectFailure(try run("import", "rar/rar_b.bin", "other.safetensors", "--output", "."), 65, message)
        // Weights that are not numbers.
        var broken = TinyFamilies.parameters(TinyFamilies.rar)
        let last = try #require(broken.firstIndex { $0.name == "lm_head.weight" })
        var values = broken[last].tensor.values
        values[3] = .nan
        broken[last].tensor = Tensor(values, shape: broken[last].tensor.shape)
        try TorchArchiveWriter.write(broken, to: scratch.path("nan.bin"))
        let names = try scratch.names()
        expectFailure(
            try run(
                "generate", "--class", "1", "--model", "nan.bin", "--tokenizer", "rar/maskgit-vqgan-imagenet-f16-256.bin"), 65,
            "nan.bin': tensor 'lm_head.weight': expected finite values, found nan at index 3")
        // A tensor that is missing, and one of another shape.
        let whole = TinyFamilies.parameters(TinyFamilies.rar)
        try TorchArchiveWriter.write(whole.filter { $0.name != "blocks.1.mlp.fc2.bias" }, to: scratch.path("rar/rar_b.bin"))
        expectFailure(try run("generate", "--class", "1", "--model", "rar"), 65, "1 missing (blocks.1.mlp.fc2.bias)")
        let cut = whole.map { $0.name == "pos_embed" ? (name: $0.name, tensor: Tensor.zeros([1, 1000, 32])) : $0 }
        try TorchArchiveWriter.write(cut, to: scratch.path("rar/rar_b.bin"))
        expectFailure(try run("generate", "--class", "1", "--model", "rar"), 65, "positions: 1000 leaves nothing beside 1024")
        #expect(try scratch.names() == names)
    }

    @Test func tokenBridgesThatDoNotServe() throws {
        try makeTokenBridge()
        // A tokenizer whose latents have another number of channels. The bins are the generator's choice.
        var other = TinyFamilies.klAutoencoder
        other.channels = 8
        try TinyFamilies.write(other, to: scratch.path("other.safetensors"))
        expectFailure(
            try run("generate", "--class", "1", "--model", "bridge/checkpoint-last.pth", "--tokenizer", "other.safetensors"), 65,
            "draws 4 tokens of 16 codes of 64 and other.safetensors decodes 4 tokens of 8 codes of 64: they belong to different models")
        // Weights that are not numbers, of either.
        func write(_ parameters: [(name: String, tensor: Tensor)], breaking name: String, to file: String) throws {
            #expect(parameters.contains { $0.name == name })
            let broken = parameters.map { ($0.name, $0.name == name ? Tensor.filled($0.tensor.shape, with: .infinity) : $0.tensor) }
            try Checkpoint.write(broken, to: scratch.path(file))
        }
        for name in ["encoder_blocks.0.attn.qkv.weight", "channel_heads.3.bias", "decoder_pos_embed_learned"] {
            try write(TinyFamilies.parameters(TinyFamilies.tokenBridge), breaking: name, to: "bad.safetensors")
            expectFailure(
                try run("generate", "--class", "1", "--model", "bad.safetensors", "--tokenizer", "bridge/kl16.ckpt"), 65,
                "tensor '\(name)': expected finite values, found inf")
        }
        try write(TinyFamilies.parameters(TinyFamilies.klAutoencoder), breaking: "decoder.conv_out.bias", to: "bad.safetensors")
        expectFailure(
            try run("generate", "--class", "1", "--model", "bridge/checkpoint-last.pth", "--tokenizer", "bad.safetensors"), 65,
            "tensor 'decoder.conv_out.bias': expected finite values, found inf")
        #expect(try scratch.names() == ["bad.safetensors", "bridge", "other.safetensors"])
    }

    @Test func keysThatNobodyKnows() throws {
        try TinyFamilies.writeFolder(TinyFamilies.rar, tokenizer: TinyFamilies.vqgan, to: scratch.path("hub"))
        #expect(try picture("hub").width == 256)
        let text = try scratch.text("hub/config.json")
        #expect(text.contains("\"guidance_scale_pow\""))
        try scratch.write(
            text.replacingOccurrences(of: "\"guidance_scale_pow\"", with: "\"guidance_scale_exponent\":7,\"guidance_scale_pow\""),
            to: "hub/config.json")
        let drawn = try run("generate", "--class", "1", "--model", "hub", "-o", "z.png")
        #expect(drawn.status == 0 && drawn.errorLines.count == 1)
        #expect(drawn.errors.contains("model.generator.guidance_scale_exponent is no key that is known here"), "\(drawn.errors)")
        #expect(try run("inspect", "hub/config.json").output.contains("guidance_scale_exponent"))
    }
}
