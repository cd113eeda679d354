import Layers
import Tensors

/// Codes of the latent tokens to pixels (GigaTok, section 3.2; reference sections 5.5 and 5.6).
public struct GigaTokDecoder: Sendable {
    let configuration: GigaTokConfiguration
    private let dequantization: Linear
    private let firstNorm: LayerNorm
    private let embedding: Linear
    private let layers: GigaTokLayers
    private let lastNorm: LayerNorm
    private let output: Convolution
    package let convolutions: GigaTokConvolutionalDecoder

    init(_ configuration: GigaTokConfiguration, weights root: Weights) {
        let (shape, places) = (configuration.decoder, configuration.grid * configuration.grid)
        self.configuration = configuration
        dequantization = Linear(
            root["post_quant_conv"], from: configuration.codeSize, to: configuration.channels, kernel: [1, 1])
        let weights = root[Self.transformer(configuration)]
        firstNorm = LayerNorm(weights["ln_pre"], width: configuration.channels)
        embedding = Linear(weights["decoder_embed"], from: configuration.channels, to: shape.width, initial: .small)
        layers = GigaTokLayers(
            weights, configuration: configuration, shape: shape, queries: ("positional_embedding", places),
            memory: ("latent_token_positional_embedding", configuration.latentTokens))
        lastNorm = LayerNorm(weights["ln_post"], width: shape.width)
        output = Convolution(weights["conv_out"], from: shape.width, to: configuration.channels, kernel: 3, initial: .small)
        convolutions = GigaTokConvolutionalDecoder(configuration, weights: root["decoder"])
    }

    /// Where the transformer's parameters stand.
    static func transformer(_ configuration: GigaTokConfiguration) -> String {
        configuration.layout == .sequence ? "s1to2decoder" : "s2ddecoder"
    }

    /// What the transformer reads of codes [batch, N, C]: the memory of the queries, or the places themselves,
    /// [batch, N, width].
    package func embed(_ codes: Tensor) -> Tensor {
        embedding(firstNorm(dequantization(codes)))
    }

    /// The queries of the places [batch, grid², width]: the first token for each, or the places
    /// themselves, with their positions where they are added once.
    package func queries(_ tokens: Tensor) -> Tensor {
        guard configuration.layout == .sequence else { return layers.placed(tokens) }
        let (batch, width) = (tokens.shape[0], tokens.shape[2])
        return tokens.sliced(axis: 1, 0..<1).reshaped([batch, width]).repeated(configuration.grid * configuration.grid)
            .permuted(1, 0, 2)
    }

    /// The queries after the first `count` layers; nil means all. Of these, `done` have been passed before.
    package func transformed(_ queries: Tensor, memory: Tensor, after done: Int = 0, first count: Int? = nil) -> Tensor {
        layers(queries, memory: memory, done..<min(count ?? layers.count, layers.count))
    }

    /// The features [batch, Z, grid, grid] that the convolutions draw.
    package func features(_ queries: Tensor) -> Tensor {
        output(lastNorm(queries).planesOfPlaces(side: configuration.grid))
    }

    /// codes [batch, N, C] → images [batch, 3, side, side], nominally in -1...1 and not clamped.
    public func callAsFunction(_ codes: Tensor) -> Tensor {
        let tokens = embed(codes)
        return convolutions(features(transformed(queries(tokens), memory: tokens)))
    }
}

/// What training compares with a teacher's features: three linear maps of the places after the decoder's layer
/// `distillationDepth` (GigaTok, section 3.1; reference section 5.5).
public struct GigaTokDistillation: Sendable {
    private let maps: [Linear]

    /// - Parameter root: the tokenizer's parameters.
    public init(_ configuration: GigaTokConfiguration, weights root: Weights) {
        let weights = root[GigaTokDecoder.transformer(configuration)]["distill_mlp"]
        let (width, hidden) = (configuration.decoder.width, 4 * configuration.decoder.width)
        maps = [
            Linear(weights[0], from: width, to: hidden), Linear(weights[2], from: hidden, to: hidden),
            Linear(weights[4], from: hidden, to: configuration.teacherWidth),
        ]
    }

    /// places [batch, grid², width] → features [batch, grid², teacher's width].
    public func callAsFunction(_ places: Tensor) -> Tensor {
        maps[2](maps[1](maps[0](places, activation: .silu), activation: .silu))
    }
}
