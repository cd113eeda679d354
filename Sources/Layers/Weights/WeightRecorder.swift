import Tensors

/// Another source, whose parameters it remembers in the order in which a model asks for them: so that a model that was
/// built can be written out.
public final class WeightRecorder: WeightSource {
    private let source: any WeightSource
    private var names: Set<String> = []
    /// Every parameter asked for, once.
    public private(set) var parameters: [(String, Tensor)] = []

    public init(_ source: any WeightSource) {
        self.source = source
    }

    public func contains(_ name: String) -> Bool { source.contains(name) }

    public func tensor(named name: String, shape: [Int], initial: Initializer) -> Tensor {
        let tensor = source.tensor(named: name, shape: shape, initial: initial)
        if names.insert(name).inserted { parameters.append((name, tensor)) }
        return tensor
    }
}
