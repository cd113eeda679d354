import Files
import Layers
import Sampling
import Tensors

/// Images of a class or a caption as tokens of a 1D tokenizer: TiTok's MaskGIT generator (2406.07550, section 4.1).
public struct MaskGITGenerator: Sendable {
    public let configuration: MaskGITConfiguration
    public let network: any MaskGITNetwork

    /// Builds the network that the configuration names. The configuration must be valid.
    public init(_ configuration: MaskGITConfiguration, weights: Weights) {
        configuration.requireValid()
        self.configuration = configuration
        network =
            switch configuration.architecture {
            case .vit: ImageBert(configuration, weights: weights)
            case .uvit: UViTBert(configuration, weights: weights)
            }
    }

    /// One image of every class in `classes`, drawn in lockstep: per image L tokens in 0..<V, as the tokenizer decodes
    /// them.
    ///
    /// - Parameters:
    ///   - classes: class numbers, see `ImageNetClasses`.
    ///   - noise: where random numbers come from; per step [batch, L, V] uniform values and then [batch, L].
    ///   - progress: called after every step; what it throws ends the drawing.
    /// - Throws: `GeneratorError.noSuchClass`, `badSetting`, and what `progress` throws.
    public func generate(
        classes: [Int], sampling: MaskGITSampling = MaskGITSampling(), noise: inout some NoiseSource,
        progress: (SamplingStep<[[Int32]]>) throws -> Void = { _ in }
    ) throws -> [[Int32]] {
        let (labels, captions) = try GeneratorCondition.classes(classes).labels(for: configuration.subjects)
        return try generate(labels: labels, captions: captions, sampling: sampling, noise: &noise, progress: progress)
    }

    /// The same of classes, or of captions by their places in `captions`.
    func generate(
        labels: [Int], captions: TextCondition?, sampling: MaskGITSampling, noise: inout some NoiseSource,
        progress: (SamplingStep<[[Int32]]>) throws -> Void
    ) throws -> [[Int32]] {
        try sampling.validate()
        guard !labels.isEmpty else { return [] }
        let decoding = MaskedDecoding(
            batch: labels.count, length: configuration.length, codes: configuration.codebookSize,
            steps: sampling.steps, temperature: sampling.temperature, perturbsConfidence: true)
        return try decoding.run(noise: &noise, progress: progress) { index, ids in
            let logits = guidedLogits(ids, labels: labels, captions: captions, scale: sampling.scale(index), decay: sampling.decay)
            return sampling.annealing ? logits * (1 / annealingTemperature(decoding.progress(index))) : logits
        }
    }

    /// Logits pushed away from the unconditional ones.
    private func guidedLogits(
        _ ids: [Int32], labels: [Int], captions: TextCondition?, scale: Double, decay: MaskGITSampling.Decay
    ) -> Tensor {
        guard scale != 0 else { return network.logits(ids, labels: labels, captions: captions) }
        let both = network.logits(ids + ids, labels: labels + [Int?](repeating: nil, count: labels.count), captions: captions)
        let conditional = both.sliced(axis: 0, 0..<labels.count)
        let unconditional = both.sliced(axis: 0, labels.count..<2 * labels.count)
        switch decay {
        case .constant, .linear: return guided(conditional, away: unconditional, scale: scale)
        case .powerCosine: return unconditional + (conditional - unconditional) * Float(scale)
        }
    }
}
