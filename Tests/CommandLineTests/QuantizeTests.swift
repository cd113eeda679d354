import Foundation
import Images
import Networks
import TestSupport
import Testing

/// `flowtok quantize`.
@Suite struct QuantizeTests {
    let scratch: Scratch

    init() throws {
        scratch = try Scratch()
        for (name, color) in [("fox", UInt32(0x204080)), ("cat", 0xC03020)] {
            var image = Image(width: 48, height: 40, filled: Color(hex: color))
            image.fill(PixelRect(x: 8, y: 8, width: 20, height: 24), with: Color(hex: 0xFFC040))
            try image.write(to: scratch.path(name + ".png"))
        }
    }

    private func run(_ arguments: String...) throws -> Tool.Result { try Tool.run(["quantize"] + arguments, in: scratch) }

    private func rows(_ result: Tool.Result) throws -> [[String: Any]] {
        #expect(result.status == 0, "\(result.errors)")
        return try result.lines.map { try #require(JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]) }
    }

    @Test(arguments: ["flowtok", "vae", "autoencoder", "flextok"])
    func moreBinsLoseLess(_ kind: String) throws {
        let model =
            switch kind {
            case "flowtok": try TinyModel.path()
            case "vae": "vae.safetensors"
            case "flextok": "flextok"
            default: "kl16.safetensors"
            }
        if kind == "vae" { try TinyFamilies.write(TinyFamilies.tiTok(.plain, .variational), to: scratch.path(model)) }
        if kind == "flextok" { try TinyFamilies.writeFlexTok(to: scratch.path(model)) }
        if kind == "autoencoder" { try TinyFamilies.write(TinyFamilies.klAutoencoder, to: scratch.path(model)) }
        let found = try rows(run(model, "fox.png", "cat.png", "--bins", "2,16,256", "--json"))
        #expect(found.map { $0["bins"] as? Int } == [2, 16, 256])
        // Where pictures are equal, JSON has a text.
        let psnrs = found.map { $0["psnr"] as? Double ?? .infinity }
        #expect(psnrs[0] < psnrs[2] && psnrs[1] <= psnrs[2], "\(psnrs)")
        for row in found {
            #expect(row["pictures"] as? Int == 2 && row["ssim"] is Double && row["psnr_to_picture"] is Double)
            #expect(try #require(row["bytes"] as? Int) > 0)
        }
        let bytes = found.compactMap { $0["bytes"] as? Int }
        #expect(bytes[1] >= 4 * bytes[0] - 4 && bytes[2] >= 2 * bytes[1] - 2)
        #expect(try scratch.names().filter { $0.hasSuffix(".png") } == ["cat.png", "fox.png"])
    }

    @Test func lines() throws {
        let result = try run(TinyModel.path(), "fox.png")
        #expect(result.status == 0 && result.lines.count == 4, "\(result.errors)")
        for (line, bins) in zip(result.lines, [8, 16, 32, 64]) {
            #expect(line.contains(/^\d+ bins: PSNR ([\d.]+|inf) dB, SSIM [\d.]+; .* bytes$/), "\(line)")
            #expect(line.hasPrefix("\(bins) bins: "))
        }
    }

    @Test func whatCannotBeQuantized() throws {
        try TinyFamilies.writeFolder(TinyFamilies.tiTok(), to: scratch.path("titok"))
        expectFailure(try run("titok", "fox.png"), 65, "its tokens are 6 tokens of 50 codes, expected a tokenizer of latents")
        expectFailure(try run("none", "fox.png"), 66, "none")
        expectFailure(try run(TinyModel.path(), "none.png"), 66, "none.png")
        for bins in ["1", "513", "8,", "", "a", "8,-3"] {
            expectFailure(try run(TinyModel.path(), "fox.png", "--bins", bins), 64, "--bins has")
        }
        expectFailure(try run(TinyModel.path(), "fox.png", "--range", "0"), 64, "--range is 0")
    }
}
