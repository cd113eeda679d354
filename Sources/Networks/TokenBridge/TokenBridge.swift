import Files
import Foundation
import Layers
import Sampling
import Tensors

/// TokenBridge (2503.16430): a masked autoencoder over tokens gives every missing token a vector, under which a small
/// transformer draws the codes of its channels. Parameter names are the official ones.
public struct TokenBridge: Sendable {
    public let configuration: TokenBridgeConfiguration
    public let quantizer: GaussianQuantizer
    private let condition: Condition
    /// What stands for no class and no caption.
    private let none: Tensor
    private let input: Linear
    private let inputNorm: LayerNorm
    private let encoderPositions, decoderPositions, outputPositions, maskToken: StoredTable
    private let encoderBlocks, decoderBlocks: [TokenBridgeBlock]
    private let encoderNorm, decoderNorm: LayerNorm
    private let decoderInput: Linear
    package let head: ChannelHead

    private enum Condition: Sendable {
        case classes(Embedding)
        case captions(CaptionEmbedding)
    }

    /// The buffer of a full checkpoint that holds the values of the codes.
    static let tableName = "reconstruction_values"
    private static let epsilon: Float = 1e-6

    /// Builds the network. The configuration must be valid.
    public init(_ configuration: TokenBridgeConfiguration, weights: Weights) {
        configuration.requireValid()
        self.configuration = configuration
        let (encoder, decoder) = (configuration.encoder, configuration.decoder)
        let places = configuration.buffer + configuration.length
        let computed = GaussianQuantizer(levels: configuration.levels, range: Float(configuration.range))
        // The table that a model was trained with is used where it is there; averaged weights come without it.
        quantizer =
            weights.contains(Self.tableName)
            ? GaussianQuantizer(
                centers: weights.tensor(
                    Self.tableName, [configuration.levels],
                    initial: .values(Tensor(computed.centers, shape: [configuration.levels]))
                ).values, range: Float(configuration.range)) ?? computed
            : computed
        condition =
            CaptionEmbedding(weights, configuration.subjects, to: encoder.width).map { .captions($0) }
            ?? .classes(Embedding(weights["class_emb"], entries: configuration.classes, width: encoder.width))
        none = weights.tensor("fake_latent", [1, encoder.width], initial: .normal(std: 0.02))
        input = Linear(weights["z_proj"], from: configuration.channels, to: encoder.width)
        inputNorm = LayerNorm(weights["z_proj_ln"], width: encoder.width, epsilon: Self.epsilon)
        encoderPositions = StoredTable(weights, "encoder_pos_embed_learned", rows: places, width: encoder.width)
        encoderBlocks = (0..<encoder.layers).map { TokenBridgeBlock(weights["encoder_blocks"][$0], shape: encoder) }
        encoderNorm = LayerNorm(weights["encoder_norm"], width: encoder.width, epsilon: Self.epsilon)
        decoderInput = Linear(weights["decoder_embed"], from: encoder.width, to: decoder.width)
        maskToken = StoredTable(weights, "mask_token", rows: 1, width: decoder.width)
        decoderPositions = StoredTable(weights, "decoder_pos_embed_learned", rows: places, width: decoder.width)
        decoderBlocks = (0..<decoder.layers).map { TokenBridgeBlock(weights["decoder_blocks"][$0], shape: decoder) }
        decoderNorm = LayerNorm(weights["decoder_norm"], width: decoder.width, epsilon: Self.epsilon)
        outputPositions = StoredTable(weights, "output_pos_embed", rows: configuration.length, width: decoder.width)
        head = ChannelHead(
            weights, shape: configuration.head, from: decoder.width, channels: configuration.channels,
            levels: configuration.levels)
    }

    // MARK: - Features

    /// What passes through encoder and decoder.
    package struct Pass {
        /// All places, before what is masked is left out: [batch, buffer + L, width].
        package let embedded: Tensor
        package let firstEncoderBlock: Tensor
        /// The places that are there: [batch, buffer + visible, width].
        package let encoded: Tensor
        package let firstDecoderBlock: Tensor
        /// A vector to every token: [batch, L, width].
        package let features: Tensor
    }

