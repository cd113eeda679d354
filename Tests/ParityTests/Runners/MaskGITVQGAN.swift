import Checkpoints
import Layers
import ModelFolders
import Networks
import Tensors
import TestSupport
import Testing

func compareMaskGITVQGAN(_ comparison: Comparison) throws {
    let golden = comparison.golden
    let shape = try golden.decode("config", as: MaskGITVQGANConfiguration.self)
    let checkpoint = try comparison.checkpoint(as: .torch)
    let configuration = shape
    #expect(checkpoint.family == .maskGITVQGAN)
    let model = try #require(try configuration.load(checkpoint) as? MaskGITVQGAN)
    let images = try comparison.requiredInput("image")
    let (rows, columns) = (images.shape[2] / shape.patchSize, images.shape[3] / shape.patchSize)

    var results: [String: () throws -> Tensor] = ["encoder_out": { model.encoder(images) }]
    var x = model.encoder.input(images)
    for (index, level) in model.encoder.levels.enumerated() {
        x = level(x)
        let output = x
        results["down_\(index)_out"] = { output }
    }
    let vectors = model.encode(images)
    let (found, distances) = model.quantizer.nearest(vectors)
    let table = model.quantizer.distances(vectors).values.rows(of: shape.codebookSize)
    let gaps = table.map { row in
        let sorted = row.sorted()
        return sorted[1] - sorted[0]
    }
    let codes = try golden.integers("codes")
    // Squared distances are differences of numbers of order 100.
    let tie: Float = 1e-3
    try comparison.compare("codes", found.map { Int($0) }, margins: golden.tensor("argmin_margin").values, tie: tie)
    if golden.contains("second_codes") {
        let excess = excessOfRunnersUp(table, best: codes, second: try golden.integers("second_codes"))
        comparison.compare("second_codes", worst: excess, tolerance: tie)
    }
    let shapeOfCodes = try golden.golden("codes").shape
    let decoded = model.decode(codes.map { Int32($0) }, rows: rows, columns: columns)
    results["argmin_distance"] = { Tensor(distances, shape: shapeOfCodes) }
    results["argmin_margin"] = { Tensor(gaps, shape: shapeOfCodes) }
    results["decoded_unclamped"] = { decoded }
    results["decoded"] = { decoded.clamped(to: 0...1) }
    try comparison.compareRest(results) { $0.hasPrefix("argmin") ? tie : 2e-4 }
}
