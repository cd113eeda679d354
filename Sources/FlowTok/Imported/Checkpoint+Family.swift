import Checkpoints
import ImageTokenizers

extension Checkpoint {
    /// The shapes of all tensors by name.
    var shapes: [String: [Int]] {
        Dictionary(entries.map { ($0.name, $0.shape) }, uniquingKeysWith: { first, _ in first })
    }

    /// What it holds, in words.
    var contents: String {
        if let family = CheckpointFamily(names: names) { return family.title }
        return names.first.map { "\(names.count) tensors of no architecture that is known here (\($0), …)" } ?? "no tensors"
    }

    /// The error that says what this checkpoint should have been and what it looks like.
    func isNot(_ expected: String) -> ImageTokenizerError {
        .otherArchitecture(file: path, expected: expected, found: contents)
    }
}
