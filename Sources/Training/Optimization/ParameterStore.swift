import Layers
import Tensors

/// The memory of one parameter, or of one of its running averages: written by the optimizer between steps and by nobody
/// else.
public final class ParameterBuffer: @unchecked Sendable {
    let base: UnsafeMutablePointer<Float>
    let count: Int

    init(count: Int) {
        self.count = count
        base = .allocate(capacity: max(count, 1))
        base.initialize(repeating: 0, count: max(count, 1))
    }

    convenience init(copying tensor: Tensor) {
        self.init(count: tensor.count)
        copy(from: tensor)
    }

    func copy(from tensor: Tensor) {
        precondition(tensor.count == count, "\(tensor.count) values for a buffer of \(count)")
        tensor.withUnsafeBufferPointer { source in
            if let from = source.baseAddress, count > 0 { base.update(from: from, count: count) }
        }
    }

    deinit { base.deallocate() }

    /// The buffer seen as a tensor, which changes when the optimizer writes.
    func tensor(_ shape: [Int]) -> Tensor { Tensor(borrowing: base, shape: shape, owner: self) }
}

/// The parameters that are being trained: a weight source that remembers every parameter a model asks for, in order, and
/// gives it as a leaf of the recorded computation. A model built from it follows the optimizer's updates.
public final class ParameterStore: WeightSource {
    /// One parameter.
    public struct Entry {
        public let name: String
        public let shape: [Int]
        let buffer: ParameterBuffer
        /// The recorded leaf that the model holds.
        public let leaf: Tensor
    }

    public private(set) var entries: [Entry] = []
    private var places: [String: Int] = [:]
    private let initial: any WeightSource

    /// A store whose parameters start as `initial` gives them.
    public init(from initial: any WeightSource) {
        self.initial = initial
    }

    public func contains(_ name: String) -> Bool { places[name] != nil || initial.contains(name) }

    public func tensor(named name: String, shape: [Int], initial initializer: Initializer) -> Tensor {
        if let place = places[name] { return entries[place].leaf }
        let start = initial.tensor(named: name, shape: shape, initial: initializer)
        let buffer = ParameterBuffer(copying: start)
        let entry = Entry(
            name: name, shape: start.shape, buffer: buffer, leaf: buffer.tensor(start.shape).requiringGradient)
        places[name] = entries.count
        entries.append(entry)
        return entry.leaf
    }

    /// Puts values of a parameter's shape in its place, between steps.
    package func overwrite(_ name: String, with values: Tensor) {
        guard let place = places[name] else { return }
        entries[place].buffer.copy(from: values)
    }

    /// The leaves, in the order of `entries`.
    public var leaves: [Tensor] { entries.map(\.leaf) }

    /// The number of trained values.
    public var valueCount: Int { entries.reduce(0) { $0 + $1.buffer.count } }
}
