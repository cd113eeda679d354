import Layers
import Tensors

/// UViTBert: pre-norm blocks in two halves around one in the middle; every block of the second half also reads what its
/// mirror image in the first half gave (U-ViT, section 3). Parameter names are the official ones.
public struct UViTBert: MaskGITNetwork {
    public let configuration: MaskGITConfiguration
    let input: MaskGITInput
    let positions: StoredTable
    package let inBlocks: [UViTBlock]
    package let midBlock: UViTBlock
    package let outBlocks: [UViTOutBlock]
    let norm: LayerNorm
    let head: Linear

    public init(_ configuration: MaskGITConfiguration, weights: Weights) {
        self.configuration = configuration
        let width = configuration.width
        let half = configuration.layers / 2
        input = MaskGITInput(configuration, weights: weights, words: weights["embeddings"])
        positions = StoredTable(weights, "pos_embed", rows: configuration.length + 1, width: width)
        inBlocks = (0..<half).map { UViTBlock(weights["in_blocks"][$0], configuration: configuration) }
        midBlock = UViTBlock(weights["mid_block"], configuration: configuration)
        outBlocks = (0..<half).map { UViTOutBlock(weights["out_blocks"][$0], configuration: configuration) }
        norm = LayerNorm(weights["norm"], width: width)
        head = Linear(weights["lm_head"], from: width, to: configuration.codebookSize, initial: .small)
    }

    /// The embedded sequence: [batch, L+1, width].
    package func embed(_ ids: [Int32], labels: [Int?], captions: TextCondition? = nil) -> Tensor {
        input(ids, labels: labels, captions: captions).addingRepeated(positions.table)
    }

    public func logits(_ ids: [Int32], labels: [Int?], captions: TextCondition?) -> Tensor {
        var x = embed(ids, labels: labels, captions: captions)
        var skips: [Tensor] = []
        for block in inBlocks {
            x = block(x)
            skips.append(x)
        }
        x = midBlock(x)
        for (block, skip) in zip(outBlocks, skips.reversed()) { x = block(x, skip: skip) }
        return head(configuration.withoutCondition(norm(x)))
    }
}

/// x += attention(LN(x)); x += network(LN(x)).
package struct UViTBlock: Sendable {
    let firstNorm: LayerNorm
    let attention: SelfAttention
    let secondNorm: LayerNorm
    let network: FeedForward

    init(_ weights: Weights, configuration: MaskGITConfiguration) {
        let width = configuration.width
        firstNorm = LayerNorm(weights["norm1"], width: width)
        attention = SelfAttention(
            weights["attn"], width: width, heads: configuration.heads, qkvBias: false, initial: .small)
        secondNorm = LayerNorm(weights["norm2"], width: width)
        network = FeedForward(
            weights["mlp"], width: width, hidden: configuration.hidden, activation: .gelu, initial: .small)
    }

    /// x [batch, L+1, width] → the same shape.
    package func callAsFunction(_ x: Tensor) -> Tensor {
        let attended = x + attention(firstNorm(x))
        return attended + network(secondNorm(attended))
    }
}

/// A block of the second half: a linear map of [x, skip] and then the block.
package struct UViTOutBlock: Sendable {
    let skipLinear: Linear
    let block: UViTBlock

    init(_ weights: Weights, configuration: MaskGITConfiguration) {
        let width = configuration.width
        skipLinear = Linear(weights["skip_linear"], from: 2 * width, to: width, initial: .small)
        block = UViTBlock(weights, configuration: configuration)
    }

    /// x and skip [batch, L+1, width] → the same shape.
    package func callAsFunction(_ x: Tensor, skip: Tensor) -> Tensor {
        block(skipLinear(Tensor.concatenated([x, skip], axis: 2)))
    }
}
