import Layers
import Tensors

/// ImageBert: BERT over a token of the class or caption and L image tokens; layers are post-norm, and nothing follows the last one but the
/// map to logits. Parameter names are the official ones.
public struct ImageBert: MaskGITNetwork {
    public let configuration: MaskGITConfiguration
    let input: MaskGITInput
    let positions, types: Embedding
    let norm: LayerNorm
    package let layers: [ImageBertLayer]
    let head: Linear

    static let epsilon: Float = 1e-12

    public init(_ configuration: MaskGITConfiguration, weights: Weights) {
        self.configuration = configuration
        let width = configuration.width
        let model = weights["model"]
        let embeddings = model["embeddings"]
        input = MaskGITInput(configuration, weights: weights, words: embeddings["word_embeddings"])
        positions = Embedding(embeddings["position_embeddings"], entries: configuration.length + 1, width: width)
        types = Embedding(embeddings["token_type_embeddings"], entries: 2, width: width)
        norm = LayerNorm(embeddings["LayerNorm"], width: width, epsilon: ImageBert.epsilon)
        layers = (0..<configuration.layers).map {
            ImageBertLayer(model["encoder.layer"][$0], configuration: configuration)
        }
        head = Linear(model["lm_head"], from: width, to: configuration.codebookSize, initial: .small)
    }

    /// The embedded sequence: [batch, L+1, width].
    package func embed(_ ids: [Int32], labels: [Int?], captions: TextCondition? = nil) -> Tensor {
        let embedded = input(ids, labels: labels, captions: captions)
        // All tokens are of the first of BERT's two kinds.
        return norm(embedded.addingRepeated(positions.table).addingRepeated(types([0], shape: [])))
    }

    public func logits(_ ids: [Int32], labels: [Int?], captions: TextCondition?) -> Tensor {
        var x = embed(ids, labels: labels, captions: captions)
        for layer in layers { x = layer(x) }
        return head(configuration.withoutCondition(x))
    }
}

/// LN(x + attention(x)), then LN(a + network(a)).
package struct ImageBertLayer: Sendable {
    let queries, keys, values, output: Linear
    let attentionNorm: LayerNorm
    let network: FeedForward
    let outputNorm: LayerNorm
    let heads: Int

    init(_ weights: Weights, configuration: MaskGITConfiguration) {
        let width = configuration.width
        func map(_ name: String) -> Linear { Linear(weights[name], from: width, to: width, initial: .small) }
        queries = map("attention.self.query")
        keys = map("attention.self.key")
        values = map("attention.self.value")
        output = map("attention.output.dense")
        attentionNorm = LayerNorm(weights["attention.output.LayerNorm"], width: width, epsilon: ImageBert.epsilon)
        network = FeedForward(
            weights, names: ("intermediate.dense", "output.dense"), width: width, hidden: configuration.hidden,
            activation: .gelu, initial: .small)
        outputNorm = LayerNorm(weights["output.LayerNorm"], width: width, epsilon: ImageBert.epsilon)
        heads = configuration.heads
    }

    /// x [batch, L+1, width] → the same shape.
    package func callAsFunction(_ x: Tensor) -> Tensor {
        let packed = Tensor.concatenated([queries(x), keys(x), values(x)], axis: 2)
        let attended = attentionNorm(x + output(packed.selfAttention(heads: heads)))
        return outputNorm(attended + network(attended))
    }
}
