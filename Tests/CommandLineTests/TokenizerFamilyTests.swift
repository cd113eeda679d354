import Checkpoints
import Foundation
import Images
import Layers
import ModelFolders
import Networks
import Tensors
import TestSupport
import Testing

/// `tokenize`, `detokenize` and `reconstruct` with image tokenizers that are no FlowTok's.
@Suite struct TokenizerFamilyTests {
    let scratch: Scratch

    init() throws {
        scratch = try Scratch()
        for (name, color) in [("fox", UInt32(0x204080)), ("cat", 0xC03020)] {
            var image = Image(width: 48, height: 40, filled: Color(hex: color))
            image.fill(PixelRect(x: 8, y: 8, width: 20, height: 24), with: Color(hex: 0xFFC040))
            try image.write(to: scratch.path(name + ".png"))
        }
    }

    private func run(_ arguments: String...) throws -> Tool.Result { try Tool.run(arguments, in: scratch) }

    private func codes(_ file: String) throws -> [Int] {
        let object = try #require(JSONSerialization.jsonObject(with: scratch.data(file)) as? [String: Any])
        #expect(object["format"] as? String == "flowtok-tokens")
        return try #require(object["tokens"] as? [Int])
    }

    @Test func codesOfAFolder() throws {
        try TinyFamilies.writeFolder(TinyFamilies.tiTok(), to: scratch.path("titok"))
        let written = try run("tokenize", "fox.png", "--model", "titok")
        #expect(written.status == 0 && written.output == "fox.json: 6 tokens of 50 codes\n", "\(written.errors)")
        let found = try codes("fox.json")
        #expect(found.count == 6 && found.allSatisfy { (0..<50).contains($0) })
        #expect(try run("detokenize", "fox.json", "--model", "titok").status == 0)
        #expect(try run("reconstruct", "fox.png", "-o", "again.png", "--model", "titok").status == 0)
        #expect(try Image(path: scratch.path("fox-decoded.png")) == Image(path: scratch.path("again.png")))
        // Other codes are another picture.
        let other = found.map { ($0 + 1) % 50 }
        try rewrite("fox.json", "other.json") { $0["tokens"] = other }
        #expect(try run("detokenize", "other.json", "--model", "titok").status == 0)
        #expect(try Image(path: scratch.path("other-decoded.png")) != Image(path: scratch.path("again.png")))
    }

    @Test func latentsOfACheckpointAlone() throws {
        try TinyFamilies.write(TinyFamilies.tiTok(.plain, .variational), to: scratch.path("vae.safetensors"))
        let written = try run("tokenize", "fox.png", "--model", "vae.safetensors")
        #expect(written.status == 0 && written.output == "fox.safetensors: 6 tokens of 4 numbers\n", "\(written.errors)")
        #expect(try Checkpoint(path: scratch.path("fox.safetensors")).metadata["model"] == "vae")
        #expect(try run("detokenize", "fox.safetensors", "--model", "vae.safetensors").status == 0)
        // A file that was renamed or converted is the same model; the tokens know its weights.
        try FileManager.default.moveItem(atPath: scratch.path("vae.safetensors"), toPath: scratch.path("other.safetensors"))
        #expect(try run("detokenize", "fox.safetensors", "--model", "other.safetensors").status == 0)
        expectFailure(try run("tokenize", "fox.png", "--model", "other.safetensors", "-o", "x.json"), 64, ".safetensors")
        #expect(!scratch.has("x.json"))
    }

