import Checkpoints
import Foundation
import Layers
import Tensors
import TestSupport
import Testing

/// The comparison of one case: every tensor that it stores is given to the modules or compared with what they compute.
final class Comparison {
    let golden: GoldenCase
    let isFull: Bool
    private let report: GoldenReport
    private var given: Set<String> = []
    /// Where the case's checkpoints are written; gone with this object.
    let folder: URL

    init(_ golden: GoldenCase) throws {
        self.golden = golden
        isFull = Goldens.isFullSize(golden.name)
        report = GoldenReport(golden.name)
        folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("flowtok-parity-\(UUID().uuidString)", isDirectory: true)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    // MARK: - Checkpoints

    /// The case's checkpoint by the formula, written as a file of the format that the model is published in, and opened.
    func checkpoint(
        _ name: String = "model", as format: SyntheticFile.Format, under prefix: String = "",
        computed: [(String, Tensor)] = [], metadata: [String: String] = [:]
    ) throws -> Checkpoint {
        let file = try write("\(name).\(format.rawValue)", as: format, under: prefix, computed: computed, metadata: metadata)
        return try Checkpoint(path: folder.appendingPathComponent(file).path)
    }

    /// The same as a file of that name in `folder`. Returns the name.
    func write(
        _ name: String, as format: SyntheticFile.Format, under prefix: String = "", computed: [(String, Tensor)] = [],
        metadata: [String: String] = [:]
    ) throws -> String {
        try SyntheticFile.write(
            golden.parameters, under: prefix, computed: computed, as: format, metadata: metadata,
            to: folder.appendingPathComponent(name).path)
        return name
    }

    // MARK: - Inputs

    /// An input of the manifest's list, by the formula; where the case stores it as well, both must be equal.
    func input(_ what: String) throws -> Tensor? {
        guard let tensor = golden.input(what) else { return nil }
        if golden.contains("input/" + what) { try compare("input/" + what, tensor, tolerance: 0) }
        return tensor
    }

    /// An input that the manifest must have.
    func requiredInput(_ what: String) throws -> Tensor { try #require(try input(what), "no input \(what)") }

    /// Noise-like values √3·u under `input/<what>`; where the case stores them as `input_<what>`, both must be equal.
    func noise(_ what: String, shape: [Int]) throws -> Tensor {
        try formula(what, SyntheticValues.tensor("input/" + what, shape: shape, base: 0, scale: 3.0.squareRoot()))
    }

    /// Images 0.5 + 0.5 u, likewise.
    func image(_ what: String, shape: [Int]) throws -> Tensor {
        try formula(what, SyntheticValues.tensor("input/" + what, shape: shape, base: 0.5, scale: 0.5))
    }

    private func formula(_ what: String, _ tensor: Tensor) throws -> Tensor {
        let name = "input_" + what
        guard golden.contains(name) else { return tensor }
        try compare(name, tensor, tolerance: 1e-6)
        return try golden.tensor(name)
    }

    /// A stored tensor that the modules are given.
    func given(_ name: String) throws -> Tensor {
        given.insert(name)
        return try golden.tensor(name)
    }

    func givenIntegers(_ name: String) throws -> [Int] {
        given.insert(name)
        return try golden.integers(name)
    }

    // MARK: - Results

    /// Compares a result with the stored tensor of that name, or with the part of it that is stored. Tolerances are for
    /// values up to 16; where they are `scaled`, larger ones may carry as much more rounding.
    func compare(_ name: String, _ actual: Tensor, tolerance: Float, scaled: Bool = true) throws {
        var stored = try golden.golden(name)
        var actual = actual
        if stored.stride == 1 {
            actual = golden.strided(actual, like: Tensor(stored.values, shape: stored.shape))
            // Scalars are stored with one axis.
            if actual.rank == 0, stored.shape == [1] { actual = actual.reshaped([1]) }
        }
        if stored.shape.isEmpty { stored = Golden(shape: actual.shape, stride: stored.stride, values: stored.values) }
        let largest = stored.values.map(abs).max() ?? 0
        report.compare(name, actual, stored, tolerance: scaled ? tolerance * max(1, largest / 16) : tolerance)
    }

    /// Compares a result with the values that are stored of it under `<name>_strided`: every n-th of the flattened tensor, n
    /// as their number tells.
    func compareStrided(_ name: String, _ actual: Tensor, tolerance: Float) throws {
        let values = try golden.tensor(name + "_strided").values
        let stride = (actual.count + values.count - 1) / max(1, values.count)
        report.compare(
            name + "_strided", actual, Golden(shape: actual.shape, stride: stride, values: values), tolerance: tolerance)
    }

    /// Compares integers, which must be equal.
    func compare(_ name: String, _ actual: [Int]) throws {
        report.compare(name, actual.map { Float($0) }, try golden.integers(name).map { Float($0) }, tolerance: 0)
    }

    /// Compares choices, which must be equal where the margin over the next best is more than a tie: the row counts
    /// those that differ.
    func compare(_ name: String, _ actual: [Int], margins: [Float], tie: Float) throws {
        let expected = try golden.integers(name)
        let differing = zip(zip(actual, expected), margins).filter { $0.0.0 != $0.0.1 && $0.1 >= tie }.count
        let missing = abs(actual.count - expected.count)
        report.compare(name, [Float(differing + missing)], [0], tolerance: 0)
    }

    /// Notes the largest difference relative to the golden's value, element by element.
    func compareRelative(_ name: String, _ actual: [Float], tolerance: Float) throws {
        let expected = try golden.tensor(name).values
        let errors = zip(actual, expected).map { $0 == $1 ? 0 : abs($0 - $1) / abs($1) }
        report.compare(
            name, errors + [Float](repeating: .infinity, count: abs(actual.count - expected.count)),
            [Float](repeating: 0, count: max(actual.count, expected.count)), tolerance: tolerance)
    }

    /// Notes a number that was made out of a comparison.
    func compare(_ name: String, worst: Float, tolerance: Float) {
        report.compare(name, [worst], [0], tolerance: tolerance)
    }

    /// Compares the bytes of pictures: a step either way is allowed, since rounding decides.
    func compareBytes(_ name: String, _ actual: Tensor) throws {
        try compare(name, actual, tolerance: 1, scaled: false)
    }

    /// Compares every stored tensor that is not accounted for yet with what `results` has under its name.
    func compareRest(_ results: [String: () throws -> Tensor], tolerance: (String) -> Float) throws {
        for name in golden.outputs where !given.contains(name) && !report.compared.contains(name) {
            guard let result = results[name] else { continue }
            try compare(name, try result(), tolerance: tolerance(name))
        }
    }

    /// Prints the table, and fails where a tensor was not compared or does not agree.
    func conclude() {
        report.print()
        let missed = golden.outputs.filter { !given.contains($0) && !report.compared.contains($0) }
        #expect(missed.isEmpty, "\(golden.name): never compared: \(missed.joined(separator: ", "))")
        #expect(report.failures.isEmpty, "\(report.failures.joined(separator: "\n"))")
    }
}

/// [batch, tokens, channels] in the official layout [batch, channels, 1, tokens].
func channelsFirst(_ x: Tensor) -> Tensor {
    x.permuted(0, 2, 1).reshaped([x.shape[0], x.shape[2], 1, x.shape[1]])
}

/// The way back.
func tokensFirst(_ x: Tensor) -> Tensor {
    x.reshaped([x.shape[0], x.shape[1], x.shape[3]]).permuted(0, 2, 1)
}
