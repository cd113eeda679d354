import Tensors

/// Noise that a list gives: every request must want the next entry's shape.
package struct ListedNoise: NoiseSource {
    private var entries: ArraySlice<SyntheticParameter>
    /// What was asked for that the list does not have there.
    package private(set) var problems: [String] = []

    package init(_ entries: [SyntheticParameter]) {
        self.entries = entries[...]
    }

    /// The names that were not drawn.
    package var left: [String] { entries.map(\.name) }

    package mutating func uniform(_ shape: [Int]) -> Tensor { next(shape) }

    package mutating func normal(_ shape: [Int]) -> Tensor { next(shape) }

    package mutating func permutation(_ count: Int) -> [Int] {
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
