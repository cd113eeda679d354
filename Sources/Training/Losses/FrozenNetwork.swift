import Checkpoints
import Layers
import ModelFolders
import Tensors

/// A network that training reads and does not change.
enum FrozenNetwork {
    /// Builds a network of a checkpoint, which must have all of its parameters; what it has besides is nobody's business.
    ///
    /// - Throws: `CheckpointError`, `WeightMismatch`.
    static func read<Network>(_ path: String, build: (Weights) -> Network) throws -> Network {
        try read(Checkpoint.ofModel(path), build: build)
    }

    static func read<Network>(_ checkpoint: Checkpoint, build: (Weights) -> Network) throws -> Network {
        // Shapes first: a network that rearranges its parameters as it is built needs them whole.
        let shapes = ShapeCheck(checkpoint)
        _ = build(Weights(shapes))
        guard shapes.missing.isEmpty, shapes.misshaped.isEmpty else {
            throw WeightMismatch(file: checkpoint.path, missing: shapes.missing, misshaped: shapes.misshaped)
        }
        let source = CheckpointWeights(checkpoint)
        let network = build(Weights(source))
        try source.verify { _ in true }
        return network
    }
}

/// Parameters of zeros, compared with those of a checkpoint by name and shape.
private final class ShapeCheck: WeightSource {
    private let checkpoint: Checkpoint
    private(set) var missing: [String] = []
    private(set) var misshaped: [String] = []

    init(_ checkpoint: Checkpoint) { self.checkpoint = checkpoint }

    func contains(_ name: String) -> Bool { checkpoint.contains(name) }

    func tensor(named name: String, shape: [Int], initial: Initializer) -> Tensor {
        if let found = checkpoint.entry(name)?.shape {
            if found != shape { misshaped.append("\(name) \(found), expected \(shape)") }
        } else {
            missing.append(name)
        }
        return .zeros(shape)
    }
}
