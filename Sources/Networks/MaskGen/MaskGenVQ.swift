import Layers
import Sampling
import Tensors

/// Text to the integer tokens of a TA-TiTok by masked decoding (2501.07730, section 3.3). Parameter names are the
/// official ones.
public struct MaskGenVQ: Sendable {
    public let configuration: MaskGenVQConfiguration
    let embeddings: Embedding
    let positions: StoredTable
    let textProjection, vectorProjection: Linear
    let transformer: MMDiT
    let norm: AdaLayerNormContinuous

    /// The configuration must be valid.
    public init(_ configuration: MaskGenVQConfiguration, weights: Weights) {
        self.configuration = configuration
        let shape = configuration.transformer
        embeddings = Embedding(
            weights["embeddings"], entries: configuration.codebookSize + 1 + configuration.classes + 1,
            width: shape.width)
        positions = StoredTable(weights, "pos_embed", rows: configuration.length, width: shape.width)
        textProjection = Linear(weights["text_embed_proj"], from: shape.textWidth, to: shape.width, initial: .small)
        vectorProjection = Linear(weights["cond_pooled_proj"], from: shape.pooledWidth, to: shape.width, initial: .small)
        transformer = MMDiT(weights["blocks"], shape: shape)
        norm = AdaLayerNormContinuous(weights["norm"], width: shape.width)
    }

    /// The caption's vector with the micro-condition: [batch, width of both].
    package func vector(_ text: TextCondition, aestheticScores: [Float]) -> Tensor {
        let micro = configuration.transformer.microWidth
        guard micro > 0 else { return text.pooled }
        return .concatenated([text.pooled, MicroCondition.halves(aestheticScores, width: micro)], axis: 1)
    }

    /// The text as the blocks read it; one aesthetic score to a caption.
    package func condition(_ text: TextCondition, aestheticScores: [Float]) -> JointCondition {
        JointCondition(
            text: textProjection(text.hidden), vector: vectorProjection(vector(text, aestheticScores: aestheticScores)))
    }

    /// The embedded tokens: [batch, L, width].
    package func embed(_ ids: [Int32]) -> Tensor {
        embeddings(ids, shape: [ids.count / configuration.length, configuration.length]).addingRepeated(positions.table)
    }

    package var blocks: [JointBlock] { transformer.blocks }

    /// The states that give the logits: [batch, L, width].
    package func states(_ ids: [Int32], _ condition: JointCondition) -> Tensor {
        norm(transformer(embed(ids), condition), activated: condition.activated)
    }

    /// The logits [batch, L, K] of states, by the embedding table.
    package func logits(_ states: Tensor) -> Tensor {
        states.linear(embeddings.table).sliced(axis: 2, 0..<configuration.codebookSize)
    }

    /// One image to a caption, drawn in lockstep: per image L tokens in 0..<K, as the tokenizer decodes them.
    ///
    /// - Parameters:
    ///   - text: the captions.
    ///   - unconditional: the empty caption, once or once to a caption.
    ///   - noise: where random numbers come from; per step [batch, L, K] uniform values and then, where noise takes part
    ///     in the masking, [batch, L].
    ///   - progress: called after every step; what it throws ends the drawing.
    /// - Throws: `GeneratorError.badSetting`, and what `progress` throws.
    public func generate(
        _ text: TextCondition, unconditional: TextCondition, sampling: MaskGenVQSampling = MaskGenVQSampling(),
        noise: inout some NoiseSource, progress: (SamplingStep<[[Int32]]>) throws -> Void = { _ in }
    ) throws -> [[Int32]] {
        try sampling.validate()
        let batch = text.count
        guard batch > 0 else { return [] }
        let condition = condition(
            text.followed(by: unconditional),
            aestheticScores: [Float](repeating: Float(configuration.aestheticScore), count: 2 * batch))
        let decoding = MaskedDecoding(
            batch: batch, length: configuration.length, codes: configuration.codebookSize, steps: sampling.steps,
            temperature: sampling.temperature, perturbsConfidence: sampling.perturbsConfidence)
        return try decoding.run(noise: &noise, progress: progress) { index, ids in
            let both = logits(states(ids + ids, condition))
            let logits = guided(
                both.sliced(axis: 0, 0..<batch), away: both.sliced(axis: 0, batch..<2 * batch),
                scale: sampling.scale(decoding.progress(index)))
            if sampling.annealing { return logits * (1 / annealingTemperature(decoding.progress(index))) }
            // Without noise nothing is left of a division but its sign: the most likely code stays the most likely. The
            // official code divides by 0 there.
            let scale = decoding.temperature(index)
            return scale > 0 ? logits * Float(1 / scale) : logits
        }
    }
}
