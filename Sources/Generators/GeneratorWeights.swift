import Layers
import Tensors

extension Initializer {
    /// How linear maps of the generators start.
    static let small = Initializer.truncatedNormal(deviation: 0.02)
}

extension Weights {
    /// A parameter that is stored as [1, rows, width] and used as a table [rows, width].
    func table(_ name: String, rows: Int, width: Int) -> Tensor {
        let stored = tensor(name, [1, rows, width], initial: .small)
        // A source that lacks the parameter gives something else, and says so when the model stands.
        return stored.count == rows * width ? stored.reshaped([rows, width]) : stored
    }
}
