import Checkpoints
import Files
import Foundation
import Tensors

/// What a checkpoint lacks, has in another shape, or has beyond what the model wants: all of it in one error.
public struct WeightMismatch: Equatable, Sendable, CategorizedError {
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

    public var category: ErrorCategory { .data }
}

/// Parameters read from a checkpoint by name. Models are built first; `verify` then reports everything that did not fit.
public final class CheckpointWeights: WeightSource {
    private let checkpoint: Checkpoint
    private var used: Set<String> = []
    private var missing: [String] = []
    private var misshaped: [String] = []
    private var unreadable: [String] = []

    /// The parameters of a checkpoint. Every one is looked through as it is read: `Checkpoint.firstNonFinite` tells of
    /// values that are infinite or not a number.
    public init(_ checkpoint: Checkpoint) {
        self.checkpoint = checkpoint
        if let problem = PackedFile.problem(of: checkpoint) { unreadable.append(problem) }
    }

    public func contains(_ name: String) -> Bool { checkpoint.contains(name) }

    public func tensor(named name: String, shape: [Int], initial: Initializer) -> Tensor {
        guard expect(name, shape: shape) else { return .zeros([0]) }
        if PackedFile.form(of: name, in: checkpoint) != nil {
            unreadable.append("\(name): it is packed for inference")
            return .zeros([0])
        }
        do {
            let tensor = try checkpoint.tensor(name)
            if checkpoint.firstNonFinite == nil, tensor.firstNonFinite != nil { checkpoint.noteNonFinite(name) }
            return tensor
        } catch {
            unreadable.append("\(name): \(error)")
        }
        return .zeros([0])
    }

    /// A matrix that the file holds packed, as it lies there.
    public func packed(named name: String, shape: [Int]) -> PackedMatrix? {
        guard let form = PackedFile.form(of: name, in: checkpoint) else { return nil }
        guard expect(name, shape: shape) else { return PackedMatrix(.zeros([0, 0]), as: .float32) }
        if let matrix = PackedFile.matrix(name, form, in: checkpoint) { return matrix }
        unreadable.append("\(name): it has not the size of a matrix of \(form.shape) packed as \(form.precision.rawValue)")
        return PackedMatrix(.zeros([0, 0]), as: .float32)
    }

    /// Values of bfloat16 become part of a packed matrix as they lie in the file.
    public func packed(named name: String, shape: [Int], as precision: Precision) -> PackedMatrix? {
        guard let entry = checkpoint.entry(name), entry.type == .bf16, entry.shape == shape, let outputs = shape.first,
            outputs > 0, let (bytes, owner) = checkpoint.memory(of: name)
        else { return nil }
        return withExtendedLifetime(owner) {
            guard
                let matrix = PackedMatrix(
                    outputs: outputs, inputs: shape.dropFirst().reduce(1, *), bfloat16: bytes, as: precision)
            else { return nil }
            expect(name, shape: shape)
            if checkpoint.firstNonFinite == nil, bytes.hasNonFiniteBFloat16 { checkpoint.noteNonFinite(name) }
            return matrix
        }
    }

    public func deferred(named name: String, shape: [Int]) -> LazyMatrix? {
        guard let entry = checkpoint.entry(name), entry.shape == shape, entry.type.isFloatingPoint else { return nil }
        // Read once now, so that what is wrong with it is reported when everything else is.
        guard tensor(named: name, shape: shape, initial: .zeros).shape == shape else { return nil }
        checkpoint.release(name)
        let checkpoint = checkpoint
        return LazyMatrix({ (try? checkpoint.tensor(name)) ?? .zeros(shape) }, release: { checkpoint.release(name) })
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
        let form = PackedFile.form(of: name, in: checkpoint)
        if form != nil { used.formUnion(PackedFile.factors(of: name)) }
        let found = form?.shape ?? entry.shape
        guard found == shape else {
            misshaped.append("\(name) \(found), expected \(shape)")
            return false
        }
        return true
    }

    /// Throws a `WeightMismatch` unless everything that was asked for was there in its shape, and everything that is there
    /// was asked for, is accepted by `ignoring` or is what only training uses; and `CheckpointError.notFinite` where a value
    /// that was read is infinite or not a number.
    public func verify(ignoring: (String) -> Bool = { _ in false }) throws {
        let unexpected = checkpoint.names.filter { !used.contains($0) && !ignoring($0) && !isOfTraining($0) }
        guard missing.isEmpty, misshaped.isEmpty, unexpected.isEmpty, unreadable.isEmpty else {
            throw WeightMismatch(
                file: checkpoint.path, missing: missing, misshaped: misshaped, unexpected: unexpected,
                unreadable: unreadable)
        }
        try checkpoint.checkNoted()
    }

    /// What lies beside the parameters of many a checkpoint and is no parameter: losses, discriminators and counters of its
    /// training where the model has nothing of that name, arrays of NumPy, and values that nothing here computes with.
    private func isOfTraining(_ name: String) -> Bool {
        if let entry = checkpoint.entry(name), entry.isArray || !(entry.type.isFloatingPoint || entry.type.isInteger) { return true }
        let part = name.prefix { $0 != "." }
        guard !used.contains(where: { $0.hasPrefix(part + ".") || $0 == part }) else { return false }
        if Self.training.contains(String(part).lowercased()) { return true }
        // Counters: how many steps were averaged, whether anything was.
        return part == name && checkpoint.entry(name).map { $0.shape.reduce(1, *) == 1 && !$0.type.isFloatingPoint } ?? false
    }

    private static let training: Set = [
        "loss", "losses", "loss_fn", "loss_module", "criterion", "discriminator", "disc", "perceptual_loss", "lpips", "perceptual",
        "optimizer", "optimizers", "lr_scheduler", "scheduler", "scaler", "n_averaged", "num_updates", "initted", "step", "decay",
    ]
}
