import Files
import Layers
import Tensors

/// The shape of a text variational encoder.
public struct TextVariationalConfiguration: Sendable, Hashable, Codable, Validated {
    /// The width of the hidden states that it reads.
    public var width: Int
    public var layers: Int
    public var heads: Int
    /// The width inside the feed-forward networks.
    public var hidden: Int
    /// D, the numbers in a text token.
    public var channels: Int

    public init(width: Int, layers: Int = 6, heads: Int = 8, hidden: Int = 1024, channels: Int) {
        self.width = width
        self.layers = layers
        self.heads = heads
        self.hidden = hidden
        self.channels = channels
    }

    /// - Throws: `InvalidValue` for the first value that cannot be used.
    public func validate() throws(InvalidValue) {
        try expectSizes([
            ("width", width, 65536), ("layers", layers, 1024), ("heads", heads, 1024), ("hidden", hidden, 1 << 20),
            ("channels", channels, 4096),
        ])
        try expectHeads("width", width: width, heads: heads)
    }
}

/// The Gaussian over text tokens: mean and log-variance [batch, N, D].
public struct TextPosterior: Sendable {
    public let mean: Tensor
    public let logvar: Tensor

    /// mean + exp(logvar / 2) ∘ noise: where the flow starts. Drawn at inference too.
    public func sample(noise: Tensor) -> Tensor { mean + (logvar * 0.5).applying(.exp) * noise }

    /// -½ Σ (1 + logvar - (0.3 mean)⁶ - exp(logvar)) over batch, tokens and channels: the sixth power leaves means below
    /// 3 nearly free (reference section 9, step 4).
    public var klDivergence: Tensor {
        let scaled = mean * 0.3
        let square = scaled * scaled
        let sixth = square * square * square
        return (logvar.sum() - sixth.sum() - logvar.applying(.exp).sum() + Float(mean.count)) * -0.5
    }
}

/// Hidden states of a text to the distribution of N text tokens in the image tokenizer's latent space: post-norm
/// transformer layers and a linear map (FlowTok, section 3.3; reference section 5).
public struct TextVariationalEncoder: Sendable {
    public let configuration: TextVariationalConfiguration
    package let layers: [TextVariationalLayer]
    let output: Linear

    public init(_ configuration: TextVariationalConfiguration, weights: Weights) {
        self.configuration = configuration
        layers = (0..<configuration.layers).map {
            TextVariationalLayer(weights["layers"][$0], configuration: configuration)
        }
        output = Linear(torchDefault: weights["linear"], from: configuration.width, to: 2 * configuration.channels)
    }

    /// h [batch, N, width] → the posterior [batch, N, D].
    public func callAsFunction(_ hidden: Tensor) -> TextPosterior {
        var x = hidden
        for layer in layers { x = layer(x) }
        return posterior(x)
    }

    package func posterior(_ x: Tensor) -> TextPosterior {
        let moments = output(x)
        let channels = configuration.channels
        return TextPosterior(
            mean: moments.sliced(axis: 2, 0..<channels), logvar: moments.sliced(axis: 2, channels..<2 * channels))
    }
}

/// norm1(h + attention(h)), then norm2(t + network(t)).
package struct TextVariationalLayer: Sendable {
    let queries, keys, values, output: Linear
    package let firstNorm, secondNorm: StandardNorm
    let network: FeedForward
    let heads: Int

    init(_ weights: Weights, configuration: TextVariationalConfiguration) {
        let width = configuration.width
        queries = Linear(torchDefault: weights["attn.W_Q"], from: width, to: width)
        keys = Linear(torchDefault: weights["attn.W_K"], from: width, to: width)
        values = Linear(torchDefault: weights["attn.W_V"], from: width, to: width)
        output = Linear(torchDefault: weights["attn.W_O"], from: width, to: width)
        let (first, second) = (Initializer.torchDefault(inputs: width), Initializer.torchDefault(inputs: configuration.hidden))
        network = FeedForward(
            weights["feed_forward"], names: ("ffn_1", "ffn_2"), width: width, hidden: configuration.hidden,
            activation: .relu, initial: first, secondInitial: second, biasInitial: first, secondBiasInitial: second)
        firstNorm = StandardNorm(weights["norm1"], width: width)
        secondNorm = StandardNorm(weights["norm2"], width: width)
        heads = configuration.heads
    }

    /// The attention of h before its residual: [batch, N, width].
    package func attention(_ h: Tensor) -> Tensor {
        output(Tensor.concatenated([queries(h), keys(h), values(h)], axis: 2).selfAttention(heads: heads))
    }

    package func attended(_ h: Tensor) -> Tensor { firstNorm(h + attention(h)) }

    package func callAsFunction(_ h: Tensor) -> Tensor {
        let t = attended(h)
        return secondNorm(t + network(t))
    }
}

/// The projector that gives the align loss its targets while training: Linear, SiLU, Linear, SiLU, Linear
/// (reference section 5).
public struct TextProjector: Sendable {
    let first, second, third: Linear

    public init(_ weights: Weights, width: Int, channels: Int) {
        first = Linear(torchDefault: weights["0"], from: width, to: 512)
        second = Linear(torchDefault: weights["2"], from: 512, to: 512)
        third = Linear(torchDefault: weights["4"], from: 512, to: channels)
    }

    /// h [batch, N, width] → [batch, N, D].
    public func callAsFunction(_ hidden: Tensor) -> Tensor {
        third(second(first(hidden).applying(.silu)).applying(.silu))
    }
}

extension Linear {
    /// A map whose weight and bias start as PyTorch's do.
    init(torchDefault weights: Weights, from inputs: Int, to outputs: Int) {
        self.init(
            weights, from: inputs, to: outputs, initial: .torchDefault(inputs: inputs),
            biasInitial: .torchDefault(inputs: inputs))
    }
}

extension Initializer {
    /// PyTorch's default for the weights and biases of linear layers: uniform within ±1/√inputs.
    static func torchDefault(inputs: Int) -> Initializer { .uniform(bound: 1 / Float(inputs).squareRoot()) }
}
