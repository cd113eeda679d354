import Checkpoints
import Layers
import Tensors

/// A vision transformer of DINOv2's kind (Oquab et al., 2023) with the names of its checkpoints: `patch_embed.proj.weight`,
/// `blocks.0.attn.qkv.weight`, …. Not trained here.
struct VisionTransformer: Sendable {
    /// What a checkpoint tells of its shape.
    struct Shape: Sendable, Hashable {
        var width: Int
        var patch: Int
        var layers: Int
        /// Places of the table of positions, the class token's among them.
        var positions: Int
        /// Tokens beside the class token that are none of patches.
        var registers: Int
        var hidden: Int
        /// Whether residuals are scaled channel by channel.
        var isScaled: Bool

        /// Nil where the checkpoint is of something else.
        init?(_ checkpoint: Checkpoint) {
            guard let embedding = checkpoint.entry("patch_embed.proj.weight")?.shape, embedding.count == 4, embedding[1] == 3,
                embedding[2] == embedding[3], let table = checkpoint.entry("pos_embed")?.shape, table.count == 3
            else { return nil }
            (width, patch, positions) = (embedding[0], embedding[2], table[1])
            registers = checkpoint.entry("register_tokens").map { $0.shape.count == 3 ? $0.shape[1] : 0 } ?? 0
            // The last block that there is anything of: one that is missing before it is told of.
            let numbers = checkpoint.names.lazy.filter { $0.hasPrefix("blocks.") }.compactMap { Int($0.split(separator: ".")[1]) }
            guard let last = numbers.max(), last < 1024, width > 0, width % Self.headDimension == 0 else { return nil }
            layers = last + 1
            hidden = checkpoint.entry("blocks.0.mlp.fc1.weight")?.shape.first ?? 4 * width
            isScaled = checkpoint.contains("blocks.0.ls1.gamma")
        }

        static let headDimension = 64
    }

    private struct Block: Sendable {
        let firstNorm, secondNorm: LayerNorm
        let attention: SelfAttention
        let network: FeedForward
        /// Of the attention and of the network.
        let scales: [[Float]]

        init(_ weights: Weights, _ shape: Shape) {
            firstNorm = LayerNorm(weights["norm1"], width: shape.width, epsilon: 1e-6)
            attention = SelfAttention(weights["attn"], width: shape.width, heads: shape.width / Shape.headDimension)
            secondNorm = LayerNorm(weights["norm2"], width: shape.width, epsilon: 1e-6)
            network = FeedForward(weights["mlp"], width: shape.width, hidden: shape.hidden, activation: .gelu)
            scales =
                shape.isScaled
                ? ["ls1", "ls2"].map { weights[$0].tensor("gamma", [shape.width], initial: .ones).values } : []
        }

        func callAsFunction(_ x: Tensor) -> Tensor {
            func scaled(_ branch: Tensor, _ index: Int) -> Tensor {
                scales.isEmpty ? branch : branch.scaledPerChannel(scales[index], plus: [Float](repeating: 0, count: scales[index].count))
            }
            let attended = x + scaled(attention(firstNorm(x)), 0)
            return attended + scaled(network(secondNorm(attended)), 1)
        }
    }

    let shape: Shape
    private let patches: Linear
    private let classToken, positions: Tensor
    private let registers: Tensor?
    private let blocks: [Block]
    private let norm: LayerNorm

    init(_ shape: Shape, weights: Weights) {
        self.shape = shape
        let width = shape.width
        patches = Linear(convolution: weights["patch_embed.proj"], channels: 3, patch: shape.patch, to: width, initial: .xavierUniform)
        classToken = weights.tensor("cls_token", [1, 1, width], initial: .zeros)
        positions = weights.tensor("pos_embed", [1, shape.positions, width], initial: .zeros)
        registers = shape.registers > 0 ? weights.tensor("register_tokens", [1, shape.registers, width], initial: .zeros) : nil
        blocks = (0..<shape.layers).map { Block(weights["blocks"][$0], shape) }
        norm = LayerNorm(weights["norm"], width: width, epsilon: 1e-6)
    }

    /// The normalised tokens [batch, grid², width] of images [batch, 3, side, side] in 0...1, which are resized so that there
    /// are grid² patches of them.
    func callAsFunction(_ images: Tensor, grid: Int) -> Tensor {
        let (batch, width, patch) = (images.shape[0], shape.width, shape.patch)
        let (mean, std): ([Float], [Float]) = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
        let resized = BilinearResize.resized(images, to: grid * patch, mode: .bicubic).permuted(0, 2, 3, 1)
            .scaledPerChannel(std.map { 1 / $0 }, plus: zip(mean, std).map { -$0 / $1 }).permuted(0, 3, 1, 2)
        let cut = resized.reshaped([batch, 3, grid, patch, grid, patch]).permuted(0, 2, 4, 1, 3, 5)
            .reshaped([batch, grid * grid, 3 * patch * patch])
        let side = Int(Double(shape.positions - 1).squareRoot().rounded())
        let table = positions.reshaped([shape.positions, width])
        let places = table.sliced(axis: 0, 1..<1 + side * side).permuted(1, 0).reshaped([1, width, side, side])
        let fitted = side == grid ? places : BilinearResize.resized(places, to: grid, mode: .bicubic)
        let tokens = patches(cut).addingRepeated(fitted.reshaped([width, grid * grid]).permuted(1, 0))
        let first = (classToken.reshaped([1, width]) + table.sliced(axis: 0, 0..<1)).repeated(batch).reshaped([batch, 1, width])
        var parts = [first]
        if let registers { parts.append(registers.reshaped([shape.registers, width]).repeated(batch)) }
        let x = blocks.reduce(.concatenated(parts + [tokens], axis: 1)) { $1($0) }
        let start = 1 + shape.registers
        return norm(x).sliced(axis: 1, start..<start + grid * grid)
    }
}
