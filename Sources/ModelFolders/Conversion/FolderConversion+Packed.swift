import Checkpoints
import Foundation
import Layers
import Networks
import Sampling
import Tensors

extension FolderConversion {
    /// Whether a model of this kind can be packed: those whose matrices are read again and again.
    public var canPack: Bool { family.isFlow || family.isGenerator || family.isImageTokenizer }

    /// Writes the folder with its matrices in the kernels' own order and type, to be used where the file is mapped, and of
    /// a FlowTok with the modulation of the model's own schedules; whole or not at all.
    ///
    /// - Throws: `FlowTokError.unusableModel` where the model is of a kind that cannot be packed, or is packed already; what
    ///   `write(to:as:progress:)` throws; `WeightMismatch` where a checkpoint does not hold the model.
    public func writePacked(
        to path: String, as precision: Precision, progress: (_ file: String, _ share: Double) throws -> Void = { _, _ in }
    ) throws {
        guard canPack else {
            throw FlowTokError.unusableModel(
                file: folder, reason: "it is of \(family.title), expected a FlowTok, a generator or an image tokenizer: other models are not packed")
        }
        let pack = try packing()
        let count = Double(max(1, items.count(where: \.isCheckpoint)))
        var written = 0.0
        try withoutActuallyEscaping(progress) { progress in
            try write(to: path) { item, checkpoint, output in
                let before = written
                written += 1
                try progress(item.name, before / count)
                let output = PackedOutput(path: output, precision: precision) { try progress(item.name, (before + $0) / count) }
                try pack(item, checkpoint, output)
            }
        }
    }

    /// Writes a checkpoint of a folder with its matrices packed.
    private typealias Packing = (Item, Checkpoint, PackedOutput) throws -> Void

    private func packing() throws -> Packing {
        if let official = configuration as? OfficialFlowTokConfiguration {
            return { try Self.pack(official, $0.name, $1, to: $2) }
        }
        if family.isFlow {
            let own = try ModelFolder.readConfiguration(folder + "/" + ModelFolder.configurationFile)
            return { try Self.pack(own, $1, to: $2) }
        }
        return family.isGenerator ? try generatorPacking() : try tokenizerPacking()
    }

    /// A generator and its image tokenizer. The text encoder beside them stays as it is.
    private func generatorPacking() throws -> Packing {
        let parts = try GeneratorFolder(path: folder)
        return { item, checkpoint, output in
            if Self.isSame(item.source, parts.weightsFile) {
                try output.write(checkpoint, ignoring: type(of: parts.configuration).ignores) {
                    _ = parts.configuration.generator($0)
                }
            } else if Self.isSame(item.source, parts.tokenizer.weightsFile) {
                try parts.tokenizer.configuration.pack(checkpoint, to: output)
            } else {
                try checkpoint.convert(to: output.path, as: nil, shardBytes: .max) { done, total in
                    try output.progress(total == 0 ? 1 : Double(done) / Double(total))
                }
            }
        }
    }

    /// An image tokenizer, and the text encoder that guides it.
    private func tokenizerPacking() throws -> Packing {
        let opened = try ImageTokenizerFolder(path: folder)
        let text = try opened.text
        return { item, checkpoint, output in
            if Self.isSame(item.source, opened.weightsFile) {
                try opened.configuration.pack(checkpoint, to: output)
            } else if case .pieces(let tower, _, _) = text {
                try output.write(checkpoint) { _ = TextTransformer(tower, weights: $0) }
            } else if let tower = opened.imported?.textEncoder {
                try Self.pack(tower, checkpoint, to: output)
            } else {
                throw FlowTokError.unusableModel(file: item.source, reason: "it is no part of \(opened.name)")
            }
        }
    }

    private static func isSame(_ a: String, _ b: String) -> Bool {
        URL(fileURLWithPath: a).resolvingSymlinksInPath() == URL(fileURLWithPath: b).resolvingSymlinksInPath()
    }

    /// One of this package's own models.
    private static func pack(_ configuration: FlowTokConfiguration, _ checkpoint: Checkpoint, to output: PackedOutput) throws {
        let source = CheckpointWeights(checkpoint)
        try output.write(from: source, metadata: checkpoint.metadata) { weights in
            let model = FlowTokModel(configuration, weights: weights)
            try source.verify(ignoring: ModelFolder.unused)
            let names = try checkpoint.names.filter { $0.hasPrefix(ModelFolder.nameIndexPrefix) }.map { ($0, try checkpoint.tensor($0)) }
            return PrecomputedModulation.tensors(of: model.velocity, configuration, prefix: "flow.") + names
        }
    }

    /// A file of the published FlowTok, under OpenAI's names where it is CLIP.
    private static func pack(
        _ configuration: OfficialFlowTokConfiguration, _ name: String, _ checkpoint: Checkpoint, to output: PackedOutput
    ) throws {
        if name == configuration.files.textEncoder { return try pack(configuration.textEncoder, checkpoint, to: output) }
        let source = CheckpointWeights(checkpoint)
        try output.write(from: source) { weights in
            if name == configuration.files.imageTokenizer {
                _ = FlowTiTok(configuration.imageTokenizer, weights: weights)
                try source.verify(ignoring: OfficialWeights.isUnusedByTokenizer)
                return []
            }
            _ = TextVariationalEncoder(configuration.textVariationalEncoder, weights: weights["context_encoder"])
            let network = VelocityNetwork(configuration.velocity, weights: weights)
            try source.verify(ignoring: OfficialWeights.isUnusedByFlow)
            return PrecomputedModulation.tensors(of: network, configuration.model, prefix: "")
        }
    }

    /// A text tower under OpenAI's names, whatever it was stored under.
    private static func pack(_ tower: TextTransformerConfiguration, _ checkpoint: Checkpoint, to output: PackedOutput) throws {
        let source = try CLIPWeights(checkpoint)
        try output.write(from: source) { weights in
            _ = TextTransformer(tower, weights: weights)
            try source.verify()
            return []
        }
    }
}

extension ImageTokenizerConfiguration {
    /// Writes a checkpoint of this configuration with its matrices packed.
    ///
    /// - Throws: as `load(_:precision:)`, and `CheckpointError` where the file cannot be written.
    fileprivate func pack(_ checkpoint: Checkpoint, to output: PackedOutput) throws {
        let wanted = try completed(for: checkpoint)
        try output.write(checkpoint, ignoring: Self.ignores) { _ = wanted.imageTokenizer($0) }
    }
}

/// Where and as what a packed file is written.
private struct PackedOutput {
    let path: String
    let precision: Precision
    let progress: (Double) throws -> Void

    func write(
        from source: any WeightSource, metadata: [String: String] = [:], build: (Weights) throws -> [(name: String, tensor: Tensor)]
    ) throws {
        try PackedFile.write(from: source, as: precision, metadata: metadata, to: path, progress: progress, build: build)
    }

    /// The parameters that `build` asks for, all of which a checkpoint must hold, and nothing else but what is ignored.
    func write(
        _ checkpoint: Checkpoint, ignoring isIgnored: (String) -> Bool = { _ in false }, build: (Weights) -> Void
    ) throws {
        let source = CheckpointWeights(checkpoint)
        try write(from: source, metadata: checkpoint.metadata) { weights in
            build(weights)
            try source.verify(ignoring: isIgnored)
            return []
        }
    }
}
