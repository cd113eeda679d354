import Files
import Layers
import Tensors

/// The shape of a velocity network.
public struct VelocityConfiguration: Sendable, Hashable, Codable, Validated {
    public var depth: Int
    public var width: Int
    public var heads: Int
    /// N, the number of tokens.
    public var tokens: Int
    /// D, the numbers in a token.
    public var channels: Int
    /// Rows of the indicator table: conditional, unconditional and, in networks that caption as well, image to text.
    public var indicators: Int

    public init(depth: Int, width: Int, heads: Int, tokens: Int, channels: Int, indicators: Int = 2) {
        self.depth = depth
        self.width = width
        self.heads = heads
        self.tokens = tokens
        self.channels = channels
        self.indicators = indicators
    }

    /// - Throws: `InvalidValue` for the first value that cannot be used.
    public func validate() throws(InvalidValue) {
        try expectSizes([
            ("depth", depth, 1024), ("width", width, 65536), ("heads", heads, 1024), ("tokens", tokens, 16384),
            ("channels", channels, 4096), ("indicators", indicators, 16),
        ])
        guard width % heads == 0 && width % 2 == 0 else { throw InvalidValue("width \(width) does not divide into \(heads) heads") }
    }
}

/// Which field a velocity network is asked for: the row of its indicator table.
public enum Indicator: Int32, Sendable, Codable {
    /// Text to image, conditional.
    case conditional = 0
    /// Text to image without the caption's say, for guidance.
    case unconditional = 1
    /// Image to text.
    case imageToText = 2
}

/// v(x, t, indicator): a diffusion transformer over N tokens of D numbers without cross-attention (FlowTok, section 3.1;
/// reference section 6).
public struct VelocityNetwork: Sendable {
    public let configuration: VelocityConfiguration
    package let input: Linear
    package let positions: Tensor
    let timeFirst: Linear
    let timeSecond: Linear
    package let indicators: Embedding
    package let blocks: [VelocityBlock]
    let finalModulation: Linear
    let finalProjection: Linear
    /// What the times and indicators that were asked for give, in a network that serves inference.
    let modulations: ModulationCache?

    package static let epsilon: Float = 1e-6

    public init(_ configuration: VelocityConfiguration, weights: Weights) {
        self.configuration = configuration
        let width = configuration.width
        input = Linear(weights["x_embedder"], from: configuration.channels, to: width)
        positions = PositionTables.sinusoidal(positions: configuration.tokens, width: width)
        let small = Initializer.normal(std: 0.02)
        timeFirst = Linear(weights["t_embedder.mlp.0"], from: 256, to: width, initial: small)
        timeSecond = Linear(weights["t_embedder.mlp.2"], from: width, to: width, initial: small)
        indicators = Embedding(
            weights["y_embedder.embedding_table"], entries: configuration.indicators, width: width, initial: small)
        blocks = (0..<configuration.depth).map {
            VelocityBlock(weights["blocks"][$0], width: width, heads: configuration.heads)
        }
        finalModulation = Linear(
            lazy: weights["final_layer.adaLN_modulation.1"], from: width, to: 2 * width, initial: .zeros)
        finalProjection = Linear(
            weights["final_layer.linear"], from: width, to: configuration.channels, initial: .zeros)
        let isConstant = finalModulation.isConstant && blocks.allSatisfy(\.modulation.isConstant)
        modulations = isConstant ? ModulationCache(width: width, vectors: 6 * configuration.depth + 2) : nil
    }

    /// The embedding of times: [batch, width].
    package func time(_ times: [Float]) -> Tensor {
        timeSecond(timeFirst(PositionTables.timeEmbedding(times)).applying(.silu))
    }

    /// The condition c, embedding of t + embedding of the indicator: [batch, width].
    package func condition(times: [Float], indicators rows: [Int32]) -> Tensor { time(times) + indicators(rows) }

    /// The embedded tokens: [batch, N, width].
    package func embed(_ x: Tensor) -> Tensor { input(x).addingRepeated(positions) }

    /// The last modulation and projection: [batch, N, D].
    package func project(_ x: Tensor, condition: Tensor) -> Tensor {
        let parts = finalModulation(condition.applying(.silu)).parts(2)
        return project(x, shift: parts[0], scale: parts[1])
    }

    private func project(_ x: Tensor, shift: Tensor, scale: Tensor) -> Tensor {
        finalProjection(x.modulated(shift: shift, scale: scale, epsilon: VelocityNetwork.epsilon))
    }

    /// All modulation of times and indicators, a row to each pair: [pairs, 6·depth + 2, width], the six vectors of every
    /// block and the last two.
    func modulation(times: [Float], indicators: [Int32]) -> Tensor {
        Precision.$current.withValue(.float32) {
            let activated = condition(times: times, indicators: indicators).applying(.silu)
            let parts = blocks.map { $0.modulation(activated) } + [finalModulation(activated)]
            return .concatenated(parts, axis: 1)
        }
    }

