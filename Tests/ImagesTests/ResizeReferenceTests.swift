import Images
import Testing

private let flowtokFile = "flowtok/image_preprocess.safetensors"
private let titokFile = "titok/preprocess.safetensors"

@Suite("Resizing against the official preprocessing")
struct ResizeReferenceTests {
    func image(_ entry: ReferenceFile.Entry) -> Image {
        Image(width: entry.shape[1], height: entry.shape[0], pixels: entry.bytes)
    }

    @Test(
        "FlowTok: shorter edge and centre crop", .enabled(if: ReferenceFile.exists(flowtokFile), "no reference files here"),
        arguments: ["landscape", "portrait", "upsample", "square", "odd"])
    func flowtok(what: String) throws {
        let file = try ReferenceFile(flowtokFile)
        let input = try image(file.bytes(what + "_in"))
        let expected = try file.bytes(what + "_out_u8")
        let side = expected.shape[1]
        let output = input.centerSquare(side)
        let plane = side * side
        let planar = (0..<3 * plane).map { output.pixels[$0 % plane * 3 + $0 / plane] }
        #expect(planar == expected.bytes)
        #expect(try input.resizedShorterEdge(to: side).centerCropped(to: side) == output)
    }

    @Test(
        "TiTok: resized, cropped, floats", .enabled(if: ReferenceFile.exists(titokFile), "no reference files here"),
        arguments: ["down", "down_tall", "up", "far"])
    func titok(what: String) throws {
        let file = try ReferenceFile(titokFile)
        let input = try image(file.bytes(what + "/input_u8"))
        #expect(try input.resizedShorterEdge(to: 32) == image(file.bytes(what + "/resized_u8")))
        #expect(try input.centerSquare(32) == image(file.bytes(what + "/cropped_u8")))
        #expect(try input.centerSquare(32).planarFloats() == file.floats(what + "/tensor"))
    }
}
