import Checkpoints
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
        let wanted = completed(by: Set(checkpoint.names))
        if let problem = wanted.problem { throw ImageTokenizerError.badConfiguration(problem) }
        let own = ModelFamilies.family(of: wanted)
        let found = RecognisedCheckpoint.signature(of: Set(checkpoint.names))
        if let own, let found, found.family != own {
            throw checkpoint.isNot(own.signatures.first?.title ?? own.title)
        }
        let source = CheckpointWeights(checkpoint)
        let weights = Weights(PackingWeights(source, as: precision))
        let later = DeferredWeights {
            let source = CheckpointWeights(checkpoint)
            return (
                Weights(PackingWeights(source, as: precision)),
                { try source.verify(ignoring: { _ in true }) }
            )
        }
        let tokenizer =
            wanted.imageTokenizer(weights, expected: Weights(ExpectedWeights(source)), later: later)
            ?? wanted.imageTokenizer(weights)
        try source.verify(ignoring: Self.ignores)
        return tokenizer
    }
}

extension Checkpoint {
    /// The configuration of the image tokenizer that this checkpoint holds.
    ///
    /// - Throws: `ImageTokenizerError.otherArchitecture` where it holds something else, `undetermined` where its shapes
    ///   contradict its names.
    public func imageTokenizerConfiguration() throws -> any ImageTokenizerConfiguration {
        guard let found = try RecognisedCheckpoint(self)?.configuration as? any ImageTokenizerConfiguration else {
            throw isNot("an image tokenizer")
        }
        return found
    }
}
