import Files
import Layers
import Tensors

/// The shape of MaskGen's transformer: the section `model.maskgen` of the official configuration.
public struct MMDiTShape: Sendable, Hashable {
    public var width: Int
    public var depth: Int
    public var heads: Int
    /// The width of the text's hidden states and of its vector.
    public var textWidth: Int
    /// The numbers that tell the aesthetic score; 0 where the model is not conditioned on it.
    public var microWidth: Int

    public init(width: Int, depth: Int, heads: Int = 16, textWidth: Int = 768, microWidth: Int = 256) {
        self.width = width
        self.depth = depth
        self.heads = heads
        self.textWidth = textWidth
        self.microWidth = microWidth
    }

    init(
        generator: KeyedDecodingContainer<OfficialKey>, tokenizer: KeyedDecodingContainer<OfficialKey>
    ) throws {
        self.init(
            width: try generator.value("decoder_embed_dim"), depth: try generator.value("decoder_depth"),
            heads: try generator.value("decoder_num_heads"), textWidth: try tokenizer.value("text_embed_dim", default: 768),
            microWidth: try generator.value("micro_condition", default: true)
                ? generator.value("micro_condition_embed_dim", default: 256) : 0)
    }

    func encode(
        to generator: inout KeyedEncodingContainer<OfficialKey>, tokenizer: inout KeyedEncodingContainer<OfficialKey>
    ) throws {
        try tokenizer.encode(textWidth, forKey: "text_embed_dim")
        try generator.encode(width, forKey: "decoder_embed_dim")
        try generator.encode(depth, forKey: "decoder_depth")
        try generator.encode(heads, forKey: "decoder_num_heads")
        try generator.encode(microWidth > 0, forKey: "micro_condition")
        try generator.encode(microWidth, forKey: "micro_condition_embed_dim")
    }

    /// The keys that MaskGen's official section has beside those of drawing.
    static let keys: Set<String> = [
        "decoder_embed_dim", "decoder_depth", "decoder_num_heads", "micro_condition", "micro_condition_embed_dim",
        "text_drop_prob", "sample_aesthetic_score",
    ]

    /// - Throws: `InvalidValue` for the first value that cannot be used.
    public func validate() throws(InvalidValue) {
        try expectSizes([
            ("decoder_embed_dim", width, 65536), ("decoder_depth", depth, 1024), ("decoder_num_heads", heads, 1024),
            ("text_embed_dim", textWidth, 65536),
        ])
        guard microWidth >= 0, microWidth <= 65536, microWidth % 2 == 0 else {
            throw InvalidValue("micro_condition_embed_dim is \(microWidth), expected an even number up to 65536")
        }
        try expectHeads("decoder_embed_dim", width: width, heads: heads)
    }

    /// The width of a caption's vector with its micro-condition.
    var pooledWidth: Int { textWidth + microWidth }
}

/// Layer normalisation whose scale and shift a condition gives; the linear map gives (scale, shift) in this order.
struct AdaLayerNormContinuous: Sendable {
    let linear: Linear
    let width: Int

    static let epsilon: Float = 1e-6

    init(_ weights: Weights, width: Int) {
        linear = Linear(weights["linear"], from: width, to: 2 * width, initial: .zeros)
        self.width = width
    }

    /// x [batch, tokens, width]; `activated` is silu(y) [batch, width].
    func callAsFunction(_ x: Tensor, activated: Tensor) -> Tensor {
        let parts = linear(activated)
        return x.modulated(
            shift: parts.sliced(axis: 1, width..<2 * width), scale: parts.sliced(axis: 1, 0..<width),
            epsilon: AdaLayerNormContinuous.epsilon)
    }
}

/// One stream of a joint block: its modulations, its maps to q, k and v, and its network.
private struct JointStream: Sendable {
    let modulation: Linear
    let queries, keys, values, output: Linear
    let network: FeedForward
    let width: Int

    init(
        _ weights: Weights, width: Int, modulation name: String, maps: (String, String, String), output outputName: String,
        network networkName: String
    ) {
        func map(_ name: String) -> Linear { Linear(weights["attn"][name], from: width, to: width, initial: .small) }
        modulation = Linear(weights[name]["linear"], from: width, to: 6 * width, initial: .zeros)
        queries = map(maps.0)
        keys = map(maps.1)
        values = map(maps.2)
        output = map(outputName)
        network = FeedForward(
            weights[networkName], names: ("net.0.proj", "net.2"), width: width, hidden: 4 * width,
            activation: .geluTanh, initial: .small)
        self.width = width
    }

    /// Shift, scale and gate of the attention, then of the network: six vectors [batch, width].
    func parts(_ activated: Tensor) -> [Tensor] {
        let all = modulation(activated)
        return (0..<6).map { all.sliced(axis: 1, $0 * width..<($0 + 1) * width) }
    }