    @Test func severalPictures() throws {
        try TinyFamilies.writeFolder(TinyFamilies.tiTok(), to: scratch.path("titok"))
        let written = try run("tokenize", "fox.png", "cat.png", "--model", "titok", "-o", "tokens")
        #expect(written.status == 0 && written.lines.count == 2, "\(written.errors)")
        #expect(try scratch.names("tokens") == ["cat.json", "fox.json"])
        let measured = try run("reconstruct", "fox.png", "cat.png", "--model", "titok", "--compare", "-o", "compared")
        #expect(measured.status == 0 && measured.lines.count == 3, "\(measured.errors)")
        #expect(measured.lines[2].contains(/^mean of 2: PSNR [\d.]+ dB, SSIM -?[\d.]+$/))
        #expect(try scratch.names("compared") == ["cat-compare.png", "fox-compare.png"])
        let pair = try Image(path: scratch.path("compared/fox-compare.png"))
        #expect(pair.width == 2 * 32 + 4 && pair.height == 32)
        try scratch.makeFolder("a")
        try FileManager.default.copyItem(atPath: scratch.path("fox.png"), toPath: scratch.path("a/fox.png"))
        // Two pictures of one name keep their tokens apart.
        let alike = try run("tokenize", "fox.png", "a/fox.png", "--model", "titok")
        #expect(alike.status == 0 && alike.lines.map { $0.prefix { $0 != ":" } } == ["fox.json", "fox-2.json"], "\(alike.errors)")
    }

    @Test func convolutionalCodes() throws {
        let shape = MaskGITVQGANConfiguration(
            hiddenChannels: 32, channelMultipliers: [1, 1, 1, 1, 1, 1], residualBlocks: 1, codeSize: 8, codebookSize: 20)
        try TinyFamilies.write(shape, to: scratch.path("vqgan.safetensors"))
        let written = try run("tokenize", "fox.png", "--model", "vqgan.safetensors")
        #expect(written.status == 0 && written.output == "fox.json: 64 tokens of 20 codes\n", "\(written.errors)")
        #expect(try run("detokenize", "fox.json", "--model", "vqgan.safetensors", "-o", "again.png").status == 0)
        #expect(try Image(path: scratch.path("again.png")).width == 256)
    }

    @Test func captionsGuideTextAwareDecoders() throws {
        try TinyFamilies.writeFolder(TinyFamilies.tiTok(.textAware), to: scratch.path("ta"))
        try TinyFamilies.writeCLIP(to: scratch.path("clip"))
        #expect(try run("tokenize", "fox.png", "--model", "ta").status == 0)
        expectFailure(
            try run("detokenize", "fox.json", "--model", "ta", "--prompt", "a fox"), 64, "CLIP's text tower is not at hand")
        var pictures: [Image] = []
        for arguments in [[], ["--clip", "clip"], ["--clip", "clip", "--prompt", "a fox"]] {
            let decoded = try Tool.run(
                ["detokenize", "fox.json", "--model", "ta", "-o", "again.png"] + arguments, in: scratch)
            #expect(decoded.status == 0, "\(decoded.errors)")
            pictures.append(try Image(path: scratch.path("again.png")))
        }
        #expect(pictures[0] != pictures[1] && pictures[1] != pictures[2] && pictures[0] != pictures[2])
        try TinyFamilies.writeFolder(TinyFamilies.tiTok(), to: scratch.path("plain"))
        expectFailure(
            try run("reconstruct", "fox.png", "--model", "plain", "--prompt", "a fox"), 64, "nothing guides the decoder")
        expectFailure(
            try run("detokenize", "fox.json", "--model", "ta", "--clip", "plain"), 66, "no text tower of CLIP")
    }

    /// Packed, they are what they were at the same precision, with the text tower that guides them.
    @Test func packed() throws {
        try TinyFamilies.writeFolder(TinyFamilies.tiTok(), to: scratch.path("titok"))
        try TinyFamilies.write(TinyFamilies.tiTok(.textAware), to: scratch.path("ta.safetensors"))
        try TinyFamilies.writeCLIP(to: scratch.path("clip"))
        #expect(try run("import", "ta.safetensors", "clip", "--output", "ta").status == 0)
        for (model, further) in [("titok", []), ("ta", ["--prompt", "a fox"])] {
            for type in ["f32", "int8"] {
                let output = "\(model)-\(type)"
                let converted = try run("convert", model, output, "--type", type, "--packed")
                #expect(converted.status == 0, "\(converted.errors)")
                var pictures: [Data] = []
                for arguments in [["--model", output], ["--model", model, "--precision", type]] {
                    let again = try Tool.run(["reconstruct", "fox.png", "-o", "again.png"] + arguments + further, in: scratch)
                    #expect(again.status == 0, "\(again.errors)")
                    pictures.append(try scratch.data("again.png"))
                }
                #expect(pictures[0] == pictures[1], "\(output)")
                expectFailure(try run("reconstruct", "fox.png", "--model", output, "--precision", "bf16"), 65, "packed as")
            }
        }
    }

