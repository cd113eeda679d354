import Checkpoints
import Layers
import Networks
import Sampling
import Tensors

extension FolderConversion {
    /// Whether a model of this kind can be packed: those that draw from captions by flow, and image tokenizers.
    public var canPack: Bool { family.isFlow || family.isImageTokenizer }

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
                file: folder, reason: "it is of \(family.title), expected a FlowTok or an image tokenizer: other models are not packed")
        }
        let official = configuration as? OfficialFlowTokConfiguration
        let tokenizer = family.isImageTokenizer ? try ImageTokenizerFolder(path: folder) : nil
        let own = official == nil && tokenizer == nil ? try ModelFolder.readConfiguration(folder + "/" + ModelFolder.configurationFile) : nil
        var written = 0
        try write(to: path) { item, checkpoint, output in
            func share(_ part: Double) throws {
                try progress(item.name, (Double(written) + part) / Double(max(1, items.count(where: \.isCheckpoint))))
            }
            try share(0)
            defer { written += 1 }
            if let own {
                try Self.pack(own, checkpoint, as: precision, to: output, progress: share)
            } else if let tokenizer {
                try Self.pack(tokenizer, item, checkpoint, as: precision, to: output, progress: share)
            } else if let official {
                try Self.pack(official, item.name, checkpoint, as: precision, to: output, progress: share)
            }
        }
    }

    /// One of this package's own models.
    private static func pack(
        _ configuration: FlowTokConfiguration, _ checkpoint: Checkpoint, as precision: Precision, to output: String,
        progress: (Double) throws -> Void
    ) throws {
        let source = CheckpointWeights(checkpoint)
        try PackedFile.write(from: source, as: precision, metadata: checkpoint.metadata, to: output, progress: progress) { weights in
            let model = FlowTokModel(configuration, weights: weights)
            try source.verify(ignoring: ModelFolder.unused)
            return PrecomputedModulation.tensors(of: model.velocity, configuration, prefix: "flow.")
        }
    }

    /// A file of the published FlowTok, under OpenAI's names where it is CLIP.
    private static func pack(
        _ configuration: OfficialFlowTokConfiguration, _ name: String, _ checkpoint: Checkpoint, as precision: Precision,
        to output: String, progress: (Double) throws -> Void
    ) throws {
        if name == configuration.files.textEncoder {
            return try pack(configuration.textEncoder, checkpoint, as: precision, to: output, progress: progress)
        }
        let source = CheckpointWeights(checkpoint)
        try PackedFile.write(from: source, as: precision, to: output, progress: progress) { weights in
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
    private static func pack(
        _ tower: TextTransformerConfiguration, _ checkpoint: Checkpoint, as precision: Precision, to output: String,
        progress: (Double) throws -> Void
    ) throws {
        let source = try CLIPWeights(checkpoint)
        try PackedFile.write(from: source, as: precision, to: output, progress: progress) { weights in
            _ = TextTransformer(tower, weights: weights)
            try source.verify()
            return []
        }
    }

    /// A file of an image tokenizer: its own, or the text tower that guides it.
    private static func pack(
        _ tokenizer: ImageTokenizerFolder, _ item: Item, _ checkpoint: Checkpoint, as precision: Precision, to output: String,
        progress: (Double) throws -> Void
    ) throws {
        guard item.source == tokenizer.weightsFile else {
            guard let tower = tokenizer.imported?.textEncoder else {
                throw FlowTokError.unusableModel(file: item.source, reason: "it is no part of \(tokenizer.name)")
            }
            return try pack(tower, checkpoint, as: precision, to: output, progress: progress)
        }
        try tokenizer.configuration.pack(checkpoint, as: precision, to: output, progress: progress)
    }
}

extension ImageTokenizerConfiguration {
    /// Writes a checkpoint of this configuration with its matrices packed.
    ///
    /// - Throws: as `load(_:precision:)`, and `CheckpointError` where the file cannot be written.
    fileprivate func pack(
        _ checkpoint: Checkpoint, as precision: Precision, to output: String, progress: (Double) throws -> Void
    ) throws {
        let wanted = try completed(for: checkpoint)
        let source = CheckpointWeights(checkpoint)
        try PackedFile.write(from: source, as: precision, metadata: checkpoint.metadata, to: output, progress: progress) { weights in
            _ = wanted.imageTokenizer(weights)
            try source.verify(ignoring: Self.ignores)
            return []
        }
    }
}
