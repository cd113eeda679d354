import Layers
import Tensors

extension Initializer {
    /// How linear maps of the generators start.
    static let small = Initializer.truncatedNormal(std: 0.02)
}

/// A table of vectors that is stored as [1, rows, width].
struct StoredTable: Sendable {
    private let stored: Tensor
    private let shape: [Int]

    init(_ weights: Weights, _ name: String, rows: Int, width: Int) {
        stored = weights.tensor(name, [1, rows, width], initial: .small)
        shape = [rows, width]
    }

    /// The table [rows, width]. Read as one at every use: in training that is a recorded step, and what a step recorded
    /// is gone after its gradient.
    var table: Tensor { stored.reshaped(shape) }
}
