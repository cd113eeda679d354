import Files
import Tensors

/// Parameters by name: a snapshot, or views of running averages.
public final class NamedTensors: WeightSource {
    private let tensors: [String: Tensor]
    private var missing: [String] = []
    private var misshaped: [String] = []

    public init(_ tensors: [String: Tensor]) {
        self.tensors = tensors
    }

    public func contains(_ name: String) -> Bool { tensors[name] != nil }

    public func tensor(named name: String, shape: [Int], initial: Initializer) -> Tensor {
        guard let tensor = tensors[name] else {
            missing.append(name)
            return .zeros(shape)
        }
        if tensor.shape == shape { return tensor }
        misshaped.append("\(name) \(tensor.shape), expected \(shape)")
        return .zeros(shape)
    }

    /// Throws a `WeightMismatch` unless everything that was asked for so far was there in its shape.
    ///
    /// - Parameter place: where the parameters come from, for the message.
    public func verify(_ place: String) throws {
        guard missing.isEmpty, misshaped.isEmpty else {
            throw WeightMismatch(file: place, missing: missing, misshaped: misshaped)
        }
    }
}

extension Fingerprint {
    /// Adds names and values, whatever their order.
    package mutating func add(_ tensors: [String: Tensor]) {
        for (name, tensor) in tensors.sorted(by: { $0.key < $1.key }) {
            add(name.utf8)
            tensor.withUnsafeBufferPointer { add($0) }
        }
    }
}
