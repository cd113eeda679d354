import Tensors

/// Self-attention with one packed product for q, k and v (`qkv`, laid out [3][head][channel]) and an output map `proj`.
public struct SelfAttention: Sendable {
    public let qkv: Linear
    public let projection: Linear
    public let heads: Int

    /// `qkvBias` tells whether the map to q, k and v has a bias.
    public init(
        _ weights: Weights, width: Int, heads: Int, qkvBias: Bool = true, initial: Initializer = .xavierUniform
    ) {
        qkv = Linear(weights["qkv"], from: width, to: 3 * width, bias: qkvBias, initial: initial)
        projection = Linear(weights["proj"], from: width, to: width, initial: initial)
        self.heads = heads
    }

    /// x [batch, tokens, width]; `rotary` turns the q and k of the first tokens.
    public func callAsFunction(_ x: Tensor, rotary: RotaryTable? = nil) -> Tensor {
        projection(attended(x, rotary: rotary))
    }

    /// residual + attention of x.
    public func callAsFunction(_ x: Tensor, rotary: RotaryTable? = nil, addedTo residual: Tensor) -> Tensor {
        projection(attended(x, rotary: rotary), addedTo: residual)
    }

    /// residual + gate ∘ attention of x, with a gate [batch, width].
    public func callAsFunction(_ x: Tensor, addedTo residual: Tensor, gate: Tensor) -> Tensor {
        projection(attended(x, rotary: nil), addedTo: residual, gate: gate)
    }

    private func attended(_ x: Tensor, rotary: RotaryTable?) -> Tensor {
        var packed = qkv(x)
        if let rotary { packed.rotateQueriesAndKeys(rotary, heads: heads) }
        return packed.selfAttention(heads: heads)
    }
}

/// The gated feed-forward network w3(silu(a) ∘ b), [a, b] = w12(x).
public struct SwiGLU: Sendable {
    public let w12: Linear
    public let w3: Linear

    public init(_ weights: Weights, width: Int, hidden: Int, initial: Initializer = .xavierUniform) {
        w12 = Linear(weights["w12"], from: width, to: 2 * hidden, initial: initial)
        w3 = Linear(weights["w3"], from: hidden, to: width, initial: initial)
    }

    /// ⌊2/3 · 4 · width⌋, as in FlowTiTok: not rounded to a multiple.
    public static func hiddenWidth(_ width: Int) -> Int { 4 * width * 2 / 3 }

    public func callAsFunction(_ x: Tensor) -> Tensor { w3(w12(x).swiGLU()) }

    /// residual + what x gives.
    public func callAsFunction(_ x: Tensor, addedTo residual: Tensor) -> Tensor { w3(w12(x).swiGLU(), addedTo: residual) }
}

/// fc2(activation(fc1(x))).
public struct FeedForward: Sendable {
    public let first: Linear
    public let second: Linear
    public let activation: Activation

    /// - Parameters:
    ///   - names: those of the two maps in the checkpoint.
    ///   - initial: how the weights start, the second map's too unless `secondInitial` says otherwise.
    ///   - biasInitial: how the biases start, the second map's too unless `secondBiasInitial` says otherwise.
    public init(
        _ weights: Weights, names: (String, String) = ("fc1", "fc2"), width: Int, hidden: Int, activation: Activation,
        initial: Initializer = .xavierUniform, secondInitial: Initializer? = nil, biasInitial: Initializer = .zeros,
        secondBiasInitial: Initializer? = nil
    ) {
        first = Linear(weights[names.0], from: width, to: hidden, initial: initial, biasInitial: biasInitial)
        second = Linear(
            weights[names.1], from: hidden, to: width, initial: secondInitial ?? initial,
            biasInitial: secondBiasInitial ?? biasInitial)
        self.activation = activation
    }

    public func callAsFunction(_ x: Tensor) -> Tensor { second(first(x, activation: activation)) }

    /// residual + what x gives.
    public func callAsFunction(_ x: Tensor, addedTo residual: Tensor) -> Tensor {
        second(first(x, activation: activation), addedTo: residual)
    }

    /// residual + gate ∘ what x gives, with a gate [batch, width].
    public func callAsFunction(_ x: Tensor, addedTo residual: Tensor, gate: Tensor) -> Tensor {
        second(first(x, activation: activation), addedTo: residual, gate: gate)
    }
}

/// A table of vectors by index, parameter `weight` [entries, width].
public struct Embedding: Sendable {
    public let table: Tensor

    public init(_ weights: Weights, entries: Int, width: Int, initial: Initializer = .normal(std: 0.02)) {
        table = weights.tensor("weight", [entries, width], initial: initial)
    }

    /// The rows of `indices`, arranged as `shape` + [width].
    public func callAsFunction(_ indices: [Int32], shape: [Int]? = nil) -> Tensor { table.rows(indices, shape: shape) }
}

/// The pre-norm block of OpenAI's CLIP and of open_clip, with their parameter names: x += attention(ln_1(x)), then
/// x += c_proj(activation(c_fc(ln_2(x)))). One packed product gives q, k and v (`attn.in_proj_weight` [3·width, width],
/// laid out [3][head][channel]).
public struct ResidualAttentionBlock: Sendable {
    public let firstNorm: LayerNorm
    /// q, k and v.
    public let input: Linear
    public let output: Linear
    public let secondNorm: LayerNorm
    public let network: FeedForward
    public let heads: Int
    public let causal: Bool

    public init(
        _ weights: Weights, width: Int, heads: Int, activation: Activation, causal: Bool = false,
        initial: Initializer = .truncatedNormal(std: 0.02)
    ) {
        firstNorm = LayerNorm(weights["ln_1"], width: width)
        input = Linear(
            weights["attn"], names: ("in_proj_weight", "in_proj_bias"), from: width, to: 3 * width, initial: initial)
        output = Linear(weights["attn.out_proj"], from: width, to: width, initial: initial)
        secondNorm = LayerNorm(weights["ln_2"], width: width)
        network = FeedForward(
            weights["mlp"], names: ("c_fc", "c_proj"), width: width, hidden: 4 * width, activation: activation,
            initial: initial)
        self.heads = heads
        self.causal = causal
    }

    /// x [batch, tokens, width] → the same shape.
    public func callAsFunction(_ x: Tensor) -> Tensor {
        let attended = output(input(firstNorm(x)).selfAttention(heads: heads, causal: causal), addedTo: x)
        return network(secondNorm(attended), addedTo: attended)
    }
}