    // MARK: - What is refused

    @Test func tokensOfOtherModels() throws {
        try TinyFamilies.writeFolder(TinyFamilies.tiTok(), to: scratch.path("one"))
        try TinyFamilies.writeFolder(TinyFamilies.tiTok(), seed: 6, to: scratch.path("two"))
        #expect(try run("tokenize", "fox.png", "--model", "one").status == 0)
        let refused = try run("detokenize", "fox.json", "--model", "two")
        expectFailure(refused, 65, "tokens of the model \"one\", which \"two\" cannot decode")
        #expect(!scratch.has("fox-decoded.png"))
        // Of two models of one name, the weights tell.
        try FileManager.default.removeItem(atPath: scratch.path("one"))
        try FileManager.default.moveItem(atPath: scratch.path("two"), toPath: scratch.path("one"))
        expectFailure(try run("detokenize", "fox.json", "--model", "one"), 65, "\"one\" (weights ")
        // The shipped kind of model has latents.
        expectFailure(try run("detokenize", "fox.json"), 65, "which \"tiny, for tests\" cannot decode")
    }

    private func rewrite(_ file: String, _ other: String, _ change: (inout [String: Any]) -> Void) throws {
        var object = try #require(JSONSerialization.jsonObject(with: scratch.data(file)) as? [String: Any])
        change(&object)
        try scratch.write(JSONSerialization.data(withJSONObject: object), to: other)
    }

    @Test func brokenCodes() throws {
        try TinyFamilies.writeFolder(TinyFamilies.tiTok(), to: scratch.path("titok"))
        #expect(try run("tokenize", "fox.png", "--model", "titok").status == 0)
        let good = try codes("fox.json")
        let names = try scratch.names()
        let cases: [(Any, String)] = [
            (Array(good.dropLast()) + [50], "token 5 is 50, expected 0 to 49"),
            ([-1] + Array(good.dropFirst()), "token 0 is -1, expected 0 to 49"),
            (Array(good.dropLast()) + [1 << 40], "token 5 is 1099511627776, expected 0 to 49"),
            (Array(good.dropLast()), "[1, 5], expected [any, 6]"), (good + good, "[1, 12], expected [any, 6]"), ([Int](), "[1, 0]"),
            (good.dropLast().map { $0 as Any } + [1.5 as Any], "token 5 is no integer"),
            (good.dropLast().map { $0 as Any } + ["7" as Any], "token 5 is no integer"),
            (good.dropLast().map { $0 as Any } + [NSNull() as Any], "token 5 is no integer"),
            ([good], "token 0 is no integer"), ("7", "no list of integers"),
        ]
        for (tokens, message) in cases {
            try rewrite("fox.json", "bad.json") { $0["tokens"] = tokens }
            expectFailure(try run("detokenize", "bad.json", "--model", "titok"), 65, message)
        }
        let whole = try scratch.text("fox.json")
        for (text, message) in [
            (whole.replacingOccurrences(of: "\(good[5])]", with: "99999999999999999999999]"), "token 5 is no integer"),
            (whole.replacingOccurrences(of: "flowtok-tokens", with: "other"), "its format is \"other\""),
            (String(whole.dropLast(4)), "bad.json"), ("[1, 2]", "bad.json"), ("{}", "is missing"),
            (whole + String(repeating: " ", count: 17 << 20), "expected the tokens of one picture"),
        ] {
            try scratch.write(text, to: "bad.json")
            expectFailure(try run("detokenize", "bad.json", "--model", "titok"), 65, message)
        }
        try rewrite("fox.json", "bad.json") { $0["tokens"] = [Int](repeating: 3, count: 2_000_000) }
        expectFailure(try run("detokenize", "bad.json", "--model", "titok"), 65, "[1, 2000000], expected [any, 6]")
        #expect(try scratch.names() == (names + ["bad.json"]).sorted())
    }