    func packed(_ x: Tensor, _ parts: [Tensor]) -> Tensor {
        let normalized = x.modulated(shift: parts[0], scale: parts[1], epsilon: AdaLayerNormContinuous.epsilon)
        return .concatenated([queries(normalized), keys(normalized), values(normalized)], axis: 2)
    }

    func finished(_ x: Tensor, attention: Tensor, _ parts: [Tensor]) -> Tensor {
        let attended = x.addingGated(output(attention), by: parts[2])
        let normalized = attended.modulated(shift: parts[3], scale: parts[4], epsilon: AdaLayerNormContinuous.epsilon)
        return attended.addingGated(network(normalized), by: parts[5])
    }
}

/// The text side of the last block, which only feeds keys and values.
private struct LastContext: Sendable {
    let norm: AdaLayerNormContinuous
    let queries, keys, values: Linear

    init(_ weights: Weights, width: Int) {
        func map(_ name: String) -> Linear { Linear(weights["attn"][name], from: width, to: width, initial: .small) }
        norm = AdaLayerNormContinuous(weights["norm1_context"], width: width)
        queries = map("add_q_proj")
        keys = map("add_k_proj")
        values = map("add_v_proj")
    }

    func packed(_ context: Tensor, _ activated: Tensor) -> Tensor {
        let normalized = norm(context, activated: activated)
        return .concatenated([queries(normalized), keys(normalized), values(normalized)], axis: 2)
    }
}

/// A block of two streams, image tokens and text, with weights of their own and one attention over both (Stable
/// Diffusion 3, 2403.03206, section 4). Parameter names are those of diffusers' `JointTransformerBlock`.
package struct JointBlock: Sendable {
    private enum Context: Sendable {
        case stream(JointStream)
        case last(LastContext)
    }

    private let image: JointStream
    private let context: Context
    private let heads: Int

    init(_ weights: Weights, width: Int, heads: Int, isLast: Bool) {
        image = JointStream(
            weights, width: width, modulation: "norm1", maps: ("to_q", "to_k", "to_v"), output: "to_out.0",
            network: "ff")
        context =
            isLast
            ? .last(LastContext(weights, width: width))
            : .stream(
                JointStream(
                    weights, width: width, modulation: "norm1_context", maps: ("add_q_proj", "add_k_proj", "add_v_proj"),
                    output: "to_add_out", network: "ff_context"))
        self.heads = heads
    }

    /// x [batch, tokens, width] and text [batch, positions, width]; `activated` is silu(y) [batch, width]. The last block
    /// gives the text back as it was.
    package func callAsFunction(_ x: Tensor, text: Tensor, activated: Tensor) -> (x: Tensor, text: Tensor) {
        let parts = image.parts(activated)
        let (tokens, all) = (x.shape[1], x.shape[1] + text.shape[1])
        func attention(_ packedText: Tensor) -> Tensor {
            Tensor.concatenated([image.packed(x, parts), packedText], axis: 1).selfAttention(heads: heads)
        }
        switch context {
        case .stream(let stream):
            let textParts = stream.parts(activated)
            let attended = attention(stream.packed(text, textParts))
            return (
                image.finished(x, attention: attended.sliced(axis: 1, 0..<tokens), parts),
                stream.finished(text, attention: attended.sliced(axis: 1, tokens..<all), textParts)
            )
        case .last(let last):
            let attended = attention(last.packed(text, activated))
            return (image.finished(x, attention: attended.sliced(axis: 1, 0..<tokens), parts), text)
        }
    }
}

/// The blocks of a MaskGen network in order.
struct MMDiT: Sendable {
    let blocks: [JointBlock]

    init(_ weights: Weights, shape: MMDiTShape) {
        blocks = (0..<shape.depth).map {
            JointBlock(weights[$0], width: shape.width, heads: shape.heads, isLast: $0 == shape.depth - 1)
        }
    }

    /// x after all blocks.
    func callAsFunction(_ x: Tensor, _ condition: JointCondition) -> Tensor {
        var (x, text) = (x, condition.text)
        for block in blocks { (x, text) = block(x, text: text, activated: condition.activated) }
        return x
    }
}

/// A text as the joint blocks read it.
package struct JointCondition: Sendable {
    /// The projected hidden states: [batch, positions, width].
    package let text: Tensor
    /// y, the projected vector with the micro-condition: [batch, width].
    package let vector: Tensor
    /// silu(y).
    package let activated: Tensor

    init(text: Tensor, vector: Tensor) {
        self.text = text
        self.vector = vector
        activated = vector.applying(.silu)
    }
}
