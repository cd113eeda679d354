import Checkpoints
import Foundation
import Layers
import Networks
import Sampling
import Tensors

extension FolderConversion {
    /// Whether a model of this kind can be packed: those whose matrices are read again and again.
    public var canPack: Bool { family.isFlow || family.isGenerator || family.isImageTokenizer }

    /// Writes the folder with its matrices in the kernels' own order and type, to be used where the file is mapped, and with
    /// the modulation of the model's own schedules; whole or not at all.
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
        guard family.isFlow else {
            try writePackedParts(to: path, as: precision, progress: progress)
            return
        }
        let official = configuration as? OfficialFlowTokConfiguration
        let own = official == nil ? try ModelFolder.readConfiguration(folder + "/" + ModelFolder.configurationFile) : nil
        var written = 0
        try write(to: path) { item, checkpoint, output in
            try progress(item.name, Double(written) / Double(max(1, items.count(where: \.isCheckpoint))))
            written += 1
            if let own {
                try Self.pack(own, checkpoint, as: precision, to: output)
            } else if let official {
                try Self.pack(official, item.name, checkpoint, as: precision, to: output)
            }
        }
    }

    /// One of this package's own models.
    private static func pack(
        _ configuration: FlowTokConfiguration, _ checkpoint: Checkpoint, as precision: Precision, to output: String
    ) throws {
        let source = CheckpointWeights(checkpoint)
        try PackedFile.write(from: source, as: precision, metadata: checkpoint.metadata, to: output) { weights in
            let model = FlowTokModel(configuration, weights: weights)
            try source.verify(ignoring: ModelFolder.unused)
            return PrecomputedModulation.tensors(of: model.velocity, configuration, prefix: "flow.")
        }
    }

    /// A file of the published FlowTok, under OpenAI's names where it is CLIP.
    private static func pack(
        _ configuration: OfficialFlowTokConfiguration, _ name: String, _ checkpoint: Checkpoint, as precision: Precision,
        to output: String
    ) throws {
        if name == configuration.files.textEncoder {
            let source = try CLIPWeights(checkpoint)
            try PackedFile.write(from: source, as: precision, to: output) { weights in
                _ = TextTransformer(configuration.textEncoder, weights: weights)
                try source.verify()
                return []
            }
            return
        }
        let source = CheckpointWeights(checkpoint)
        try PackedFile.write(from: source, as: precision, to: output) { weights in
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

    /// A generator with its image tokenizer, or an image tokenizer alone. CLIP beside them stays as it is.
    private func writePackedParts(
        to path: String, as precision: Precision, progress: (_ file: String, _ share: Double) throws -> Void
    ) throws {
        let parts = family.isGenerator ? try GeneratorFolder(path: folder) : nil
        let tokenizer = try parts?.tokenizer ?? TokenizerLocation(path: folder)
        func isSame(_ a: String, _ b: String) -> Bool {
            URL(fileURLWithPath: a).resolvingSymlinksInPath() == URL(fileURLWithPath: b).resolvingSymlinksInPath()
        }
        var written = 0
        try write(to: path) { item, checkpoint, output in
            try progress(item.name, Double(written) / Double(max(1, items.count(where: \.isCheckpoint))))
            written += 1
            let source = CheckpointWeights(checkpoint)
            if let parts, isSame(item.source, parts.weightsFile) {
                try PackedFile.write(from: source, as: precision, metadata: checkpoint.metadata, to: output) { weights in
                    _ = parts.configuration.generator(weights)
                    try source.verify(ignoring: type(of: parts.configuration).ignores)
                    return []
                }
            } else if isSame(item.source, tokenizer.weightsFile) {
                let wanted = tokenizer.configuration.completed(by: Set(checkpoint.names))
                try PackedFile.write(from: source, as: precision, metadata: checkpoint.metadata, to: output) { weights in
                    _ = wanted.imageTokenizer(weights)
                    try source.verify(ignoring: type(of: wanted).ignores)
                    return []
                }
            } else {
                try checkpoint.convert(to: output, as: nil, shardBytes: .max) { _, _ in }
            }
        }
    }
}