    @Test func tokensOfTheOtherKind() throws {
        try TinyFamilies.write(TinyFamilies.tiTok(.plain, .variational), to: scratch.path("vae.safetensors"))
        #expect(try run("tokenize", "fox.png", "--model", "vae.safetensors").status == 0)
        let digest = try #require(Checkpoint(path: scratch.path("fox.safetensors")).metadata["weights"])
        try scratch.write(
            #"{"format":"flowtok-tokens","model":"vae","tokens":[1,2,3,4,5,6],"weights":"\#(digest)"}"#, to: "codes.json")
        expectFailure(try run("detokenize", "codes.json", "--model", "vae.safetensors"), 65, "expected latents")
        try Checkpoint.write(
            [("latents", .zeros([1, 7, 4]))], metadata: ["model": "vae", "weights": digest], to: scratch.path("t.safetensors"))
        expectFailure(try run("detokenize", "t.safetensors", "--model", "vae.safetensors"), 65, "[1, 7, 4], expected [any, 6, 4]")
    }

    @Test func modelsThatAreNone() throws {
        try TinyFamilies.write(TinyFamilies.maskGIT, to: scratch.path("generator.safetensors"))
        expectFailure(
            try run("tokenize", "fox.png", "--model", "generator.safetensors"), 65, "a MaskGIT generator over TiTok tokens")
        expectFailure(try run("tokenize", "fox.png", "--model", "none"), 66, "none")
        try scratch.makeFolder("empty")
        expectFailure(try run("tokenize", "fox.png", "--model", "empty"), 66, "no image tokenizer among its files")
        try TinyFamilies.writeFolder(TinyFamilies.tiTok(), to: scratch.path("titok"))
        let configuration = try scratch.text("titok/config.json")
        for (from, to) in [("\"num_latent_tokens\":6", "\"num_latent_tokens\":1099511627776"), ("\"crop_size\":32", "\"crop_size\":33")] {
            #expect(configuration.contains(from))
            try scratch.write(configuration.replacingOccurrences(of: from, with: to), to: "titok/config.json")
            expectFailure(try run("tokenize", "fox.png", "--model", "titok"), 65, "titok/config.json")
        }
        try scratch.write(
            configuration.replacingOccurrences(of: "\"num_latent_tokens\":6", with: "\"num_latent_tokens\":7"),
            to: "titok/config.json")
        expectFailure(try run("tokenize", "fox.png", "--model", "titok"), 65, "latent_tokens [6, 64], expected [7, 64]")
    }

    /// A transformer that is narrower than a head leaves the number of heads open: one is assumed, and said.
    @Test func headsThatShapesDoNotTell() throws {
        var narrow = TinyFamilies.tiTok()
        narrow.encoder = TransformerShape(width: 32, layers: 1, heads: 1)
        narrow.decoder = TransformerShape(width: 48, layers: 1, heads: 1)
        try scratch.makeFolder("narrow")
        try TinyFamilies.write(narrow, to: scratch.path("narrow/model.safetensors"))
        let alone = try run("reconstruct", "fox.png", "--model", "narrow/model.safetensors")
        let undescribed = try run("reconstruct", "fox.png", "--model", "narrow")
        for result in [alone, undescribed, try run("import", "narrow")] {
            #expect(result.status == 0, "\(result.errors)")
            for width in [32, 48] { #expect(result.errors.contains("narrow/model.safetensors: assumed one head for a width of \(width)")) }
        }
        let described = try run("reconstruct", "fox.png", "--model", "narrow")
        #expect(described.status == 0 && described.errors.isEmpty && described.output == alone.output, "\(described.errors)")
    }
}
