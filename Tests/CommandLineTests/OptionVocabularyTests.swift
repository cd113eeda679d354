import Checkpoints
import Foundation
import Images
import Tensors
import TestSupport
import Testing

/// One word for one thing in every command, and help where another word is used.
@Suite struct OptionVocabularyTests {
    let scratch: Scratch

    init() throws {
        scratch = try Scratch()
        try Image(width: 40, height: 30, filled: .white).write(to: scratch.path("a.png"))
    }

    private func run(_ arguments: String...) throws -> Tool.Result { try Tool.run(arguments, in: scratch) }

    @Test func aSeedOfMinusOneIsRandom() throws {
        let seeds = try (0..<3).map { _ in
            let result = try run("t2i", "a cat", "--seed", "-1", "--json", "--steps", "1")
            #expect(result.status == 0, "\(result.errors)")
            let line = try #require(JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
            return try #require(line["seed"] as? Int)
        }
        #expect(Set(seeds).count > 1)
        expectFailure(try run("t2i", "a cat", "--seed", "-2"), 64, "-2")
    }

    @Test(arguments: [
        (["txt2img", "a cat"], "did you mean t2i"), (["img2txt", "a.png"], "did you mean i2t"), (["t21", "a"], "did you mean t2i"),
        (["tokenise", "a.png"], "did you mean tokenize"), (["convrt"], "did you mean convert"), (["train", "tokeniser", "x"], "did you mean tokenizer"),
        (["train", "everything"], "expected one of vocabulary"), (["a red fox"], "flowtok t2i \"a red fox\""),
        (["t2i", "x", "--cfg-scale", "3"], "'--guidance'"), (["t2i", "x", "--stpes", "3"], "'--steps'"), (["t2i", "x", "--n", "3"], "'--count'"),
        (["t2i", "-5 degrees"], "flowtok t2i -- \"-5 degrees\""), (["t2i", "a cat", "-5 degrees"], "flowtok t2i -- \"-5 degrees\""),
        (["t2i", "--a bird"], "comes after --"), (["help", "nope"], "nope"), (["help", "txt2img"], "did you mean t2i"),
        (["help", "train", "nope"], "nope"), (["--frobnicate"], "frobnicate"),
    ]) func saysWhatMayBeMeant(arguments: [String], message: String) throws {
        expectFailure(try Tool.run(arguments, in: scratch), 64, message)
        #expect(try scratch.names() == ["a.png"])
    }

    @Test func promptsMayBeginWithAHyphen() throws {
        #expect(try run("t2i", "-o", "cold.png", "--", "-5 degrees").status == 0)
        #expect(try run("t2i", "--prompt", "-5 degrees", "-o", "cold-2.png").status == 0)
        #expect(try run("help", "t2i").output == run("t2i", "--help").output)
        #expect(try run("help", "train", "flow").status == 0)
    }

    @Test(arguments: ["f32", "fp32", "float32", "bf16", "bfloat16", "BF16", "f16", "fp16", "float16", "half"])
    func everyNameOfATypeIsKnown(name: String) throws {
        try Checkpoint.write([("x", Tensor([1, 2], shape: [2]))], to: scratch.path("x.safetensors"))
        for option in ["--type", "--precision"] {
            #expect(try run("convert", "x.safetensors", "out.safetensors", option, name).status == 0)
            let drawn = try run("t2i", "a cat", "--steps", "1", option, name, "-o", "x.png")
            #expect(drawn.status == 0, "\(drawn.errors)")
            let isHalf = ["f16", "fp16", "float16", "half"].contains(name)
            #expect(drawn.errors.contains("bfloat16 takes its place") == isHalf)
        }
        let type = try #require(Checkpoint(path: scratch.path("out.safetensors")).entries.first?.type)
        #expect(type == (name.lowercased().hasPrefix("b") ? .bf16 : name.contains("32") ? .f32 : .f16))
    }

    @Test func bothNamesOfJSONAreKnown() throws {
        for option in ["--json", "--jsonl"] {
            for command in [
                ["t2i", "a cat", "--steps", "1"], ["i2t", "a.png"], ["reconstruct", "a.png"], ["tokenize", "a.png"], ["info", "a.png"], ["doctor"],
                ["inspect", "\(try TinyModel.path())/model.safetensors", "--fast"],
            ] {
                let result = try Tool.run(command + [option], in: scratch)
                #expect(result.status == 0, "\(command) \(result.errors)")
                let line = try #require(result.lines.first)
                #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(line.utf8)) }
            }
        }
    }

    /// Every command that writes or prints knows these words, or has nothing that they could mean.
    @Test(arguments: ["--json", "--jsonl", "--quiet", "-q"]) func everyCommandOfFilesKnows(option: String) throws {
        #expect(try Tool.run(["tokenize", "a.png", "-o", "t.safetensors"], in: scratch).status == 0)
        for command in [
            ["detokenize", "t.safetensors"], ["quantize", "\(try TinyModel.path())", "a.png", "--bins", "8"], ["morph", "a", "b", "--steps", "1"],
        ] {
            let result = try Tool.run(command + [option], in: scratch)
            #expect(result.status == 0, "\(command) \(result.errors)")
            if option.hasPrefix("--json") { #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(result.output.utf8)) } }
        }
    }

    @Test func foreignFilesAreNoTokens() throws {
        try Checkpoint.write([("latents", Tensor([1, 2], shape: [2]))], to: scratch.path("foreign.safetensors"))
        let result = try run("detokenize", "foreign.safetensors")
        expectFailure(result, 65, "holds no tokens that flowtok tokenize wrote")
        #expect(!result.errors.contains("unknown"))
    }
}
