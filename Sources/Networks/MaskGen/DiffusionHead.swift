import Layers
import Tensors

/// The network of MaskGen KL that denoises single tokens under a vector z (Autoregressive Image Generation without Vector
/// Quantization, 2406.11838, section 3.2): a multilayer perceptron with adaptive norms.
public struct DiffusionHead: Sendable {
    public let channels: Int
    let timeFirst, timeSecond, conditionMap, input: Linear
    let blocks: [DiffusionHeadBlock]
    let finalModulation, output: Linear
    let width: Int

    static let epsilon: Float = 1e-6
    private static let timeWidth = 256

    /// A head of `depth` blocks for tokens of `channels` numbers under vectors of `conditionWidth` numbers.
    public init(_ weights: Weights, channels: Int, conditionWidth: Int, width: Int, depth: Int) {
        self.channels = channels
        self.width = width
        timeFirst = Linear(
            weights["time_embed.mlp.0"], from: DiffusionHead.timeWidth, to: width, initial: .normal(std: 0.02))
        timeSecond = Linear(weights["time_embed.mlp.2"], from: width, to: width, initial: .normal(std: 0.02))
        conditionMap = Linear(weights["cond_embed"], from: conditionWidth, to: width)
        input = Linear(weights["input_proj"], from: channels, to: width)
        blocks = (0..<depth).map { DiffusionHeadBlock(weights["res_blocks"][$0], width: width) }
        finalModulation = Linear(
            weights["final_layer.adaLN_modulation.1"], from: width, to: 2 * width, initial: .zeros)
        output = Linear(weights["final_layer.linear"], from: width, to: 2 * channels, initial: .zeros)
    }

    /// The embedding of timesteps: [rows, width].
    func time(_ timesteps: [Int]) -> Tensor {
        timeSecond(
            timeFirst(PositionTables.timeEmbedding(timesteps.map { Float($0) }, half: DiffusionHead.timeWidth / 2))
                .applying(.silu))
    }

    /// The part of the condition that the timestep does not change, of z [rows, condition width]: [rows, width].
    func condition(_ z: Tensor) -> Tensor { conditionMap(z) }

    /// Noisy tokens x [rows, C] under y [rows, width], embeddings of time and z together → [rows, 2C]: the noise, then
    /// where the variance lies between its bounds, in -1...1.
    func callAsFunction(_ x: Tensor, condition y: Tensor) -> Tensor {
        let activated = y.applying(.silu)
        var hidden = input(x)
        for block in blocks { hidden = block(hidden, activated: activated) }
        let parts = finalModulation(activated)
        let normalized = hidden.layerNormalized(epsilon: DiffusionHead.epsilon)
        return output(
            normalized * (parts.sliced(axis: 1, width..<2 * width) + 1) + parts.sliced(axis: 1, 0..<width))
    }

    /// The same of x [rows, C] at `timesteps`, one to a row, under z [rows, condition width].
    public func callAsFunction(_ x: Tensor, timesteps: [Int], z: Tensor) -> Tensor {
        self(x, condition: time(timesteps) + condition(z))
    }
}

/// x += gate ∘ network(LN(x) ∘ (1 + scale) + shift).
struct DiffusionHeadBlock: Sendable {
    let norm: LayerNorm
    let network: FeedForward
    let modulation: Linear
    let width: Int

    init(_ weights: Weights, width: Int) {
        norm = LayerNorm(weights["in_ln"], width: width, epsilon: DiffusionHead.epsilon)
        network = FeedForward(weights["mlp"], names: ("0", "2"), width: width, hidden: width, activation: .silu)
        modulation = Linear(weights["adaLN_modulation.1"], from: width, to: 3 * width, initial: .zeros)
        self.width = width
    }

    /// x [rows, width]; `activated` is silu(y) [rows, width].
    func callAsFunction(_ x: Tensor, activated: Tensor) -> Tensor {
        let parts = modulation(activated)
        func part(_ index: Int) -> Tensor { parts.sliced(axis: 1, index * width..<(index + 1) * width) }
        return x + part(2) * network(norm(x) * (part(1) + 1) + part(0))
    }
}
