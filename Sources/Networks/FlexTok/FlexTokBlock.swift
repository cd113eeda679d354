import Files
import Layers
import Tensors

/// The shape of one of FlexTok's two transformers.
public struct FlexTokTrunkConfiguration: Sendable, Hashable, Codable, Validated {
    public var width: Int
    public var depth: Int
    /// Channels of a head.
    public var headDimension: Int
    /// The hidden width of a feed-forward network is ⌊2/3 ⌊ratio · width⌋⌋.
    public var ratio: Double
    public var hasQKVBias: Bool
    public var hasProjectionBias: Bool
    public var hasMLPBias: Bool

    public init(
        width: Int, depth: Int, headDimension: Int = 64, ratio: Double = 4, hasQKVBias: Bool = false,
        hasProjectionBias: Bool = false, hasMLPBias: Bool = false
    ) {
        self.width = width
        self.depth = depth
        self.headDimension = headDimension
        self.ratio = ratio
        self.hasQKVBias = hasQKVBias
        self.hasProjectionBias = hasProjectionBias
        self.hasMLPBias = hasMLPBias
    }

    enum CodingKeys: String, CodingKey {
        case width, depth
        case headDimension = "head_dim"
        case ratio = "mlp_ratio"
        case hasQKVBias = "qkv_bias"
        case hasProjectionBias = "proj_bias"
        case hasMLPBias = "mlp_bias"
    }

    public var heads: Int { width / max(1, headDimension) }
    public var hidden: Int { 2 * Int(Double(width) * ratio) / 3 }

    static let epsilon: Float = 1e-5

    /// - Throws: `InvalidValue` for the first value that cannot be used.
    public func validate() throws(InvalidValue) {
        try expectSizes([("width", width, 65536), ("depth", depth, 1024), ("head_dim", headDimension, 4096)])
        guard width % headDimension == 0 else { throw InvalidValue("width \(width) does not divide into heads of \(headDimension)") }
        guard width % 4 == 0 else { throw InvalidValue("width is \(width), expected a multiple of 4") }
        guard ratio.isFinite, ratio <= 64, ratio > 0, hidden > 0 else { throw InvalidValue("mlp_ratio is \(ratio), expected more than 0, at most 64") }
    }
}

/// Attention with separate maps to q, k and v; every head's q and k are normalised, and scores are scaled by
/// 8 / head dimension (FlexTok reference, section 6).
struct FlexTokAttention: Sendable {
    private let queries: Linear
    private let keys: Linear
    private let values: Linear
    let projection: Linear
    private let shape: FlexTokTrunkConfiguration

    init(_ shape: FlexTokTrunkConfiguration, weights: Weights) {
        self.shape = shape
        func map(_ name: String, bias: Bool) -> Linear {
            Linear(weights[name], from: shape.width, to: shape.width, bias: bias)
        }
        queries = map("wq", bias: shape.hasQKVBias)
        keys = map("wk", bias: shape.hasQKVBias)
        values = map("wv", bias: shape.hasQKVBias)
        projection = map("proj", bias: shape.hasProjectionBias)
    }

    /// What the output map reads: x of any shape [..., width] as `batch` sequences → the same shape.
    func attended(_ x: Tensor, batch: Int, mask: AttentionMask) -> Tensor {
        let sequence = [batch, x.count / max(1, batch * shape.width), shape.width]
        func normalized(_ y: Tensor) -> Tensor {
            y.reshaped([y.count / shape.headDimension, shape.headDimension])
                .layerNormalized(epsilon: FlexTokTrunkConfiguration.epsilon).reshaped(sequence)
        }
        return Tensor.attention(
            queries: normalized(queries(x)), keys: normalized(keys(x)), values: values(x).reshaped(sequence),
            heads: shape.heads, scale: 8 / Float(shape.headDimension), mask: mask
        ).reshaped(x.shape)
    }
}

/// fc2(silu(fc1(x)) ∘ fc3(x)).
struct FlexTokFeedForward: Sendable {
    private let gate: Linear
    private let input: Linear
    private let output: Linear

    init(_ shape: FlexTokTrunkConfiguration, weights: Weights) {
        gate = Linear(weights["fc1"], from: shape.width, to: shape.hidden, bias: shape.hasMLPBias)
        input = Linear(weights["fc3"], from: shape.width, to: shape.hidden, bias: shape.hasMLPBias)
        output = Linear(weights["fc2"], from: shape.hidden, to: shape.width, bias: shape.hasMLPBias)
    }

    private func hidden(_ x: Tensor) -> Tensor { gate(x, activation: .silu) * input(x) }

