import Checkpoints
import Foundation
import Layers
import Tensors
import TestSupport
import Testing

/// The goldens of `titok` that hold a generator of one of the official classes; full-size ones only where asked for.
func generatorCases(_ classes: String...) -> [String] {
    Goldens.cases(of: "titok").filter { name in
        guard !name.hasPrefix("full_") || Goldens.fullWanted else { return false }
        guard let kind = try? GoldenCase("titok", name).decode("config", "class", as: String.self) else { return false }
        return classes.contains(kind)
    }
}

/// Builds a model from a case's synthetic checkpoint, written as a file and read back; all of it must be used.
func built<Model>(
    _ golden: GoldenCase, ignoring: (String) -> Bool = { _ in false }, _ make: (Weights) -> Model
) throws -> Model {
    let path = FileManager.default.temporaryDirectory
        .appendingPathComponent("\(golden.name)-\(UUID().uuidString).safetensors").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Checkpoint.write(golden.parameters.map { ($0.name, $0.tensor) }, to: path)
    let weights = CheckpointWeights(try Checkpoint(path: path))
    let model = make(Weights(weights))
    try weights.verify(ignoring: ignoring)
    return model
}

/// Inputs by the manifest's formula.
struct GoldenInputs {
    private let entries: [SyntheticParameter]

    init(_ golden: GoldenCase) throws {
        entries = try golden.decode("inputs")
    }

    func tensor(_ what: String) throws -> Tensor {
        try #require(entries.first { $0.name == "input/" + what }, "no input \(what)").tensor
    }

    /// The noise of a run, in the order in which the official code drew it.
    func noise(of run: String) -> ListedNoise {
        ListedNoise(entries.filter { $0.name.hasPrefix("input/\(run)/") })
    }
}

/// Noise that a list gives: every request must want the next entry's shape.
struct ListedNoise: NoiseSource {
    private var entries: ArraySlice<SyntheticParameter>
    /// What was asked for that the list does not have there.
    private(set) var problems: [String] = []

    init(_ entries: [SyntheticParameter]) {
        self.entries = entries[...]
    }

    /// The names that were not drawn.
    var left: [String] { entries.map(\.name) }

    mutating func uniform(_ shape: [Int]) -> Tensor { next(shape) }

    mutating func normal(_ shape: [Int]) -> Tensor { next(shape) }

    mutating func permutation(_ count: Int) -> [Int] {
        problems.append("a permutation of \(count)")
        return Array(0..<count)
    }

    private mutating func next(_ shape: [Int]) -> Tensor {
        guard let entry = entries.popFirst(), entry.shape == shape else {
            problems.append("shape \(shape) at \(entries.first?.name ?? "the end")")
            return .zeros(shape)
        }
        return entry.tensor
    }
}

extension GoldenReport {
    /// Notes whether integers are the golden's.
    func compare(_ tensor: String, _ actual: [Int], _ golden: GoldenCase) throws {
        let expected = try golden.integers(tensor)
        compare(tensor, actual.map { Float($0) }, expected.map { Float($0) }, tolerance: 0)
    }

    /// Notes the largest difference relative to the golden's value, element by element.
    func compareRelative(_ tensor: String, _ actual: [Float], _ golden: GoldenCase, tolerance: Float) throws {
        let expected = try golden.tensor(tensor).values
        let errors = zip(actual, expected).map { $0 == $1 ? 0 : abs($0 - $1) / abs($1) }
        compare(
            tensor, errors + [Float](repeating: .infinity, count: abs(actual.count - expected.count)),
            [Float](repeating: 0, count: max(actual.count, expected.count)), tolerance: tolerance)
    }

    /// Prints the table, and fails where a golden was not compared or does not agree.
    func conclude(_ golden: GoldenCase, given: Set<String>) {
        print()
        let missed = Set(golden.outputs).subtracting(compared).subtracting(given).sorted()
        #expect(missed.isEmpty, "never compared: \(missed)")
        #expect(failures.isEmpty, "\(failures.joined(separator: "\n"))")
    }
}

/// The tokens before every step and at the end, from what a generator reports.
struct TokenTrace {
    private var steps: [[Int32]]

    init(start: Int32, count: Int) {
        steps = [[Int32](repeating: start, count: count)]
    }

    mutating func note(_ tokens: [[Int32]]) { steps.append(tokens.flatMap { $0 }) }

    var before: [Int] { steps.dropLast().flatMap { $0.map { Int($0) } } }
    var end: [Int] { steps[steps.count - 1].map { Int($0) } }
}

/// A run of a manifest: its name and its settings.
struct Run<Settings: Decodable>: Decodable {
    let name: String
    let settings: Settings

    private enum CodingKeys: String, CodingKey { case run }

    init(from decoder: any Decoder) throws {
        name = try decoder.container(keyedBy: CodingKeys.self).decode(String.self, forKey: .run)
        settings = try Settings(from: decoder)
    }
}
