import Sampling
import Tensors

extension FlowTokModel {
    /// N and D.
    public var latentShape: [Int] {
        [configuration.imageTokenizer.latentTokens, configuration.imageTokenizer.tokenSize]
    }

    /// Where the flow starts for captions given as ids, N to a caption: x0 = mean + exp(logvar / 2) ∘ noise
    /// [batch, N, D], and the hidden states that guide the decoder [batch, N, width].
    public func textTokens(_ ids: [Int32], noise: Tensor) -> (tokens: Tensor, hidden: Tensor) {
        let hidden = textEncoder(ids)
        return (textVariationalEncoder(hidden).sample(noise: noise), hidden)
    }

    /// Text tokens along the text-to-image flow: normalised image latents [batch, K, D].
    public func imageTokens(
        from tokens: Tensor, integrator: FlowIntegrator, guidance: Guidance,
        progress: (SamplingStep<Tensor>) throws -> Void = { _ in }
    ) throws -> Tensor {
        velocity.prepare(guidance.evaluations(at: integrator.evaluationTimes()))
        return try integrator.integrate(
            tokens, velocity: { x, t in velocity.guided(x, time: t, by: guidance) }, progress: progress)
    }

    /// Pixels [batch, 3, side, side], not clamped, of normalised image latents guided by hidden states.
    public func pixels(_ imageTokens: Tensor, guidedBy hidden: Tensor) -> Tensor {
        imageTokenizer.decode(denormalized(imageTokens), guidedBy: hidden)
    }

    /// Normalised image latents along the flow to text: text tokens [batch, N, D].
    public func textTokens(
        from imageTokens: Tensor, integrator: FlowIntegrator, direction: CaptioningDefaults.Direction,
        progress: (SamplingStep<Tensor>) throws -> Void = { _ in }
    ) throws -> Tensor {
        let batch = imageTokens.shape[0]
        let indicator: Indicator = direction == .indicator ? .imageToText : .conditional
        velocity.prepare(
            integrator.evaluationTimes(backward: direction == .backward).map { (time: $0, indicator: indicator) })
        return try integrator.integrate(
            imageTokens, backward: direction == .backward,
            velocity: { x, t in
                velocity(
                    x, times: Array(repeating: t, count: batch),
                    indicators: Array(repeating: indicator.rawValue, count: batch))
            }, progress: progress)
    }

    /// Logits over the vocabulary [batch, N, pieces] of text tokens [batch, N, D].
    ///
    /// - Throws: `FlowTokError.cannotCaption` where the model has no text decoder.
    public func captionLogits(_ textTokens: Tensor) throws -> Tensor {
        guard let textDecoder else { throw FlowTokError.cannotCaption(model: configuration.name) }
        return textDecoder(textTokens)
    }
}
