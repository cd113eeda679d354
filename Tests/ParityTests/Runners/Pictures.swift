import Checkpoints
import Images
import Tensors
import TestSupport
import Testing

/// What FlowTok sees of pictures: `<what>_in` [height, width, 3] and `<what>_out_u8` [3, side, side].
func compareFlowTokPictures(_ comparison: Comparison) throws {
    for name in comparison.golden.outputs where name.hasSuffix("_in") {
        let output = String(name.dropLast("_in".count)) + "_out_u8"
        let side = try comparison.golden.tensor(output).shape[1]
        let cropped = try image(comparison.given(name)).centerSquare(side)
        try comparison.compareBytes(output, tensor(cropped).permuted(2, 0, 1))
    }
}

/// What TiTok and TA-TiTok see of pictures (reference section 6).
func compareTiTokPictures(_ comparison: Comparison) throws {
    struct Steps: Decodable {
        let resize_shorter_edge: Int
        let crop_size: Int
    }
    let golden = comparison.golden
    let steps = try golden.decode("config", as: Steps.self)
    for name in golden.outputs where name.hasSuffix("/input_u8") {
        let picture = name.dropLast("/input_u8".count)
        let input = try image(comparison.given(name))
        let resized = try input.resizedShorterEdge(to: steps.resize_shorter_edge)
        let cropped = resized.centerCropped(to: steps.crop_size)
        try comparison.compareBytes("\(picture)/resized_u8", tensor(resized))
        try comparison.compareBytes("\(picture)/cropped_u8", tensor(cropped))
        try comparison.compare(
            "\(picture)/tensor", Tensor(cropped.planarFloats(), shape: [3, cropped.height, cropped.width]),
            tolerance: 1.01 / 255)
        if steps.resize_shorter_edge == steps.crop_size { #expect(input.centerSquare(steps.crop_size) == cropped) }
    }
}

private func image(_ pixels: Tensor) -> Image {
    Image(width: pixels.shape[1], height: pixels.shape[0], pixels: pixels.values.map { UInt8($0) })
}

private func tensor(_ image: Image) -> Tensor {
    Tensor(image.pixels.map { Float($0) }, shape: [image.height, image.width, 3])
}
