import Checkpoints
import Files
import Layers
import Networks
import Tensors

extension ImageTokenizerConfiguration {
    /// The tokenizer of this configuration with the weights of a checkpoint, all of which must be there in their shapes.
    ///
    /// - Parameter precision: what the weights of linear maps are kept in, and products with them computed in.
    /// - Throws: `ImageTokenizerError.badConfiguration`, `otherArchitecture` where the checkpoint is of another known
    ///   architecture, `WeightMismatch` where the tensors do not fit the configuration, and `CheckpointError.notFinite`
    ///   where a value is infinite or not a number.
    public func load(_ checkpoint: Checkpoint, precision: Precision = .float32) throws -> any ImageTokenizer {
        let wanted = try completed(for: checkpoint)
        let own = ModelFamilies.family(of: wanted)
        let found = RecognisedCheckpoint.signature(of: Set(checkpoint.names))
        // What only its configuration tells from others bears no signature of its own.
        let other: ImageTokenizerError? =
            if let own, let found, found.family != own { checkpoint.isNot(own.signatures.first?.title ?? own.title) } else { nil }
        if let other, found?.family != nil, own?.signatures.isEmpty == false { throw other }
        let source = CheckpointWeights(checkpoint)
        let later = DeferredWeights {
            let source = CheckpointWeights(checkpoint)
            return (
                Weights(PackingWeights(source, as: precision)),
                { try source.verify(ignoring: { _ in true }) }
            )
        }
        let tokenizer = wanted.imageTokenizer(
            Weights(PackingWeights(source, as: precision)), expected: Weights(ExpectedWeights(source)), later: later)
        do { try source.verify(ignoring: Self.ignores) } catch let mismatch as WeightMismatch { throw other ?? mismatch }
        return tokenizer
    }

    /// This configuration with what a checkpoint tells.
    ///
    /// - Throws: `ImageTokenizerError.undetermined` where it does not tell what it should, and `badConfiguration`.
    func completed(for checkpoint: Checkpoint) throws -> Self {
        let wanted: Self
        do {
            wanted = try completed(by: TensorCatalog(checkpoint))
        } catch let problem as TensorCatalog.Problem {
            let title = ModelFamilies.family(of: self)?.signatures.first?.title ?? "an image tokenizer"
            throw ImageTokenizerError.undetermined(file: checkpoint.path, architecture: title, reason: problem.reason)
        }
        try wanted.validate { ImageTokenizerError.badConfiguration($0) }
        return wanted
    }
}

extension TensorCatalog {
    /// What a checkpoint tells of its architecture.
    package init(_ checkpoint: Checkpoint) {
        self.init(checkpoint.shapes, metadata: checkpoint.metadata, folder: FilePath.folder(of: checkpoint.path))
    }
}

extension Checkpoint {
    /// The configuration of the image tokenizer that this checkpoint holds.
    ///
    /// - Throws: `ImageTokenizerError.otherArchitecture` where it holds something else, `undetermined` where its shapes
    ///   contradict its names.
    public func imageTokenizerConfiguration() throws -> any ImageTokenizerConfiguration {
        try recognisedImageTokenizer().configuration
    }

    /// The same, with what was assumed.
    func recognisedImageTokenizer() throws -> (configuration: any ImageTokenizerConfiguration, warnings: [String]) {
        let recognised = try RecognisedCheckpoint(self)
        guard let recognised, let found = recognised.configuration as? any ImageTokenizerConfiguration else {
            throw isNot("an image tokenizer")
        }
        return (found, recognised.warnings)
    }
}
