import Layers
import Tensors

/// A weight source that makes the parameters of a manifest by its formula, one at a time as a model asks for them.
package final class SyntheticWeights: WeightSource {
    private let parameters: [String: SyntheticParameter]
    /// The names that were asked for.
    package private(set) var used: Set<String> = []
    /// What was asked for and is not in the manifest, or has another shape there.
    package private(set) var problems: [String] = []

    package init(_ parameters: [SyntheticParameter]) {
        self.parameters = Dictionary(parameters.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// The names under a place in the tree that nobody asked for, sorted.
    package func unused(under prefix: String = "") -> [String] {
        parameters.keys.filter { $0.hasPrefix(prefix) && !used.contains($0) }.sorted()
    }

    package func contains(_ name: String) -> Bool { parameters[name] != nil }

    package func tensor(named name: String, shape: [Int], initial: Initializer) -> Tensor {
        used.insert(name)
        guard let parameter = parameters[name] else {
            problems.append("\(name): not in the manifest")
            return .zeros(shape)
        }
        guard parameter.shape == shape else {
            problems.append("\(name): the manifest has shape \(parameter.shape), the model wants \(shape)")
            return .zeros(shape)
        }
        return parameter.tensor
    }
}
