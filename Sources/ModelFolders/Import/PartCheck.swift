import Checkpoints
import Layers
import Networks
import Tensors

/// Whether checkpoints hold what their networks want, found out by building the networks without reading a value.
struct PartCheck {
    /// The parameters that are asked for, by the checkpoint that holds them.
    private var wanted: [(checkpoint: Checkpoint, names: [String])] = []

    /// Reads every parameter.
    ///
    /// - Throws: `CheckpointError.notFinite` with the place of the first value that is infinite or not a number.
    func checkFinite() throws {
        for (checkpoint, names) in wanted {
            for name in names where checkpoint.contains(name) { try checkpoint.checkFinite(name) }
        }
    }

    /// Checks one network.
    ///
    /// - Throws: `WeightMismatch` with all that is missing, and `ImageTokenizerError` where a tokenizer cannot be told.
    mutating func check(_ configuration: any NetworkConfiguration, in path: String) throws {
        let checkpoint = try Checkpoint.ofModel(path)
        switch configuration {
        case let tokenizer as any ImageTokenizerConfiguration:
            let complete = try tokenizer.completed(for: checkpoint)
            try check(checkpoint, ignoring: type(of: tokenizer).ignores) { _ = complete.imageTokenizer($0) }
        case let generator as any TokenGeneratorConfiguration:
            try check(checkpoint, ignoring: type(of: generator).ignores) { _ = generator.generator($0) }
        case let text as CLIPTextConfiguration:
            let weights = try CLIPWeights(checkpoint)
            let asked = AskedNames()
            _ = TextTransformer(
                text.tower(activation: .quickGELU),
                weights: Weights(
                    ExpectedWeights(holds: weights.contains) { name, shape in asked.names += weights.expect(name, shape: shape) }))
            try weights.verify()
            wanted.append((checkpoint, asked.names))
        default: break
        }
    }

    /// Checks a published FlowTok, whose configuration is valid.
    ///
    /// - Throws: `WeightMismatch` for the first file that lacks something.
    mutating func check(_ configuration: OfficialFlowTokConfiguration, text: String, flow: String, tokenizer: String) throws {
        let weights = try OfficialWeights(
            text: Checkpoint.ofModel(text), flow: Checkpoint.ofModel(flow), tokenizer: Checkpoint.ofModel(tokenizer))
        let asked = AskedNames()
        _ = FlowTokModel(
            configuration.model,
            weights: Weights(
                ExpectedWeights(holds: weights.contains) { name, shape in
                    asked.places += weights.expect(name, shape: shape)
                }))
        try weights.verify()
        for place in asked.places { wanted.append((place.checkpoint, place.names)) }
    }

    private mutating func check(
        _ checkpoint: Checkpoint, ignoring: (String) -> Bool, build: (Weights) -> Void
    ) throws {
        let source = CheckpointWeights(checkpoint)
        let asked = AskedNames()
        build(
            Weights(
                ExpectedWeights(holds: source.contains) { name, shape in
                    asked.names.append(name)
                    source.expect(name, shape: shape)
                }))
        try source.verify(ignoring: ignoring)
        wanted.append((checkpoint, asked.names))
    }
}

/// What a network asked for while it was built.
private final class AskedNames {
    var names: [String] = []
    var places: [(checkpoint: Checkpoint, names: [String])] = []
}
