import Checkpoints
import Foundation
import Layers
import Tensors

/// The state of a run in one file, written whole or not at all: parameters, running averages, both moments, the step and
/// the configuration. Samples and noise are functions of the step, so nothing else is needed to go on exactly.
enum RunCheckpoint {
    static let fileName = "checkpoint.safetensors"
    private static let format = "flowtok-run"
    private static let memoryGroup = "memory/"
    private static let groups = ["parameters", "averages", "first_moments", "second_moments"]

    private static func buffers(_ optimizer: AdamW) -> [[ParameterBuffer]] {
        [optimizer.store.entries.map(\.buffer), optimizer.averages, optimizer.first, optimizer.second]
    }

    /// Writes the state.
    ///
    /// - Parameters:
    ///   - memory: what the task remembers (`TrainingTask.memory`).
    ///   - dependencyFingerprint: what the run builds on and does not train (`TrainingTask.dependencyFingerprint`).
    static func write(
        _ optimizer: AdamW, memory: [String: Tensor] = [:], configuration: RunConfiguration, dependencyFingerprint: String,
        to path: String
    ) throws {
        var tensors: [(String, Tensor)] = []
        for (group, buffers) in zip(groups, buffers(optimizer)) {
            for (entry, buffer) in zip(optimizer.store.entries, buffers) {
                tensors.append((group + "/" + entry.name, buffer.tensor(entry.shape)))
            }
        }
        tensors += memory.sorted { $0.key < $1.key }.map { (memoryGroup + $0.key, $0.value) }
        var metadata = ["step": String(optimizer.step), "configuration": configuration.text, "format": format]
        if !dependencyFingerprint.isEmpty { metadata["dependency_fingerprint"] = dependencyFingerprint }
        try Checkpoint.write(tensors, metadata: metadata, to: path)
    }

    /// Reads the state into an optimizer over the same parameters. Nothing is changed unless all of it fits.
    ///
    /// - Parameter remembered: the names of what the task remembers.
    /// - Returns: what to tell of changes in the configuration, a line each, and what the task is to remember.
    /// - Throws: `TrainingError.unusableCheckpoint` and `.configurationChanged`.
    static func read(
        into optimizer: AdamW, remembered: some Collection<String> = [String](), configuration: RunConfiguration,
        dependencyFingerprint: String, from path: String
    ) throws -> (notices: [String], memory: [String: Tensor]) {
        func unusable(_ reason: String) -> TrainingError { .unusableCheckpoint(path: path, reason: reason) }
        let checkpoint = try open(path)
        guard let step = checkpoint.metadata["step"].flatMap({ Int($0) }), step >= 0,
            let stored = checkpoint.metadata["configuration"]
        else { throw unusable("it is no checkpoint of a training run") }
        let notices = try configuration.changes(from: stored, in: path)
        // Checkpoints of earlier versions do not say.
        // "foundation" until version 0.1.
        if let built = checkpoint.metadata["dependency_fingerprint"] ?? checkpoint.metadata["foundation"], built != dependencyFingerprint {
            throw unusable("the run was built on another vocabulary or tokenizer than the configuration names")
        }
        var loaded: [(ParameterBuffer, Tensor)] = []
        for (group, buffers) in zip(groups, buffers(optimizer)) {
            for (entry, buffer) in zip(optimizer.store.entries, buffers) {
                let name = group + "/" + entry.name
                guard let shape = checkpoint.entry(name)?.shape else { throw unusable("it has no \(name)") }
                guard shape == entry.shape else {
                    throw unusable("\(name) has shape \(shape), expected \(entry.shape)")
                }
                loaded.append((buffer, try reading(path) { try checkpoint.tensor(name) }))
            }
        }
        var memory: [String: Tensor] = [:]
        for key in remembered {
            guard checkpoint.contains(memoryGroup + key) else { throw unusable("it has no \(memoryGroup + key)") }
            memory[key] = try reading(path) { try checkpoint.tensor(memoryGroup + key) }
        }
        let expected = loaded.count + memory.count
        guard checkpoint.entries.count == expected else {
            throw unusable("it has \(checkpoint.entries.count) tensors, expected \(expected)")
        }
        try reading(path) { try checkpoint.checkFinite() }
        for (buffer, tensor) in loaded { buffer.copy(from: tensor) }
        optimizer.step = step
        return (notices, memory)
    }

    /// The averaged parameters of a run's checkpoint, by name.
    ///
    /// - Throws: `TrainingError.missingFile`, `.unusableCheckpoint`.
    static func averages(from path: String) throws -> [String: Tensor] {
        guard FileManager.default.fileExists(atPath: path) else { throw TrainingError.missingFile(path: path) }
        let checkpoint = try open(path)
        var found: [String: Tensor] = [:]
        for name in checkpoint.names where name.hasPrefix("averages/") {
            found[String(name.dropFirst("averages/".count))] = try reading(path) { try checkpoint.tensor(name) }
        }
        guard !found.isEmpty else {
            throw TrainingError.unusableCheckpoint(path: path, reason: "it is no checkpoint of a training run")
        }
        return found
    }

    private static func open(_ path: String) throws -> Checkpoint {
        // Names are our own, with prefixes of ours: nothing is to be stripped.
        let checkpoint = try reading(path) { try Checkpoint(path: path, strippingPrefixes: false) }
        guard checkpoint.metadata["format"] == format else {
            throw TrainingError.unusableCheckpoint(path: path, reason: "it is no checkpoint of a training run")
        }
        return checkpoint
    }

    /// Runs `body`, whose errors become those of this checkpoint.
    private static func reading<Result>(_ path: String, _ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let error as CheckpointError {
            let named = "'\(path)': "
            let text = String(describing: error)
            throw TrainingError.unusableCheckpoint(
                path: path, reason: text.hasPrefix(named) ? String(text.dropFirst(named.count)) : text)
        }
    }
}
