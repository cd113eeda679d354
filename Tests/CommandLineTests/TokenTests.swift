import Checkpoints
import Foundation
import Images
import Tensors
import Testing

@Suite struct TokenTests {
    let scratch: Scratch

    init() throws {
        scratch = try Scratch()
        var image = Image(width: 48, height: 48, filled: Color(hex: 0x204080))
        image.fill(PixelRect(x: 8, y: 8, width: 20, height: 30), with: Color(hex: 0xFFC040))
        try image.write(to: scratch.path("fox.png"))
    }

    private func run(_ arguments: String...) throws -> Tool.Result { try Tool.run(arguments, in: scratch) }

    @Test func tokensComeBackAsThePicture() throws {
        let written = try run("tokenize", "fox.png")
        #expect(written.status == 0 && written.output == "fox.safetensors: 16 tokens of 4 numbers\n")
        let checkpoint = try Checkpoint(path: scratch.path("fox.safetensors"))
        #expect(checkpoint.entries.map(\.shape) == [[1, 16, 4]])
        #expect(try run("detokenize", "fox.safetensors").status == 0)
        #expect(try run("reconstruct", "fox.png", "-o", "again.png").status == 0)
        #expect(try Image(path: scratch.path("fox-decoded.png")) == Image(path: scratch.path("again.png")))
    }

    @Test func measuresAReconstruction() throws {
        let result = try run("reconstruct", "fox.png")
        #expect(result.status == 0)
        #expect(result.output.contains(/^PSNR [\d.]+ dB, SSIM -?[\d.]+\n$/))
        #expect(try scratch.names() == ["fox.png"])
        let compared = try run("reconstruct", "fox.png", "--compare", "--json")
        let object = try #require(JSONSerialization.jsonObject(with: Data(compared.output.utf8)) as? [String: Any])
        #expect(object["output"] as? String == "fox-compare.png" && object["psnr"] is Double && object["ssim"] is Double)
        let pair = try Image(path: scratch.path("fox-compare.png"))
        #expect(pair.width == 2 * 32 + 4 && pair.height == 32)
    }

    @Test func refusesWhatAreNoTokens() throws {
        expectFailure(try run("detokenize", "none.safetensors"), 66, "no such file")
        expectFailure(try run("detokenize", "fox.png"), 65, "fox.png")
        try Checkpoint.write([("latents", .zeros([1, 16, 4]))], metadata: ["model": "another"], to: scratch.path("t.safetensors"))
        expectFailure(try run("detokenize", "t.safetensors"), 65, "another")
        try Checkpoint.write(
            [("latents", .zeros([1, 3, 4]))], metadata: ["model": "tiny, for tests"], to: scratch.path("t.safetensors"))
        expectFailure(try run("detokenize", "t.safetensors"), 65, "[1, 3, 4]")
        try Checkpoint.write(
            [("other", .zeros([1, 16, 4]))], metadata: ["model": "tiny, for tests"], to: scratch.path("t.safetensors"))
        expectFailure(try run("detokenize", "t.safetensors"), 65, "latents")
        #expect(try scratch.names() == ["fox.png", "t.safetensors"])
    }

    @Test func refusesOutputsThatCannotBe() throws {
        expectFailure(try run("tokenize", "fox.png", "-o", "no/fox.safetensors"), 66, "no: no such folder")
        expectFailure(try run("reconstruct", "fox.png", "-o", "fox.png/again.png"), 65, "cannot be written")
    }
}
