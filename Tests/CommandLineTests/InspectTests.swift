import Checkpoints
import Files
import Foundation
import Tensors
import TestSupport
import Testing

@Suite struct InspectTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func inspect(_ arguments: String...) throws -> Tool.Result {
        try Tool.run(["inspect"] + arguments, in: scratch)
    }

    @Test func tellsWhatACheckpointHolds() throws {
        try Checkpoint.write(
            [("w", Tensor([1, 2, 3, 4, 5, 6], shape: [2, 3])), ("s", Tensor(1))], as: .bf16, metadata: ["made": "by hand"],
            to: scratch.path("a.safetensors"))
        let result = try inspect("a.safetensors")
        #expect(result.status == 0)
        #expect(result.lines.contains { $0.contains("w  BF16  2×3  12 B") })
        #expect(result.output.contains("made: by hand") && result.output.contains("all finite"))
        let object = try #require(
            JSONSerialization.jsonObject(with: Data(inspect("a.safetensors", "--json").output.utf8)) as? [String: Any])
        #expect(object["values"] as? Int == 7 && object["finite"] as? Bool == true)
        #expect(object["recognised"] as? String == "safetensors")
        let sum = try SHA256.hexadecimalDigest(ofFile: scratch.path("a.safetensors"))
        #expect(object["sha256"] as? String == sum && sum.count == 64)
        let fast = try inspect("a.safetensors", "--fast")
        #expect(fast.status == 0 && !fast.output.contains("sha256"))
    }

    @Test func looksAtPipesAndAtSeveralFiles() throws {
        try Checkpoint.write([("w", Tensor([1, 2], shape: [2]))], to: scratch.path("a.safetensors"))
        try scratch.write("hello", to: "b.pth")
        let whole = try inspect("a.safetensors")
        for line in ["\"$FT\" inspect - < a.safetensors", "cat a.safetensors | \"$FT\" inspect -"] {
            let result = try Tool.shell(line, in: scratch)
            #expect(result.status == 0, "\(result.errors)")
            #expect(result.output == whole.output.replacing("a.safetensors", with: "standard input"))
        }
        let substituted = try Tool.shell("\"$FT\" inspect <(cat a.safetensors)", in: scratch)
        #expect(substituted.status == 0 && substituted.lines.first?.contains("/dev/fd/") == true, "\(substituted.errors)")
        expectFailure(try Tool.shell("echo hello | \"$FT\" inspect -", in: scratch), 65, "standard input")
        expectFailure(try inspect("-", "-"), 64, "only once")
        let several = try inspect("a.safetensors", "none.pth", "b.pth", "a.safetensors", "--fast")
        #expect(several.status == 65 && several.lines.count { $0.hasPrefix("a.safetensors: ") } == 2)
        #expect(several.errorLines.count == 3 && several.errors.hasSuffix("2 of 4 files have problems\n"), "\(several.errors)")
        #expect(try inspect("a.safetensors", "none.pth").status == 66)
    }

    @Test func tellsWhatAModelFolderHolds() throws {
        try TinyModel.copy(to: scratch, as: "model")
        let result = try inspect("model")
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.output.contains("the configuration of the flowtok model \"tiny, for tests\" (Apache-2.0)"))
        #expect(result.output.contains("the weights of the flowtok model"))
        #expect(result.output.contains("a SentencePiece vocabulary of"))
        #expect(try inspect("model", "--json").lines.count == 3)
    }

    @Test func reportsValuesThatAreNotFinite() throws {
        try Checkpoint.write([("w", Tensor([1, .nan], shape: [2]))], to: scratch.path("a.safetensors"))
        let result = try inspect("a.safetensors")
        #expect(result.status == 65)
        #expect(result.output.contains("not all finite") && result.errorLines.count == 1)
        #expect(result.errors.contains("'w'") && result.errors.contains("index 1"))
    }

    @Test func refusesWhatItCannotRead() throws {
        expectFailure(try inspect("none.pth"), 66, "no such file")
        try scratch.write("hello", to: "a.pth")
        expectFailure(try inspect("a.pth"), 65, "expected safetensors, a shard index or a PyTorch file")
        try scratch.makeFolder("empty")
        expectFailure(try inspect("empty"), 65, "nothing to inspect")
    }
}
