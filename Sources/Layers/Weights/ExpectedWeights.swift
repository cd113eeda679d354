import Tensors

/// A source that gives nothing and tells another which parameters were asked for, in which shapes: for parts of a model
/// that are checked when it is loaded and read when they are first used.
public final class ExpectedWeights: WeightSource {
    private let expect: (String, [Int]) -> Void
    private let holds: (String) -> Bool

    /// - Parameters:
    ///   - holds: whether there is a parameter of a name.
    ///   - expect: is called with every name and shape.
    public init(holds: @escaping (String) -> Bool, expect: @escaping (String, [Int]) -> Void) {
        self.holds = holds
        self.expect = expect
    }

    /// Tells `weights`, which reports what is not there.
    public convenience init(_ weights: CheckpointWeights) {
        self.init(holds: weights.contains) { weights.expect($0, shape: $1) }
    }

    public func contains(_ name: String) -> Bool { holds(name) }

    public func tensor(named name: String, shape: [Int], initial: Initializer) -> Tensor {
        expect(name, shape)
        return .zeros([0])
    }
}
