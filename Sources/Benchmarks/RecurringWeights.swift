import Layers
import Tensors

/// Weights of no meaning for networks of any size in little memory: every parameter is a view of the same random values,
/// of which there are as many as the largest needs. Norms start as norms do, biases at zero.
public final class RecurringWeights: WeightSource {
    private var values = Values(count: 1 << 16, std: 0.02)

    public init() {}

    public func contains(_ name: String) -> Bool { true }

    public func deferred(named name: String, shape: [Int]) -> LazyMatrix? {
        let tensor = tensor(named: name, shape: shape, initial: .zeros)
        return LazyMatrix { tensor }
    }

    public func tensor(named name: String, shape: [Int], initial: Initializer) -> Tensor {
        let count = elementCount(of: shape)
        if shape.count == 1 {
            if case .ones = initial { return .filled(shape, with: 1) }
            return .zeros(shape)
        }
        if count > values.count { values = Values(count: count, std: 0.02) }
        return Tensor(borrowing: values.base, shape: shape, owner: values)
    }
}

/// Normal values, a run of which is repeated.
private final class Values: @unchecked Sendable {
    let base: UnsafePointer<Float>
    let count: Int

    init(count: Int, std: Float) {
        var random = CounterRandom(seed: 2)
        // A prime, so that the rows of no matrix are alike.
        let period = (Tensor.randomNormal([65521], using: &random) * std).values
        let memory = UnsafeMutablePointer<Float>.allocate(capacity: count)
        for start in stride(from: 0, to: count, by: period.count) {
            (memory + start).initialize(from: period, count: min(period.count, count - start))
        }
        base = UnsafePointer(memory)
        self.count = count
    }

    deinit { UnsafeMutablePointer(mutating: base).deallocate() }
}
