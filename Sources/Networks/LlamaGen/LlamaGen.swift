import Files
import Layers
import Sampling
import Tensors

/// A LlamaGen (2406.06525): a causal transformer that reads a class or a caption and the codes of an image in their order. Parameter names
/// are the official ones.
public struct LlamaGen: Sendable {
    public let configuration: LlamaGenConfiguration
    private let condition: Condition
    private let codes: Embedding
    private let positions: Positions
    package let layers: [LlamaGenLayer]
    private let norm: RMSNorm
    private let head: Linear

    private enum Condition: Sendable {
        case classes(Embedding)
        case captions(CaptionPrefix)
    }

    private enum Positions: Sendable {
        /// A row for each place of the condition and for each code.
        case learned(Tensor)
        case rotary(RotaryTable)
    }

    /// Builds the network. The configuration must be valid.
    public init(_ configuration: LlamaGenConfiguration, weights: Weights) {
        configuration.requireValid()
        self.configuration = configuration
        let width = configuration.width
        condition =
            switch configuration.subjects {
            case .classes(let count): .classes(Embedding(weights["cls_embedding.embedding_table"], entries: count + 1, width: width))
            case .captions(let captionWidth):
                .captions(
                    CaptionPrefix(weights["cls_embedding"], width: captionWidth, length: configuration.conditionLength, to: width))
            }
        codes = Embedding(weights["tok_embeddings"], entries: configuration.codebookSize, width: width)
        positions =
            switch configuration.positions {
            case .learned:
                .learned(
                    weights.tensor(
                        "positional_embedding", [configuration.length + configuration.conditionLength, width],
                        initial: .normal(std: 1 / Float(width).squareRoot())))
            case .rotary:
                .rotary(Self.rotaryTable(configuration))
            }
        layers = (0..<configuration.layers).map {
            LlamaGenLayer(weights["layers"][$0], configuration: configuration)
        }
        norm = RMSNorm(weights["norm"], width: width, epsilon: configuration.epsilon)
        head = Linear(weights["output"], from: width, to: configuration.codebookSize, bias: false, initial: .zeros)
    }

    /// The angles of a grid behind rows of zeros: the official code leaves the condition no query and no key.
    private static func rotaryTable(_ configuration: LlamaGenConfiguration) -> RotaryTable {
        let headDimension = configuration.width / configuration.heads
        let grid = PositionTables.rotary2D(side: configuration.grid, headDimension: headDimension)
        let none = Tensor.zeros([configuration.conditionLength, headDimension])
        return RotaryTable(
            cosines: .concatenated([none, grid.cosines], axis: 0), sines: .concatenated([none, grid.sines], axis: 0))
    }

    /// What the first layer reads at the places from `first` on: x [rows, tokens, width].
    private func placed(_ x: Tensor, at first: Int) -> Tensor {
        guard case .learned(let table) = positions else { return x }
        return x.addingRepeated(table.sliced(axis: 0, first..<first + x.shape[1]))
    }

    /// The angles of the places from `first` on; nil where positions are learned.
    private func angles(at first: Int, count: Int) -> RotaryTable? {
        guard case .rotary(let table) = positions else { return nil }
        return RotaryTable(
            cosines: table.cosines.sliced(axis: 0, first..<first + count),
            sines: table.sines.sliced(axis: 0, first..<first + count))
    }

    /// What stands before the codes: [batch, conditionLength, width].
    private func prefix(_ labels: [Int?], _ captions: TextCondition?) -> Tensor {
        switch condition {
        case .classes(let classes):
            return classes(labels.map { Int32($0 ?? configuration.noClass) }, shape: [labels.count, 1])
        case .captions(let prefix):
            guard let captions else { preconditionFailure("a generator of captions without any") }
            return prefix(captions, of: labels)
        }
    }

    // MARK: - Whole sequences