    /// Computes what evaluations at these pairs of a time and an indicator need of the condition, all at once, so that the
    /// matrices that give it are read once for a whole schedule. Without this it is computed when it is first needed. Does
    /// nothing in training.
    public func prepare(_ pairs: [(time: Float, indicator: Indicator)]) {
        let keys = pairs.map { ModulationCache.Key($0.time, $0.indicator.rawValue) }
        // What the matrices took on the way is not needed again.
        if modulations?.prepare(keys, modulation) == true { Machine.releaseCachedMemory() }
    }

    /// The width of a row of prepared modulation.
    public var modulationWidth: Int { (6 * configuration.depth + 2) * configuration.width }

    /// What the condition gives to all blocks at pairs of a time and an indicator, [pairs, modulationWidth]: the constants
    /// of a schedule, for a packed model to keep.
    public func modulation(_ pairs: [(time: Float, indicator: Indicator)]) -> Tensor {
        modulation(times: pairs.map(\.time), indicators: pairs.map(\.indicator.rawValue))
    }

    /// Takes what `modulation` gave: a row to each pair. Evaluations at these pairs then compute nothing of it, nor read
    /// the matrices that would.
    public func keep(_ pairs: [(time: Float, indicator: Indicator)], modulation rows: Tensor) {
        precondition(
            rows.shape == [pairs.count, modulationWidth], "\(pairs.count) pairs for rows of shape \(rows.shape)")
        modulations?.keep(pairs.map { ModulationCache.Key($0.time, $0.indicator.rawValue) }, rows)
    }

    /// The velocity of tokens x [batch, N, D] at times t in 0...1 (0 is text), one indicator to a sample.
    public func callAsFunction(_ x: Tensor, times: [Float], indicators: [Int32]) -> Tensor {
        precondition(
            x.rank == 3 && x.shape[1...] == [configuration.tokens, configuration.channels]
                && times.count == x.shape[0] && indicators.count == x.shape[0],
            "\(times.count) times, \(indicators.count) indicators and tokens of shape \(x.shape) for a network of \(configuration.tokens) tokens of \(configuration.channels)"
        )
        var tokens = embed(x)
        if let modulations {
            let vectors = modulations.vectors(
                zip(times, indicators).map { ModulationCache.Key($0, $1) }, modulation)
            tokens = tokens.throughLayers(blocks.count) { index, tokens, samples in
                blocks[index](tokens, parts: vectors[6 * index..<6 * index + 6].map { $0.rows(samples) }[...])
            }
            return project(tokens, shift: vectors[vectors.count - 2], scale: vectors[vectors.count - 1])
        }
        let condition = condition(times: times, indicators: indicators)
        let activated = condition.applying(.silu)
        for block in blocks { tokens = block(tokens, modulation: activated) }
        return project(tokens, condition: condition)
    }
}

/// A DiT block whose norms and residuals are modulated by the condition (adaLN-Zero).
package struct VelocityBlock: Sendable {
    let modulation: Linear
    let attention: SelfAttention
    let network: FeedForward

    init(_ weights: Weights, width: Int, heads: Int) {
        modulation = Linear(lazy: weights["adaLN_modulation.1"], from: width, to: 6 * width, initial: .zeros)
        attention = SelfAttention(weights["attn"], width: width, heads: heads)
        network = FeedForward(weights["mlp"], width: width, hidden: 4 * width, activation: .geluTanh)
    }

    /// The attention of x before its gate; `modulation` is silu(c) [batch, width].
    package func attended(_ x: Tensor, modulation activated: Tensor) -> Tensor {
        let parts = modulation(activated).parts(6)
        return attention(x.modulated(shift: parts[0], scale: parts[1], epsilon: VelocityNetwork.epsilon))
    }

    /// x [batch, N, width]; `modulation` is silu(c) [batch, width].
    package func callAsFunction(_ x: Tensor, modulation activated: Tensor) -> Tensor {
        self(x, parts: modulation(activated).parts(6)[...])
    }

    /// x [batch, N, width]; `parts` are the six vectors [batch, width] that the condition gives: shift, scale and gate of the
    /// attention, then of the network.
    func callAsFunction(_ x: Tensor, parts: ArraySlice<Tensor>) -> Tensor {
        let first = parts.startIndex
        let attended = attention(
            x.modulated(shift: parts[first], scale: parts[first + 1], epsilon: VelocityNetwork.epsilon), addedTo: x,
            gate: parts[first + 2])
        let normalized = attended.modulated(
            shift: parts[first + 3], scale: parts[first + 4], epsilon: VelocityNetwork.epsilon)
        return network(normalized, addedTo: attended, gate: parts[first + 5])
    }
}

extension Tensor {
    /// Some samples of a batch, which costs nothing where they are all of it.
    fileprivate func rows(_ samples: Range<Int>) -> Tensor { samples.count == shape[0] ? self : sliced(axis: 0, samples) }

    /// Rows [batch, count·width] as `count` tensors [batch, width].
    func parts(_ count: Int) -> [Tensor] {
        let width = shape[1] / count
        return (0..<count).map { sliced(axis: 1, $0 * width..<($0 + 1) * width) }
    }
}
