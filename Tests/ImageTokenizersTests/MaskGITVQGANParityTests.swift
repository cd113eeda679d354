import Checkpoints
import ImageTokenizers
import Tensors
import TestSupport
import Testing

/// The MaskGIT-VQGAN against the official implementation's outputs.
@Suite struct MaskGITVQGANParityTests {
    private struct Named: Decodable {
        let `class`: String?
    }

    static var cases: [String] {
        Goldens.cases(of: "titok").filter { name in
            let golden = try? GoldenCase("titok", name)
            return (try? golden?.decode("config", as: Named.self).class) == "PretrainedTokenizer"
        }
    }

    @Test(
        "MaskGIT-VQGAN agrees with the official one, from a checkpoint file",
        .enabled(if: Goldens.areAvailable, Comment(rawValue: Goldens.absence)), arguments: cases)
    func agrees(_ name: String) throws {
        let golden = try GoldenCase("titok", name)
        let configuration = try golden.decode("config", as: MaskGITVQGANConfiguration.self)
        let images = try #require(golden.input("image"))
        let model = try withTemporaryFile("model.safetensors") { path in
            try Checkpoint.write(golden.parameters.map { ($0.name, $0.tensor) }, to: path)
            let checkpoint = try Checkpoint(path: path)
            #expect(try ImageTokenizerConfiguration(recognising: checkpoint) == .maskGITVQGAN(configuration))
            return try #require(ImageTokenizerConfiguration.maskGITVQGAN(configuration).load(checkpoint) as? MaskGITVQGAN)
        }

        let (batch, side) = (images.shape[0], images.shape[2])
        let (rows, columns) = (side / configuration.patchSize, images.shape[3] / configuration.patchSize)
        var levels: [Tensor] = []
        var x = model.encoder.input(images)
        for level in model.encoder.levels {
            x = level(x)
            levels.append(x)
        }
        let vectors = model.encode(images)
        let (found, distances) = model.quantizer.nearest(vectors)
        let sorted = model.quantizer.distances(vectors).values.split(into: configuration.codebookSize).map { $0.sorted() }
        let codes = try golden.integers("codes").map { Int32($0) }
        let decoded = model.decode(codes, rows: rows, columns: columns)

        let report = GoldenReport(name)
        for output in golden.outputs where !output.hasPrefix("input/") && !["codes", "second_codes"].contains(output) {
            let expected = try golden.tensor(output)
            let result: Tensor
            switch output {
            case "encoder_out": result = model.encoder(images)
            case "argmin_distance": result = Tensor(distances, shape: expected.shape)
            case "argmin_margin": result = Tensor(sorted.map { $0[1] - $0[0] }, shape: expected.shape)
            case "decoded_unclamped": result = decoded
            case "decoded": result = decoded.clamped(to: 0...1)
            default:
                let parts = output.split(separator: "_")
                let level = try #require(parts.count == 3 && parts[0] == "down" ? Int(parts[1]) : nil, "\(output)")
                result = levels[level]
            }
            // Squared distances sum 256 differences of order 1: their error is relative.
            let scale = output.hasPrefix("argmin") ? max(1, distances.max() ?? 1) : 1
            report.compare(output, golden.strided(result, like: expected), expected, tolerance: 2e-4 * scale)
        }
        let margins = try golden.tensor("argmin_margin").values
        for (i, (code, expected)) in zip(found, codes).enumerated() {
            #expect(code == expected || margins[i] < 1e-3, "code \(i), margin \(margins[i])")
        }
        report.print()
        #expect(report.failures.isEmpty, "\(report.failures.joined(separator: "\n"))")
        #expect(found.count == batch * rows * columns)
    }
}