    /// The embedded sequence of whole images, or of the beginning of each: [batch, conditionLength + codes, width].
    ///
    /// - Parameters:
    ///   - ids: the codes of `labels.count` images, as many of each, image after image.
    ///   - labels: of every image its class, or its caption by its place in `captions`; nil is unconditional.
    package func embed(_ ids: [Int32], labels: [Int?], captions: TextCondition? = nil) -> Tensor {
        let batch = labels.count
        let count = ids.count / max(1, batch)
        precondition(
            ids.count == batch * count && count <= configuration.length, "\(ids.count) codes for \(batch) images")
        let prefix = prefix(labels, captions)
        let sequence = count == 0 ? prefix : Tensor.concatenated([prefix, codes(ids, shape: [batch, count])], axis: 1)
        return placed(sequence, at: 0)
    }

    /// What the first `count` layers make of an embedded sequence; nil means all.
    package func transformed(_ sequence: Tensor, first count: Int? = nil) -> Tensor {
        let angles = angles(at: 0, count: sequence.shape[1])
        return layers.prefix(count ?? layers.count).reduce(sequence) { $1($0, rotary: angles) }
    }

    /// The logits [batch, codes + 1, V] of codes that are given; entry p is about code p.
    package func logits(_ ids: [Int32], labels: [Int?], captions: TextCondition? = nil) -> Tensor {
        head(norm(afterCondition(transformed(embed(ids, labels: labels, captions: captions)))))
    }

    /// The places that codes are read off: that of the condition's end and those of the codes.
    private func afterCondition(_ x: Tensor) -> Tensor {
        configuration.conditionLength == 1 ? x : x.sliced(axis: 1, configuration.conditionLength - 1..<x.shape[1])
    }

    /// Bytes that drawing code number `step`, from 1, of some sequences reads: all maps once, and the keys and values of the
    /// places up to it.
    func stepBytes(_ step: Int, rows: Int) -> Int {
        let cache =
            2 * configuration.layers * rows * configuration.width * MemoryLayout<Float>.stride
            * (configuration.conditionLength - 1 + step)
        return layers.reduce(head.byteCount) { $0 + $1.byteCount } + cache
    }

    // MARK: - Code by code

    /// Sequences that are read code by code, with the keys and values of what was read.
    package final class Reader {
        private let network: LlamaGen
        private let labels: [Int?]
        private let captions: TextCondition?
        package let cache: KeyValueCache

        /// - Parameters:
        ///   - labels: of every sequence its class, or its caption by its place in `captions`; nil is unconditional.
        ///   - length: the most codes that are drawn.
        package init(_ network: LlamaGen, labels: [Int?], captions: TextCondition? = nil, length: Int) {
            let configuration = network.configuration
            self.network = network
            self.labels = labels
            self.captions = captions
            cache = KeyValueCache(
                layers: configuration.layers, rows: labels.count, heads: configuration.heads,
                headDimension: configuration.width / configuration.heads, capacity: configuration.conditionLength - 1 + length)
        }

        /// The logits [rows, V] of code `index`, after the code before it of every sequence; none before the first. To be
        /// called for every code in order.
        package func logits(_ index: Int, after last: [Int32]) -> Tensor {
            let rows = labels.count
            let first = index == 0 ? 0 : network.configuration.conditionLength - 1 + index
            var x = network.placed(index == 0 ? network.prefix(labels, captions) : network.codes(last, shape: [rows, 1]), at: first)
            let angles = network.angles(at: first, count: x.shape[1])
            for (layer, block) in network.layers.enumerated() { x = block(x, rotary: angles, cache: cache, layer: layer) }
            if index == 0 { x = network.afterCondition(x) }
            return network.head(network.norm(x)).reshaped([rows, network.configuration.codebookSize])
        }
    }

    // MARK: - Drawing

    /// One image of every class, drawn in lockstep: per image `length` codes in 0..<V, as the tokenizer decodes
    /// them.
    ///
    /// - Parameters:
    ///   - length: how many codes to draw; nil for whole images.
    ///   - noise: where random numbers come from: [batch, V] exponential values for every code.
    ///   - progress: called after every code; what it throws ends the drawing.
    /// - Throws: `GeneratorError.noSuchClass`, `badSetting`, `SamplingError.notFinite`, and what `progress` throws.
    package func generate(
        classes: [Int], sampling: LlamaGenSampling, length: Int? = nil, noise: inout some NoiseSource,
        progress: (SamplingStep<[[Int32]]>) throws -> Void = { _ in }
    ) throws -> [[Int32]] {
        let (labels, captions) = try GeneratorCondition.classes(classes).labels(for: configuration.subjects)
        return try generate(
            labels: labels, captions: captions, sampling: sampling, length: length, noise: &noise, progress: progress)
    }

