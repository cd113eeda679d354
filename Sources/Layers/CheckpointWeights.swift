import Checkpoints
import Foundation
import Tensors

/// What a checkpoint lacks, has in another shape, or has beyond what the model wants: all of it in one error.
public struct WeightMismatch: Error, Equatable, CustomStringConvertible, LocalizedError {
    public let file: String
    public let missing: [String]
    public let misshaped: [String]
    public let unexpected: [String]
    public let unreadable: [String]

    public init(
        file: String, missing: [String] = [], misshaped: [String] = [], unexpected: [String] = [],
        unreadable: [String] = []
    ) {
        self.file = file
        self.missing = missing
        self.misshaped = misshaped
        self.unexpected = unexpected
        self.unreadable = unreadable
    }

    public var description: String {
        func part(_ label: String, _ names: [String]) -> String? {
            guard !names.isEmpty else { return nil }
            let shown = names.prefix(5).joined(separator: ", ")
            return "\(names.count) \(label) (\(shown)\(names.count > 5 ? ", …" : ""))"
        }
        let parts = [
            part("missing", missing), part("of another shape", misshaped), part("unexpected", unexpected),
            part("unreadable", unreadable),
        ]
        return "\(file): the tensors do not fit the model: " + parts.compactMap { $0 }.joined(separator: "; ")
    }

    public var errorDescription: String? { description }
}

/// Parameters read from a checkpoint by name. Models are built first; `verify` then reports everything that did not fit.
public final class CheckpointWeights: WeightSource {
    private let checkpoint: Checkpoint
    private var used: Set<String> = []
    private var missing: [String] = []
    private var misshaped: [String] = []
    private var unreadable: [String] = []
    private let checksValues: Bool
    /// The first parameter found to hold a value that is infinite or not a number; nil where none was, or where that is
    /// not looked at.
    public private(set) var firstNonFinite: String?

    /// - Parameter checksValues: whether every parameter is looked through for values that are not finite as it is read.
    public init(_ checkpoint: Checkpoint, checksValues: Bool = false) {
        self.checkpoint = checkpoint
        self.checksValues = checksValues
    }

    public func contains(_ name: String) -> Bool { checkpoint.contains(name) }

    public func tensor(named name: String, shape: [Int], initial: Initializer) -> Tensor {
        guard expect(name, shape: shape) else { return .zeros([0]) }
        do {
            let tensor = try checkpoint.tensor(name)
            if checksValues, firstNonFinite == nil, tensor.firstNonFinite != nil { firstNonFinite = name }
            return tensor
        } catch {
            unreadable.append("\(name): \(error)")
        }
        return .zeros([0])
    }

    public func release(named name: String) { checkpoint.release(name) }

    /// Whether a parameter is there in that shape, without reading it; `verify` reports it where it is not.
    @discardableResult
    public func expect(_ name: String, shape: [Int]) -> Bool {
        guard let entry = checkpoint.entry(name) else {
            missing.append(name)
            return false
        }
        used.insert(name)
        guard entry.shape == shape else {
            misshaped.append("\(name) \(entry.shape), expected \(shape)")
            return false
        }
        return true
    }

    /// Throws a `WeightMismatch` unless everything that was asked for was there in its shape, and everything that is there
    /// was asked for or is accepted by `ignoring`.
    public func verify(ignoring: (String) -> Bool = { _ in false }) throws {
        let unexpected = checkpoint.names.filter { !used.contains($0) && !ignoring($0) }
        guard missing.isEmpty, misshaped.isEmpty, unexpected.isEmpty, unreadable.isEmpty else {
            throw WeightMismatch(
                file: checkpoint.path, missing: missing, misshaped: misshaped, unexpected: unexpected,
                unreadable: unreadable)
        }
    }
}
