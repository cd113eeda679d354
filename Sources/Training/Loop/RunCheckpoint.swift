import Checkpoints
import Foundation
import Layers
import Tensors

/// The state of a run in one file, written whole or not at all: parameters, running averages, both moments, the step and
/// the configuration. Samples and noise are functions of the step, so nothing else is needed to go on exactly.
enum RunCheckpoint {
    static let fileName = "checkpoint.safetensors"
    private static let groups = ["parameters", "averages", "first_moments", "second_moments"]

    private static func buffers(_ optimizer: AdamW) -> [[ParameterBuffer]] {
        [optimizer.store.entries.map(\.buffer), optimizer.averages, optimizer.first, optimizer.second]
    }

    /// Writes the state; `configuration` is the run's configuration as JSON text.
    static func write(_ optimizer: AdamW, configuration: String, to path: String) throws {
        var tensors: [(String, Tensor)] = []
        for (group, buffers) in zip(groups, buffers(optimizer)) {
            for (entry, buffer) in zip(optimizer.store.entries, buffers) {
                tensors.append((group + "/" + entry.name, buffer.tensor(entry.shape)))
            }
        }
        try Checkpoint.write(
            tensors, metadata: ["step": String(optimizer.step), "configuration": configuration, "format": "flowtok-run"],
            to: path)
    }

    /// Reads the state into an optimizer over the same parameters. Nothing is changed unless all of it fits.
    static func read(into optimizer: AdamW, from path: String) throws {
        let checkpoint = try Checkpoint(path: path)
        guard let text = checkpoint.metadata["step"], let step = Int(text), step >= 0 else {
            throw TrainingError.unusableCheckpoint(path: path, reason: "it names no step: it is no checkpoint of a training run")
        }
        var loaded: [(ParameterBuffer, Tensor)] = []
        for (group, buffers) in zip(groups, buffers(optimizer)) {
            for (entry, buffer) in zip(optimizer.store.entries, buffers) {
                let tensor = try checkpoint.tensor(group + "/" + entry.name)
                guard tensor.shape == entry.shape else {
                    throw TrainingError.unusableCheckpoint(
                        path: path, reason: "\(group)/\(entry.name) has shape \(tensor.shape), expected \(entry.shape)")
                }
                loaded.append((buffer, tensor))
            }
        }
        for (buffer, tensor) in loaded { buffer.copy(from: tensor) }
        optimizer.step = step
    }

    /// The averaged parameters of a run's checkpoint, by name.
    static func averages(from path: String) throws -> [String: Tensor] {
        let checkpoint = try Checkpoint(path: path)
        var found: [String: Tensor] = [:]
        for name in checkpoint.names where name.hasPrefix("averages/") {
            found[String(name.dropFirst("averages/".count))] = try checkpoint.tensor(name)
        }
        return found
    }
}