    /// The features of tokens some of which are masked, the same number in every image.
    ///
    /// - Parameters:
    ///   - codes: L·channels of every image, token after token; those of masked tokens do not matter.
    ///   - mask: whether a token is masked, image after image.
    ///   - labels: of every image its class, or its caption by its place in `captions`; nil is neither.
    package func pass(_ codes: [Int32], mask: [Bool], labels: [Int?], captions: TextCondition? = nil) -> Pass {
        let (batch, length, buffer) = (labels.count, configuration.length, configuration.buffer)
        precondition(
            codes.count == batch * length * configuration.channels && mask.count == batch * length,
            "\(codes.count) codes and \(mask.count) masks for \(batch) images of \(length) tokens")
        let width = configuration.encoder.width
        let values = quantizer.values(codes, shape: [batch, length, configuration.channels])
        let rows = conditionTable(captions)
        let last = rows.shape[0] - 1
        let held = labels.flatMap { [Int32](repeating: Int32($0 ?? last), count: buffer) }
        let embedded = inputNorm(
            Tensor.concatenated([rows.rows(held, shape: [batch, buffer]), input(values)], axis: 1)
                .addingRepeated(encoderPositions.table))

        let places = buffer + length
        var kept: [Int32] = []
        for image in 0..<batch {
            for place in 0..<places where place < buffer || !mask[image * length + place - buffer] {
                kept.append(Int32(image * places + place))
            }
        }
        var x = embedded.reshaped([batch * places, width]).rows(kept, shape: [batch, kept.count / max(1, batch)])
        var firstEncoded = x
        for (index, block) in encoderBlocks.enumerated() {
            x = block(x)
            if index == 0 { firstEncoded = x }
        }
        let encoded = encoderNorm(x)

        // The encoded places go back to where they were, and the mask's vector stands everywhere else.
        let decoderWidth = configuration.decoder.width
        let table = Tensor.concatenated([decoderInput(encoded).reshaped([kept.count, decoderWidth]), maskToken.table], axis: 0)
        var order = [Int32](repeating: Int32(kept.count), count: batch * places)
        for (row, place) in kept.enumerated() { order[Int(place)] = Int32(row) }
        x = table.rows(order, shape: [batch, places]).addingRepeated(decoderPositions.table)
        var firstDecoded = x
        for (index, block) in decoderBlocks.enumerated() {
            x = block(x)
            if index == 0 { firstDecoded = x }
        }
        let features = decoderNorm(x).sliced(axis: 1, buffer..<places).addingRepeated(outputPositions.table)
        return Pass(
            embedded: embedded, firstEncoderBlock: firstEncoded, encoded: encoded, firstDecoderBlock: firstDecoded,
            features: features)
    }

    /// Rows of one table, "none" behind the classes or captions, so that the choice has a gradient.
    private func conditionTable(_ captions: TextCondition?) -> Tensor {
        switch condition {
        case .classes(let classes): return .concatenated([classes.table, none], axis: 0)
        case .captions(let embedding):
            guard let captions else { preconditionFailure("a generator of captions without any") }
            return embedding.table(captions, none: none)
        }
    }

    // MARK: - Drawing

    /// One image of every class, drawn in lockstep: L·channels codes of each, token after token.
    ///
    /// - Parameters:
    ///   - classes: class numbers; nil is "no class".
    ///   - orders: for every image the numbers below L in the order in which tokens stay masked: the last one is drawn
    ///     first. Nil: random ones from `noise`, before all else.
    ///   - noise: where random numbers come from: for every step and every channel, in the order in which channels are drawn,
    ///     [tokens, levels] exponential values.
    ///   - progress: called after every step with the number of steps done and of all, and the codes, those of masked tokens
    ///     being the number of levels; what it throws ends the drawing.
    /// - Throws: `GeneratorError.noSuchClass`, `badSetting`, `SamplingError.notFinite`, and what `progress` throws.
    package func generate(
        classes: [Int?], sampling: TokenBridgeSampling, orders: [[Int]]? = nil, noise: inout some NoiseSource,
        progress: (GenerationStep) throws -> Void = { _ in }
    ) throws -> [[Int32]] {
        _ = try GeneratorCondition.classes(classes.compactMap { $0 }).labels(for: configuration.subjects)
        return try generate(
            labels: classes, captions: nil, sampling: sampling, orders: orders, noise: &noise, progress: progress)
    }

