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

    public init(_ checkpoint: Checkpoint) {
        self.checkpoint = checkpoint
    }

    public func contains(_ name: String) -> Bool { checkpoint.contains(name) }

    public func tensor(named name: String, shape: [Int], initial: Initializer) -> Tensor {
        guard checkpoint.contains(name) else {
            missing.append(name)
            return .zeros([0])
        }
        used.insert(name)
        do {
            let tensor = try checkpoint.tensor(name)
            if tensor.shape == shape { return tensor }
            misshaped.append("\(name) \(tensor.shape), expected \(shape)")
        } catch {
            unreadable.append("\(name): \(error)")
        }
        return .zeros([0])
    }

    public func deferred(named name: String, shape: [Int]) -> DeferredMatrix? {
        guard let entry = checkpoint.entry(name), entry.shape == shape, entry.type.isFloatingPoint else { return nil }
        used.insert(name)
        let checkpoint = checkpoint
        // The file was checked when it was opened: what cannot be read now is a machine out of memory.
        return DeferredMatrix(
            { (try? checkpoint.tensor(name)) ?? .zeros(shape) }, letGo: { checkpoint.releaseMemory(of: name) })
    }

    public func release(named name: String) { checkpoint.releaseMemory(of: name) }

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
