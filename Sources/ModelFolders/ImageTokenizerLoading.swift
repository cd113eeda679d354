import Checkpoints
import Layers
import Networks
import Tensors

extension ImageTokenizerConfiguration {
    /// The configuration of the image tokenizer that a checkpoint holds, by the names and shapes of its tensors.
    ///
    /// - Throws: `ImageTokenizerError.otherArchitecture` where it holds something else, `undetermined` where its shapes
    ///   contradict its names.
    public init(recognising checkpoint: Checkpoint) throws {
        let architecture = try CheckpointArchitecture(shapes: checkpoint.shapes, file: checkpoint.path)
        guard let configuration = architecture.flatMap({ ImageTokenizerConfiguration($0) }) else {
            throw ImageTokenizerError.otherArchitecture(
                file: checkpoint.path, expected: "an image tokenizer",
                found: architecture?.family.title ?? checkpoint.unknownContents)
        }
        self = configuration
    }

    /// The tokenizer of this configuration with the weights of a checkpoint, all of which must be there in their shapes.
    ///
    /// Official configurations do not say whether a tokenizer is text-aware: where the checkpoint is, the tokenizer is.
    ///
    /// - Parameter precision: what the weights of linear maps are kept in, and products with them computed in.
    /// - Throws: `ImageTokenizerError.badConfiguration`, `otherArchitecture` where the checkpoint is of another known
    ///   architecture, and `WeightMismatch` where the tensors do not fit the configuration.
    public func load(_ checkpoint: Checkpoint, precision: Precision = .float32) throws -> any ImageTokenization {
        let found = CheckpointFamily(names: checkpoint.names)
        var wanted = self
        if case .tiTok(var configuration) = self, found == .taTiTok, !configuration.isLegacy {
            configuration.kind = .textAware
            wanted = .tiTok(configuration)
        }
        if let problem = wanted.problem { throw ImageTokenizerError.badConfiguration(problem) }
        if let found, found != wanted.family {
            throw ImageTokenizerError.otherArchitecture(
                file: checkpoint.path, expected: wanted.family.title, found: found.title)
        }
        let source = CheckpointWeights(checkpoint)
        let weights = Weights(PackingWeights(source, as: precision))
        let tokenizer: any ImageTokenization =
            switch wanted {
            case .tiTok(let configuration): TiTok(configuration, weights: weights)
            case .flowTiTok(let configuration): FlowTiTok(configuration, weights: weights)
            case .maskGITVQGAN(let configuration): MaskGITVQGAN(configuration, weights: weights)
            }
        try source.verify(ignoring: Self.isUnused)
        return tokenizer
    }

    /// What checkpoints hold beside the parameters: use counts of codes from training, and position tables that are
    /// computed.
    private static func isUnused(_ name: String) -> Bool {
        name == "quantize.embed_prob" || name.contains("positional_embedding.freqs_")
    }
}

extension Checkpoint {
    fileprivate var unknownContents: String {
        names.first.map { "\(names.count) tensors of no architecture that is known here (\($0), …)" } ?? "no tensors"
    }
}