    /// The same of classes, or of captions by their places in `captions`.
    func generate(
        labels: [Int?], captions: TextCondition?, sampling: TokenBridgeSampling, orders: [[Int]]?,
        noise: inout some NoiseSource, progress: (GenerationStep) throws -> Void
    ) throws -> [[Int32]] {
        try sampling.validate()
        let (batch, length, channels) = (labels.count, configuration.length, configuration.channels)
        guard batch > 0 else { return [] }
        let orders = orders ?? (0..<batch).map { _ in noise.permutation(length) }
        precondition(
            orders.count == batch && orders.allSatisfy { $0.sorted() == Array(0..<length) },
            "\(orders.count) orders for \(batch) images of \(length) tokens")
        let tokens = TokenSampling(temperature: sampling.temperature)
        let isGuided = sampling.guidance != 1
        var codes = [Int32](repeating: 0, count: batch * length * channels)
        var mask = [Bool](repeating: true, count: batch * length)
        var masked = length
        for step in 0..<sampling.steps {
            let share = cos(Double.pi / 2 * Double(step + 1) / Double(sampling.steps))
            let remaining = max(1, min(masked - 1, Int((Double(length) * share).rounded(.down))))
            var next = [Bool](repeating: false, count: batch * length)
            if step + 1 < sampling.steps {
                for (image, order) in orders.enumerated() {
                    for place in order[..<remaining] { next[image * length + place] = true }
                }
            }
            let drawn = mask.indices.filter { mask[$0] && !next[$0] }
            // With more steps than tokens a step may draw none.
            if !drawn.isEmpty {
                let scale = isGuided ? sampling.scale(masked: remaining, of: length) : nil
                let vectors = features(codes, mask: mask, labels: labels, captions: captions, at: drawn, scale: scale)
                let found = try head.draw(vectors) { logits, _ in tokens.draw(from: logits, noise: &noise) }
                for (row, place) in drawn.enumerated() {
                    for channel in 0..<channels { codes[place * channels + channel] = found[row][channel] }
                }
            }
            mask = next
            masked = remaining
            let shown = codes.indices.map { mask[$0 / channels] ? Int32(configuration.levels) : codes[$0] }
            try progress(
                GenerationStep(
                    step: step + 1, steps: sampling.steps, tokens: .indices(shown.split(into: length * channels))))
        }
        return codes.split(into: length * channels)
    }

    /// The features of some tokens, guided away from those of no class or caption: [tokens, width].
    private func features(
        _ codes: [Int32], mask: [Bool], labels: [Int?], captions: TextCondition?, at places: [Int], scale: Float?
    ) -> Tensor {
        let width = configuration.decoder.width
        guard let scale else {
            return pass(codes, mask: mask, labels: labels, captions: captions).features.reshaped([mask.count, width])
                .rows(places.map { Int32($0) })
        }
        let both = pass(
            codes + codes, mask: mask + mask, labels: labels + [Int?](repeating: nil, count: labels.count), captions: captions
        ).features.reshaped([2 * mask.count, width])
        let rows = places + places.map { $0 + mask.count }
        return both.rows(rows.map { Int32($0) }).guidedHalves(scale: Double(scale))
    }
}

/// A block of timm's vision transformer: x += attention(LN(x)); x += network(LN(x)).
struct TokenBridgeBlock: Sendable {
    private let firstNorm: LayerNorm
    private let attention: SelfAttention
    private let secondNorm: LayerNorm
    private let network: FeedForward

    init(_ weights: Weights, shape: TransformerShape) {
        let width = shape.width
        firstNorm = LayerNorm(weights["norm1"], width: width, epsilon: 1e-6)
        attention = SelfAttention(weights["attn"], width: width, heads: shape.heads)
        secondNorm = LayerNorm(weights["norm2"], width: width, epsilon: 1e-6)
        network = FeedForward(weights["mlp"], width: width, hidden: 4 * width, activation: .gelu)
    }

    /// x [batch, tokens, width] → the same shape.
    func callAsFunction(_ x: Tensor) -> Tensor {
        let attended = attention(firstNorm(x), addedTo: x)
        return network(secondNorm(attended), addedTo: attended)
    }
}