    /// The same of classes, or of captions by their places in `captions`.
    func generate(
        labels: [Int], captions: TextCondition?, sampling: LlamaGenSampling, length wanted: Int? = nil,
        noise: inout some NoiseSource, progress: (SamplingStep<[[Int32]]>) throws -> Void
    ) throws -> [[Int32]] {
        try sampling.validate()
        guard !labels.isEmpty else { return [] }
        let length = min(wanted ?? configuration.length, configuration.length)
        let none = [Int?](repeating: nil, count: sampling.isGuided ? labels.count : 0)
        let reader = Reader(self, labels: labels + none, captions: captions, length: length)
        let decoding = AutoregressiveDecoding(batch: labels.count, length: length, codes: configuration.codebookSize)
        return try decoding.run(sampling.tokens, noise: &noise, progress: progress) { index, last in
            let logits = reader.logits(index, after: sampling.isGuided ? last + last : last)
            guard sampling.isGuided else { return logits }
            guard let scale = sampling.scale(index, of: length) else {
                return logits.sliced(axis: 0, 0..<labels.count)
            }
            return logits.guidedHalves(scale: scale)
        }
    }
}

/// h = x + attention(norm(x)), then h + w2(silu(w1 r) ∘ w3 r), r = norm(h).
package struct LlamaGenLayer: Sendable {
    private let attentionNorm: RMSNorm
    private let attention: CausalSelfAttention
    private let networkNorm: RMSNorm
    private let gate, values, output: Linear

    init(_ weights: Weights, configuration: LlamaGenConfiguration) {
        let (width, hidden, epsilon) = (configuration.width, configuration.hidden, configuration.epsilon)
        let initial = Initializer.normal(std: 0.02)
        attentionNorm = RMSNorm(weights["attention_norm"], width: width, epsilon: epsilon)
        attention = CausalSelfAttention(
            weights["attention"], names: ("wqkv", "wo"), width: width, heads: configuration.heads, bias: false,
            initial: initial)
        networkNorm = RMSNorm(weights["ffn_norm"], width: width, epsilon: epsilon)
        let network = weights["feed_forward"]
        gate = Linear(network["w1"], from: width, to: hidden, bias: false, initial: initial)
        values = Linear(network["w3"], from: width, to: hidden, bias: false, initial: initial)
        output = Linear(network["w2"], from: hidden, to: width, bias: false, initial: initial)
    }

    /// Bytes of the maps.
    var byteCount: Int {
        [attention.qkv, attention.projection, gate, values, output].reduce(0) { $0 + $1.byteCount }
    }

    /// x [rows, tokens, width] → the same shape.
    ///
    /// - Parameters:
    ///   - rotary: the angles of the tokens.
    ///   - cache: what came before x; nil where x is the whole sequence.
    ///   - layer: the place of this layer in the cache.
    package func callAsFunction(
        _ x: Tensor, rotary: RotaryTable?, cache: KeyValueCache? = nil, layer: Int = 0
    ) -> Tensor {
        let attended = attended(x, rotary: rotary, cache: cache, layer: layer)
        let read = networkNorm(attended)
        return output(gate(read, activation: .silu) * values(read), addedTo: attended)
    }

    private func attended(_ x: Tensor, rotary: RotaryTable?, cache: KeyValueCache?, layer: Int) -> Tensor {
        guard let rotary else { return attention(attentionNorm(x), addedTo: x, cache: cache, layer: layer) }
        var packed = attention.qkv(attentionNorm(x))
        packed.rotateQueriesAndKeys(rotary, heads: attention.heads)
        let seen = cache?.attention(packed, layer: layer) ?? packed.selfAttention(heads: attention.heads, causal: true)
        return attention.projection(seen, addedTo: x)
    }
}
