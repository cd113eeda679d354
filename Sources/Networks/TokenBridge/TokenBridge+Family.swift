import Files
import Layers
import Sampling
import Tensors

extension ModelFamily {
    /// The variational autoencoder of MAR and TokenBridge, with TokenBridge's quantizer (2503.16430, section 3.1).
    public static let tokenBridgeTokenizer = ModelFamily(
        id: "tokenbridge-vae", title: "a TokenBridge image tokenizer", abilities: [.tokenize],
        network: .imageTokenizer(TokenBridgeTokenizerConfiguration.self),
        // Attention lies at one level, whichever that is.
        signatures: (0..<8).map { level in
            Signature(
                "the KL autoencoder of MAR and TokenBridge",
                [
                    "encoder.mid.block_1.conv1.weight", "decoder.mid.attn_1.q.weight", "quant_conv.weight",
                    "post_quant_conv.weight", "encoder.down.\(level).attn.0.q.weight",
                ])
        })

    /// Generators over these tokens (2503.16430, section 3.2), of classes or of captions.
    public static let tokenBridge = ModelFamily(
        id: "tokenbridge", title: "a TokenBridge, a generator of channels of tokens", abilities: [.drawClasses, .drawCaptions],
        network: .generator(TokenBridgeConfiguration.self),
        signatures: [
            Signature("TokenBridge, a generator of channels of tokens", ["channel_embed", "encoder_pos_embed_learned", "fake_latent"])
        ])
}

extension TokenBridgeTokenizerConfiguration: ImageTokenizerConfiguration {
    public init(inferredFrom catalog: TensorCatalog) throws {
        if catalog.contains("quantize.embedding.weight") {
            throw TensorCatalog.Problem("it has a codebook, and is a VQGAN")
        }
        let latents = try catalog.shape("post_quant_conv.weight", rank: 4)[0]
        let moments = try catalog.shape("quant_conv.weight", rank: 4)[0]
        guard moments == 2 * latents else {
            throw TensorCatalog.Problem("quant_conv.weight has \(moments) outputs, expected \(2 * latents)")
        }
        let channels = try catalog.shape("encoder.conv_in.weight", rank: 4)[0]
        let depth = catalog.run("encoder.down.", ".block.0.conv1.weight")
        var configuration = TokenBridgeTokenizerConfiguration(
            hiddenChannels: channels,
            channelMultipliers: try (0..<depth).map { level in
                try TensorCatalog.quotient(
                    catalog.shape("encoder.down.\(level).block.0.conv1.weight", rank: 4)[0], channels,
                    "the channels of level \(level)")
            },
            residualBlocks: catalog.run("encoder.down.0.block.", ".conv1.weight"), channels: latents)
        guard let level = (0..<depth).first(where: { catalog.contains("encoder.down.\($0).attn.0.q.weight") }) else {
            throw TensorCatalog.Problem("it has no attention at any level of the encoder")
        }
        configuration.resolution = Self.attentionResolution << level
        configuration.imageSize = configuration.resolution
        self = try TensorCatalog.checked(configuration)
    }

    public static func isDescribed(by configuration: JSONValue) -> Bool {
        configuration["ch_mult"] != nil && configuration["embed_dim"] != nil
    }

    /// What training kept beside the network.
    public static func ignores(_ tensor: String) -> Bool { tensor.hasPrefix("loss.") || tensor.hasPrefix("model_ema.") }

    public static var identifyingTensors: [String] { ["post_quant_conv.weight"] }

    public var tokens: TokenShape {
        TokenShape(count: max(1, grid * grid), values: .codes(size: levels, channels: channels))
    }

    public var textGuidance: TextGuidanceShape? { nil }

    public var summary: String { "the KL autoencoder of MAR and TokenBridge, \(tokens.summary), \(imageSize)×\(imageSize) pixels" }

    public func imageTokenizer(_ weights: Weights) -> any ImageTokenizer { TokenBridgeTokenizer(self, weights: weights) }

    public func imageTokenizer(_ weights: Weights, expected: Weights, later: DeferredWeights) -> any ImageTokenizer {
        TokenBridgeTokenizer(self, expected: expected, later: later)
    }

    /// Whoever uses the latents chooses the bins.
    public func serving(_ tokens: TokenShape) -> TokenBridgeTokenizerConfiguration {
        var other = self
        if case .codes(let size, channels) = tokens.values, GaussianQuantizer.bounds.contains(size) { other.levels = size }
        return other
    }

    public func resized(to side: Int) -> TokenBridgeTokenizerConfiguration? {
        var other = self
        other.imageSize = side
        return other
    }
}

