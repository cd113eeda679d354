import Checkpoints
import Images
import Tensors
import TestSupport
import Testing

/// What a tokenizer sees of a picture, against the official data pipeline (reference section 6): every picture of every
/// case whose configuration says how to resize.
@Suite struct PreprocessParityTests {
    private struct Steps: Decodable {
        let resize_shorter_edge: Int
        let crop_size: Int
    }

    static var cases: [String] {
        Goldens.cases(of: "titok").filter { name in
            (try? GoldenCase("titok", name).decode("config", as: Steps.self)) != nil
        }
    }

    @Test(.enabled(if: Goldens.areAvailable, Comment(rawValue: Goldens.absence)), arguments: cases)
    func agrees(_ name: String) throws {
        let golden = try GoldenCase("titok", name)
        let steps = try golden.decode("config", as: Steps.self)
        let pictures = golden.outputs.filter { $0.hasSuffix("/input_u8") }.map { $0.dropLast("/input_u8".count) }
        #expect(!pictures.isEmpty)
        let report = GoldenReport(name)
        for picture in pictures {
            let input = try image(golden.tensor("\(picture)/input_u8"))
            let resized = try input.resizedShorterEdge(to: steps.resize_shorter_edge)
            let cropped = resized.centerCropped(to: steps.crop_size)
            report.compare("\(picture)/resized_u8", tensor(resized), try golden.tensor("\(picture)/resized_u8"), tolerance: 1)
            report.compare("\(picture)/cropped_u8", tensor(cropped), try golden.tensor("\(picture)/cropped_u8"), tolerance: 1)
            report.compare(
                "\(picture)/tensor",
                Tensor(cropped.planarFloats(), shape: [3, cropped.height, cropped.width]),
                try golden.tensor("\(picture)/tensor"), tolerance: 1.01 / 255)
            if steps.resize_shorter_edge == steps.crop_size { #expect(input.centerSquare(steps.crop_size) == cropped) }
        }
        report.print()
        #expect(report.failures.isEmpty, "\(report.failures.joined(separator: "\n"))")
    }

    private func image(_ pixels: Tensor) -> Image {
        Image(width: pixels.shape[1], height: pixels.shape[0], pixels: pixels.values.map { UInt8($0) })
    }

    private func tensor(_ image: Image) -> Tensor {
        Tensor(image.pixels.map { Float($0) }, shape: [image.height, image.width, 3])
    }
}
