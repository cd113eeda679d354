import Files
import Layers
import Tensors

/// The shape of a text tower.
public struct TextTransformerConfiguration: Sendable, Hashable, Codable, Validated {
    public var vocabularySize: Int
    /// The positions of a text; shorter texts are padded.
    public var contextLength: Int
    public var width: Int
    public var layers: Int
    public var heads: Int
    public var activation: Activation
    /// Whether a position sees only itself and those before it, as in CLIP.
    public var causal: Bool

    public init(
        vocabularySize: Int, contextLength: Int, width: Int, layers: Int, heads: Int,
        activation: Activation = .quickGELU, causal: Bool = true
    ) {
        self.vocabularySize = vocabularySize
        self.contextLength = contextLength
        self.width = width
        self.layers = layers
        self.heads = heads
        self.activation = activation
        self.causal = causal
    }

    enum CodingKeys: String, CodingKey {
        case vocabularySize = "vocab_size"
        case contextLength = "context_length"
        case width, layers, heads, activation, causal
    }

    /// - Throws: `InvalidValue` for the first value that cannot be used.
    public func validate() throws(InvalidValue) {
        try expectSizes([
            ("vocab_size", vocabularySize, 1 << 24), ("context_length", contextLength, 16384), ("width", width, 65536),
            ("layers", layers, 1024), ("heads", heads, 1024),
        ])
        try expectHeads("width", width: width, heads: heads)
    }
}

/// A pre-norm transformer over token ids: CLIP's text tower, or the default model's SentencePiece encoder
/// (reference section 3). The parameter names are those of OpenAI and open_clip.
public struct TextTransformer: Sendable {
    public let configuration: TextTransformerConfiguration
    let tokens: Embedding
    let positions: Tensor
    package let blocks: [TextTransformerBlock]
    let lastNorm: LayerNorm

    public init(_ configuration: TextTransformerConfiguration, weights: Weights) {
        self.configuration = configuration
        let width = configuration.width
        // Many times CLIP's deviations: beside embeddings as small as those, the first block's output, which is nearly
        // the same at every position, drowns which piece stands where, and short runs never dig it out again.
        tokens = Embedding(
            weights["token_embedding"], entries: configuration.vocabularySize, width: width,
            initial: .normal(std: 0.5))
        positions = weights.tensor(
            "positional_embedding", [configuration.contextLength, width], initial: .normal(std: 0.25))
        blocks = (0..<configuration.layers).map {
            TextTransformerBlock(weights["transformer.resblocks"][$0], configuration: configuration)
        }
        lastNorm = LayerNorm(weights["ln_final"], width: width)
    }

    /// Token and position embeddings of ids, batch by batch: [batch, context, width].
    package func embed(_ ids: [Int32]) -> Tensor {
        let context = configuration.contextLength
        precondition(ids.count % context == 0, "\(ids.count) ids for texts of \(context)")
        return tokens(ids, shape: [ids.count / context, context]).addingRepeated(positions)
    }

    /// Hidden states of every position, those after the end token too: [batch, context, width].
    public func callAsFunction(_ ids: [Int32]) -> Tensor {
        states(ids).last
    }

    /// Hidden states of every position: before the last block and as they are, which MaskGen reads, and after it,
    /// normalised. Both [batch, context, width].
    public func states(_ ids: [Int32]) -> (beforeLastBlock: Tensor, last: Tensor) {
        var x = embed(ids)
        for block in blocks.dropLast() { x = block(x) }
        return (x, lastNorm(blocks.last.map { $0(x) } ?? x))
    }
}

/// x += attention(ln_1(x)); x += network(ln_2(x)).
public struct TextTransformerBlock: Sendable {
    let firstNorm: LayerNorm
    let input: Linear
    let output: Linear
    let secondNorm: LayerNorm
    let network: FeedForward
    let heads: Int
    let causal: Bool

    public init(_ weights: Weights, configuration: TextTransformerConfiguration) {
        let width = configuration.width
        // CLIP's initialisation: the residual stream keeps its scale whatever the depth.
        let scale = 1 / Float(width).squareRoot()
        let depth = 1 / Float(2 * configuration.layers).squareRoot()
        firstNorm = LayerNorm(weights["ln_1"], width: width)
        input = Linear(
            weights["attn"], names: ("in_proj_weight", "in_proj_bias"), from: width, to: 3 * width,
            initial: .normal(std: scale))
        output = Linear(
            weights["attn.out_proj"], from: width, to: width, initial: .normal(std: scale * depth))
        secondNorm = LayerNorm(weights["ln_2"], width: width)
        network = FeedForward(
            weights["mlp"], names: ("c_fc", "c_proj"), width: width, hidden: 4 * width,
            activation: configuration.activation, initial: .normal(std: scale * depth))
        heads = configuration.heads
        causal = configuration.causal
    }

    package func callAsFunction(_ x: Tensor) -> Tensor {
        let packed = input(firstNorm(x))
        let attended = output(packed.selfAttention(heads: heads, causal: causal), addedTo: x)
        return network(secondNorm(attended), addedTo: attended)
    }
}