extension TokenBridgeConfiguration: TokenGeneratorConfiguration {
    public init(inferredFrom catalog: TensorCatalog) throws {
        let encoder = try catalog.shape("z_proj.weight", rank: 2)
        let decoder = try catalog.shape("decoder_embed.weight", rank: 2)[0]
        let head = try catalog.shape("channel_embed", rank: 3)
        let length = try catalog.shape("output_pos_embed", rank: 3)[1]
        let side = try catalog.side(length, of: "output_pos_embed")
        self = try TensorCatalog.checked(
            TokenBridgeConfiguration(
                imageSize: side * 16, channels: head[1], levels: try catalog.shape("channel_heads.0.weight", rank: 2)[0],
                subjects: try catalog.captions ?? .classes(catalog.shape("class_emb.weight", rank: 2)[0]),
                buffer: try TensorCatalog.difference(
                    catalog.shape("encoder_pos_embed_learned", rank: 3)[1], length, "places of the encoder"),
                encoder: TransformerShape(
                    width: encoder[0], layers: catalog.run("encoder_blocks.", ".attn.qkv.weight"), heads: try Self.heads(encoder[0], catalog)),
                decoder: TransformerShape(
                    width: decoder, layers: catalog.run("decoder_blocks.", ".attn.qkv.weight"), heads: try Self.heads(decoder, catalog)),
                head: TransformerShape(
                    width: head[2], layers: catalog.run("channel_blocks.", ".attn.qkv.weight"),
                    heads: try TensorCatalog.quotient(
                        head[2], catalog.shape("channel_blocks.0.attn.q_norm.weight", rank: 1)[0], "the width of channel_embed"))))
    }

    /// Heads of 64 channels, but for H, whose 16 heads have 80.
    private static func heads(_ width: Int, _ catalog: TensorCatalog) throws -> Int { try width == 1280 ? 16 : catalog.heads(width) }

    public static func isDescribed(by configuration: JSONValue) -> Bool {
        configuration["channel_embed_dim"] != nil && configuration["quant_levels"] != nil
    }

    /// The mask of the channels' attention and the borders between bins, which nothing needs. The means of the bins are read
    /// where they are there.
    public static func ignores(_ tensor: String) -> Bool { ["channel_mask", "boundaries"].contains(tensor) }

    public static func unknownKeys(in configuration: JSONValue) -> [String] {
        configuration.keys(at: [], beyond: knownKeys)
    }

    public static var publishedSizes: [(name: String, configuration: any TokenGeneratorConfiguration)] {
        var sizes: [(name: String, configuration: any TokenGeneratorConfiguration)] = []
        for entry in published.dropFirst() { sizes.append((entry.name, entry.configuration)) }
        let shape = TransformerShape(width: 64, layers: 1, heads: 1)
        let small = TokenBridgeConfiguration(
            imageSize: 32, classes: 10, buffer: 2, encoder: shape, decoder: shape, head: shape)
        sizes.append(("TokenBridge-tiny", small))
        return sizes
    }

    public var captionStates: CaptionStates { .textEncoder(positions: nil) }

    public var tokens: TokenShape { TokenShape(count: length, values: .codes(size: levels, channels: channels)) }

    public var publishedName: String? {
        TokenBridgeConfiguration.published.first { $0.configuration.shape == shape }?.name
    }

    /// Without the settings of drawing.
    private var shape: TokenBridgeConfiguration {
        var shape = self
        shape.sampling = TokenBridgeSampling()
        return shape
    }

    public var summary: String { "\(publishedName ?? "TokenBridge"), \(subjects.summary), \(tokens.summary)" }

    public func generator(_ weights: Weights) -> any TokenGenerator { TokenBridge(self, weights: weights) }
}

extension TokenBridge: TokenGenerator {
    public var subjects: GeneratorSubjects { configuration.subjects }
    public var tokens: TokenShape { configuration.tokens }

    public var defaults: GeneratorSettings {
        let sampling = configuration.sampling
        return GeneratorSettings(steps: sampling.steps, guidance: sampling.guidance, temperature: sampling.temperature)
    }

    public func generate(
        _ condition: GeneratorCondition, settings: GeneratorSettings, noise: inout any NoiseSource,
        progress: (GenerationStep) throws -> Void
    ) throws -> ImageTokens {
        let (labels, captions) = try condition.labels(for: subjects)
        var sampling = configuration.sampling
        sampling.steps = settings.steps ?? sampling.steps
        sampling.guidance = settings.guidance ?? sampling.guidance
        sampling.temperature = settings.temperature ?? sampling.temperature
        return .indices(
            try generate(labels: labels, captions: captions, sampling: sampling, orders: nil, noise: &noise, progress: progress))
    }
}