    /// residual + what x gives.
    func callAsFunction(_ x: Tensor, addedTo residual: Tensor) -> Tensor { output(hidden(x), addedTo: residual) }

    /// residual + gate ∘ what x gives, with a gate to each group of tokens.
    func callAsFunction(_ x: Tensor, addedTo residual: Tensor, gate: Tensor) -> Tensor {
        output(hidden(x), addedTo: residual, gate: gate)
    }
}

/// A pre-norm block of the encoder.
package struct FlexTokBlock: Sendable {
    private let attention: FlexTokAttention
    private let network: FlexTokFeedForward

    init(_ shape: FlexTokTrunkConfiguration, weights: Weights) {
        attention = FlexTokAttention(shape, weights: weights["attn"])
        network = FlexTokFeedForward(shape, weights: weights["mlp"])
    }

    /// x [batch, tokens, width] → the same shape.
    package func callAsFunction(_ x: Tensor, mask: AttentionMask) -> Tensor {
        let normalized = x.layerNormalized(epsilon: FlexTokTrunkConfiguration.epsilon)
        let attended = attention.projection(attention.attended(normalized, batch: x.shape[0], mask: mask), addedTo: x)
        return network(attended.layerNormalized(epsilon: FlexTokTrunkConfiguration.epsilon), addedTo: attended)
    }
}

/// A block of the decoder, whose norms and residuals the time modulates, patches and registers each in their own way.
package struct FlexTokModulatedBlock: Sendable {
    let modulation: Linear
    private let attention: FlexTokAttention
    private let network: FlexTokFeedForward

    /// Vectors of a block: gate of the attention and of the network, shift and scale of the attention, shift and scale of
    /// the network, for patches and then for registers.
    static let vectors = 12

    init(_ shape: FlexTokTrunkConfiguration, weights: Weights) {
        modulation = Linear(
            lazy: weights["adaLN_modulation.1"], from: shape.width, to: Self.vectors * shape.width, initial: .zeros)
        attention = FlexTokAttention(shape, weights: weights["attn"])
        network = FlexTokFeedForward(shape, weights: weights["mlp"])
    }

    /// x [groups, tokens of a group, width] as `groups` cuts it, the block's vectors [batch, width] each.
    func callAsFunction(_ x: Tensor, vectors: ArraySlice<Tensor>, groups: TokenGroups) -> Tensor {
        let parts = (0..<6).map { groups.spread(vectors[vectors.startIndex + $0], vectors[vectors.startIndex + 6 + $0]) }
        let epsilon = FlexTokTrunkConfiguration.epsilon
        let read = x.modulated(shift: parts[2], scale: parts[3], epsilon: epsilon)
        let attended = attention.projection(
            attention.attended(read, batch: groups.batch, mask: .full), addedTo: x, gate: parts[0])
        return network(attended.modulated(shift: parts[4], scale: parts[5], epsilon: epsilon), addedTo: attended, gate: parts[1])
    }
}

/// A sequence of patches and registers cut into groups of equal length, none of which holds both: what modulates the tokens
/// of a kind is a row to each group then, and the sequence need not be taken apart.
package struct TokenGroups: Sendable {
    let batch: Int
    let patches: Int
    let registers: Int
    /// Tokens of a group.
    let size: Int

    package init(batch: Int, patches: Int, registers: Int) {
        self.batch = batch
        self.patches = patches
        self.registers = registers
        var (a, b) = (patches, registers)
        while b > 0 { (a, b) = (b, a % b) }
        size = max(1, a)
    }

    /// Sequences [batch, patches + registers, width] as groups; no copy.
    package func cut(_ x: Tensor) -> Tensor { x.reshaped([batch * (patches + registers) / size, size, x.shape[2]]) }

    /// The way back.
    package func joined(_ x: Tensor) -> Tensor { x.reshaped([batch, patches + registers, x.shape[2]]) }

    /// A vector to each group: that of the sample's patches, or of its registers, both [batch, width].
    func spread(_ ofPatches: Tensor, _ ofRegisters: Tensor) -> Tensor {
        let width = ofPatches.shape[1]
        let pairs = Tensor.concatenated(
            [ofPatches.reshaped([batch, 1, width]), ofRegisters.reshaped([batch, 1, width])], axis: 1
        ).reshaped([2 * batch, width])
        if patches == size, registers == size { return pairs }
        var places: [Int32] = []
        for sample in 0..<Int32(batch) {
            for _ in 0..<patches / size { places.append(2 * sample) }
            for _ in 0..<registers / size { places.append(2 * sample + 1) }
        }
        return pairs.rows(places)
    }
}
