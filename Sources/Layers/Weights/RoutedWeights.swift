import Tensors

/// Two sources behind one: names that the test accepts come from the first, all others from the second. A trainer that
/// keeps part of a model fixed reads that part from a checkpoint.
public final class RoutedWeights: WeightSource {
    private let first: any WeightSource
    private let second: any WeightSource
    private let isFirst: (String) -> Bool

    public init(_ first: any WeightSource, where isFirst: @escaping (String) -> Bool, otherwise second: any WeightSource) {
        self.first = first
        self.second = second
        self.isFirst = isFirst
    }

    public func contains(_ name: String) -> Bool { isFirst(name) ? first.contains(name) : second.contains(name) }

    public func tensor(named name: String, shape: [Int], initial: Initializer) -> Tensor {
        (isFirst(name) ? first : second).tensor(named: name, shape: shape, initial: initial)
    }

    public func packed(named name: String, shape: [Int]) -> PackedMatrix? {
        (isFirst(name) ? first : second).packed(named: name, shape: shape)
    }

    public func packed(named name: String, shape: [Int], as precision: Precision) -> PackedMatrix? {
        (isFirst(name) ? first : second).packed(named: name, shape: shape, as: precision)
    }

    public func packedKernel(named name: String, shape: [Int], exactly: Bool, for application: PackedKernel.Application) -> PackedKernel? {
        (isFirst(name) ? first : second).packedKernel(named: name, shape: shape, exactly: exactly, for: application)
    }

    public func deferred(named name: String, shape: [Int]) -> LazyMatrix? {
        (isFirst(name) ? first : second).deferred(named: name, shape: shape)
    }

    public func release(named name: String) { (isFirst(name) ? first : second).release(named: name) }
}
