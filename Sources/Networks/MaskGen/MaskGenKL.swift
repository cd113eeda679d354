import Foundation
import Layers
import Tensors

/// Text to the continuous tokens of a TA-TiTok: a masked autoencoder gives every missing token a vector, under which a
/// small diffusion network draws it (2501.07730, section 3.3). Parameter names are the official ones.
public struct MaskGenKL: Sendable {
    public let configuration: MaskGenKLConfiguration
    /// The network that draws a token.
    public let head: DiffusionHead
    let schedule: DiffusionSchedule
    let positions, headPositions, maskToken: StoredTable
    let textProjection, vectorProjection, input: Linear
    let inputNorm: LayerNorm
    let transformer: MMDiT
    let norm: AdaLayerNormContinuous

    /// The configuration must be valid.
    public init(_ configuration: MaskGenKLConfiguration, weights: Weights) {
        self.configuration = configuration
        let shape = configuration.transformer
        let width = shape.width
        // A text that says nothing is refused by `validate()`.
        schedule = DiffusionSchedule(keeping: configuration.samplingSteps) ?? .training
        positions = StoredTable(weights, "decoder_pos_embed_learned", rows: configuration.length, width: width)
        headPositions = StoredTable(weights, "diffusion_pos_embed_learned", rows: configuration.length, width: width)
        maskToken = StoredTable(weights, "mask_token", rows: 1, width: width)
        textProjection = Linear(weights["text_emb"], from: shape.textWidth, to: width, initial: .small)
        vectorProjection = Linear(weights["text_pooled_emb"], from: shape.pooledWidth, to: width, initial: .small)
        input = Linear(weights["z_proj"], from: configuration.channels, to: width, initial: .small)
        inputNorm = LayerNorm(weights["z_proj_ln"], width: width, epsilon: AdaLayerNormContinuous.epsilon)
        transformer = MMDiT(weights["decoder_blocks"], shape: shape)
        norm = AdaLayerNormContinuous(weights["decoder_norm"], width: width)
        head = DiffusionHead(
            weights["diffloss.net"], channels: configuration.channels, conditionWidth: width,
            width: configuration.headWidth, depth: configuration.headDepth)
    }

    /// The text as the blocks read it; one aesthetic score to a caption.
    package func condition(_ text: TextCondition, aestheticScores: [Float]) -> JointCondition {
        let micro = configuration.transformer.microWidth
        let vector =
            micro == 0
            ? text.pooled
            : .concatenated([text.pooled, MicroCondition.interleaved(aestheticScores, width: micro)], axis: 1)
        return JointCondition(text: textProjection(text.hidden), vector: vectorProjection(vector))
    }

    /// Embedded tokens, the mask's vector where `mask` is true: [batch, L, width].
    package func embed(_ tokens: Tensor, mask: [Bool]) -> Tensor {
        precondition(
            tokens.rank == 3 && tokens.shape[1...] == [configuration.length, configuration.channels]
                && mask.count == tokens.shape[0] * configuration.length,
            "\(mask.count) masks for tokens of shape \(tokens.shape)")
        let embedded = inputNorm(input(tokens))
        let width = configuration.transformer.width
        // Rows of one table, the mask's vector behind the tokens, so that the choice has a gradient.
        let rows = Tensor.concatenated([embedded.reshaped([mask.count, width]), maskToken.table], axis: 0)
        let chosen = mask.indices.map { mask[$0] ? Int32(mask.count) : Int32($0) }
        return rows.rows(chosen, shape: [tokens.shape[0], configuration.length]).addingRepeated(positions.table)
    }

    package var blocks: [JointBlock] { transformer.blocks }

    /// The vector z of every token [batch, L, width], of tokens [batch, L, C] and what of them is masked, row by row.
    package func vectors(_ tokens: Tensor, mask: [Bool], _ condition: JointCondition) -> Tensor {
        norm(transformer(embed(tokens, mask: mask), condition), activated: condition.activated)
            .addingRepeated(headPositions.table)
    }

    /// One image to a caption, drawn in lockstep, as latents that the tokenizer decodes: [batch, L, C].
    ///
    /// - Parameters:
    ///   - text: the captions.
    ///   - unconditional: the empty caption, once or once to a caption.
    ///   - orders: for every image the numbers below L in the order in which tokens stay masked: the last one is drawn
    ///     first. Nil: random ones from `noise`, before all else.
    ///   - noise: where random numbers come from; see the diffusion head's sampler for the requests.
    ///   - progress: called after every step with the number of steps done and of all; what it throws ends the drawing.
    /// - Throws: `GeneratorError.badSetting`, and what `progress` throws.
    public func generate(
        _ text: TextCondition, unconditional: TextCondition, sampling: MaskGenKLSampling = MaskGenKLSampling(),
        orders: [[Int]]? = nil, noise: inout some NoiseSource, progress: (Int, Int) throws -> Void = { _, _ in }
    ) throws -> Tensor {
        try sampling.validate()
        let (batch, length, channels) = (text.count, configuration.length, configuration.channels)
        guard batch > 0 else { return .zeros([0, length, channels]) }
        let orders = orders ?? (0..<batch).map { _ in noise.permutation(length) }
        precondition(
            orders.count == batch && orders.allSatisfy { $0.sorted() == Array(0..<length) },
            "\(orders.count) orders for \(batch) images of \(length) tokens")
        let guides = sampling.guidance != 1
        let texts = guides ? text.followed(by: unconditional) : text
        let condition = condition(
            texts, aestheticScores: [Float](repeating: Float(sampling.aestheticScore), count: texts.count))
        let sampler = DiffusionSampler(head: head, schedule: schedule)
        var values = [Float](repeating: 0, count: batch * length * channels)
        var mask = [Bool](repeating: true, count: batch * length)
        var masked = length
        for step in 0..<sampling.steps {
            let share = cos((Double.pi / 2 * Double(step + 1)) / Double(sampling.steps))
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
                let tokens = Tensor(values, shape: [batch, length, channels])
                let z = vectors(
                    guides ? .concatenated([tokens, tokens], axis: 0) : tokens, mask: guides ? mask + mask : mask,
                    condition)
                let table = z.reshaped([z.shape[0] * length, configuration.transformer.width])
                let rows = drawn + (guides ? drawn.map { $0 + mask.count } : [])
                let samples = sampler.sample(
                    table.rows(rows.map { Int32($0) }),
                    guidance: guides ? sampling.scale(masked: remaining, of: length) : nil,
                    temperature: Float(sampling.temperature), noise: &noise
                ).values
                for (row, place) in drawn.enumerated() {
                    for channel in 0..<channels {
                        values[place * channels + channel] = samples[row * channels + channel]
                    }
                }
            }
            mask = next
            masked = remaining
            try progress(step + 1, sampling.steps)
        }
        return Tensor(values, shape: [batch, length, channels]) * Float(1 / configuration.scaleFactor)
    }
}
