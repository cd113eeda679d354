import Files
import Layers

extension ModelFamily {
    /// GigaTok (2504.08736), and the tokenizers over a grid that it is compared with.
    public static let gigaTok = ModelFamily(
        id: "gigatok", title: "a GigaTok, an image tokenizer", abilities: [.tokenize],
        network: .imageTokenizer(GigaTokConfiguration.self),
        signatures: [
            Signature(
                "GigaTok, a 1D image tokenizer",
                ["s2to1encoder.positional_embedding", "s1to2decoder.positional_embedding", "quantize.embedding.weight"]),
            Signature(
                "GigaTok's 2D image tokenizer",
                ["s2dencoder.positional_embedding", "s2ddecoder.positional_embedding", "quantize.embedding.weight"]),
        ])
}

extension GigaTokConfiguration: ImageTokenizerConfiguration {
    /// The configuration of a GigaTok by the shapes of its tensors (reference section 4).
    public init(inferredFrom catalog: TensorCatalog) throws {
        let isSequence = catalog.contains("s2to1encoder.positional_embedding")
        let (first, second) = isSequence ? ("s2to1encoder", "s1to2decoder") : ("s2dencoder", "s2ddecoder")
        for option in ["query_1d", "query_2d", "transformer.0.self_attn.q_proj.weight"] {
            for part in [first, second] where catalog.contains("\(part).\(option)") {
                throw TensorCatalog.Problem("\(part).\(option) belongs to an option that no released tokenizer has")
            }
        }
        let (encoder, decoder) = (try Self.transformer(first, catalog), try Self.transformer(second, catalog))
        let codes = try catalog.shape("quantize.embedding.weight", rank: 2)
        let input = try catalog.shape("encoder.conv_in.weight", rank: 4)[0]
        let grid = try catalog.side(
            catalog.shape("\(first).positional_embedding", rank: 3)[0], of: "\(first).positional_embedding")
        let encoderMultipliers = try Self.multipliers("encoder", of: input, catalog)
        var configuration = GigaTokConfiguration(
            layout: isSequence ? .sequence : .grid,
            layer: catalog.contains("\(first).transformer.0.multihead_attn.in_proj_weight") ? .decoder : .plain,
            latentTokens: try isSequence
                ? catalog.shape("\(first).latent_token_positional_embedding", rank: 3)[0] : grid * grid,
            codebookSize: codes[0], codeSize: codes[1],
            channels: try catalog.shape("\(first).conv_out.weight", rank: 4)[0], baseChannels: input,
            encoderMultipliers: encoderMultipliers,
            decoderMultipliers: try Self.multipliers("decoder", of: input, catalog).reversed(),
            residualBlocks: catalog.run("encoder.conv_blocks.0.res.", ".conv1.weight"), encoder: encoder, decoder: decoder)
        // A side of 64 places and 8 levels are the most that `validate()` lets pass.
        configuration.imageSize = min(grid, 1 << 16) << min(max(0, encoderMultipliers.count - 1), 8)
        if catalog.contains("\(second).distill_mlp.4.weight") {
            configuration.teacherWidth = try catalog.shape("\(second).distill_mlp.4.weight", rank: 2)[0]
        }
        self = try TensorCatalog.checked(configuration)
    }

    private static func transformer(_ name: String, _ catalog: TensorCatalog) throws -> TransformerShape {
        let width = try catalog.shape("\(name).positional_embedding", rank: 3)[2]
        return TransformerShape(
            width: width, layers: catalog.run("\(name).transformer.", ".norm1.weight"), heads: try catalog.heads(width))
    }

    /// The multiples of the base channels, a level to each, in the order of the file.
    private static func multipliers(_ part: String, of channels: Int, _ catalog: TensorCatalog) throws -> [Int] {
        try (0..<catalog.run("\(part).conv_blocks.", ".res.0.conv1.weight")).map { level in
            try TensorCatalog.quotient(
                try catalog.shape("\(part).conv_blocks.\(level).res.0.conv1.weight", rank: 4)[0], channels,
                "the channels of level \(level) of the \(part)")
        }
    }

    public static func isDescribed(by configuration: JSONValue) -> Bool {
        configuration["codebook_embed_dim"] != nil && configuration["z_channels"] != nil
    }

    /// What training alone needs.
    public static func ignores(_ tensor: String) -> Bool {
        tensor == "quantize.codebook_used" || tensor.hasPrefix("s1to2decoder.distill_mlp.")
            || tensor.hasPrefix("s2ddecoder.distill_mlp.")
    }

    public var tokens: TokenShape { TokenShape(count: latentTokens, values: .codes(size: codebookSize)) }

    public var textGuidance: TextGuidanceShape? { nil }

    public static var publishedSizes: [(name: String, configuration: any ImageTokenizerConfiguration)] {
        let released = [("small", "small"), ("small", "base"), ("small", "large"), ("base", "large"), ("xl", "xxl")]
        let shapes = Dictionary(sizes.map { ($0.key, $0.value) }) { first, _ in first }
        var all: [(name: String, configuration: any ImageTokenizerConfiguration)] = released.compactMap { first, second in
            guard let encoder = shapes[first], let decoder = shapes[second] else { return nil }
            let configuration = GigaTokConfiguration(encoder: encoder, decoder: decoder)
            return configuration.publishedName.map { ("GigaTok-" + $0, configuration) }
        }
        let shape = TransformerShape(width: 64, layers: 1, heads: 1)
        let small = GigaTokConfiguration(
            imageSize: 32, latentTokens: 16, codebookSize: 64, channels: 32, baseChannels: 32, encoderMultipliers: [1, 1, 1, 1],
            decoderMultipliers: [1, 1, 1, 1], residualBlocks: 1, encoder: shape, decoder: shape)
        all.append(("GigaTok-tiny", small))
        return all
    }

    public var summary: String {
        ["GigaTok", publishedName].compactMap { $0 }.joined(separator: " ")
            + ", \(tokens.summary), \(imageSize)×\(imageSize) pixels"
    }

    public func imageTokenizer(_ weights: Weights) -> any ImageTokenizer { GigaTok(self, weights: weights) }

    public func imageTokenizer(_ weights: Weights, expected: Weights, later: DeferredWeights) -> any ImageTokenizer {
        GigaTok(self, weights: weights, expected: expected, later: later)
    }
}
