import Foundation
import Tensors

/// The loop of MaskGIT (2202.04200, section 3.2) with Gumbel noise: all tokens start masked; every step draws a code for
/// each masked token and masks the least certain of them again, ever fewer.
package struct MaskedDecoding {
    package let batch: Int
    /// L, tokens of an image.
    package let length: Int
    /// V, codes; also the id of the mask.
    package let codes: Int
    package let steps: Int
    /// The scale of the Gumbel noise at the start; it falls to 0 at the last step.
    package let temperature: Double
    /// Whether noise also takes part in the choice of the tokens to mask again.
    package let perturbsConfidence: Bool

    package init(batch: Int, length: Int, codes: Int, steps: Int, temperature: Double, perturbsConfidence: Bool) {
        self.batch = batch
        self.length = length
        self.codes = codes
        self.steps = steps
        self.temperature = temperature
        self.perturbsConfidence = perturbsConfidence
    }

    /// The part of the steps that are done after step `index`.
    package func progress(_ index: Int) -> Double { Double(index + 1) / Double(steps) }

    /// The noise scale of step `index`.
    package func temperature(_ index: Int) -> Double { temperature * (1 - progress(index)) }

    /// Runs the loop; `logits` gives those of a step from its index and the tokens, [batch, L, V], guided already.
    /// Noise is drawn as the official code draws it: per step [batch, L, V] for the codes, then [batch, L] for the
    /// confidences, at the last step too.
    package func run(
        noise: inout some NoiseSource, progress report: (SamplingStep<[[Int32]]>) throws -> Void,
        logits: (Int, [Int32]) throws -> Tensor
    ) throws -> [[Int32]] {
        let mask = Int32(codes)
        var ids = [Int32](repeating: mask, count: batch * length)
        for index in 0..<steps {
            let scale = Float(temperature(index))
            let scores = try logits(index, ids)
            precondition(
                scores.shape == [batch, length, codes], "logits of shape \(scores.shape), not \([batch, length, codes])")
            var (drawn, confidence) = draw(scores, noise.uniform([batch, length, codes]), ids: ids, scale: scale)
            if perturbsConfidence {
                noise.uniform([batch, length]).withUnsafeBufferPointer { uniform in
                    for i in uniform.indices { confidence[i] += scale * gumbel(uniform[i]) }
                }
            }
            if index + 1 < steps {
                // The official code takes the number from the first image for all.
                let masked = ids[..<length].count { $0 == mask }
                let count = max(1, min(masked - 1, scheduled(index)))
                for image in 0..<batch {
                    let row = image * length..<(image + 1) * length
                    let cut = confidence[row].sorted()[count - 1]
                    for i in row where confidence[i] <= cut { drawn[i] = mask }
                }
            }
            ids = drawn
            try report(SamplingStep(step: index + 1, steps: steps, tokens: rows(ids)))
        }
        return rows(ids)
    }

    /// The tokens that stay masked after a step by the arc-cosine schedule.
    private func scheduled(_ index: Int) -> Int {
        // In this order, because a ratio of one half makes an integer of many lengths.
        let ratio = acos(progress(index)) / (Double.pi * 0.5)
        return Int((Double(length) * ratio).rounded(.down))
    }

    /// A code for every masked token, the others kept, and the logits of those codes, infinite for tokens kept.
    private func draw(_ logits: Tensor, _ uniform: Tensor, ids: [Int32], scale: Float) -> ([Int32], [Float]) {
        var drawn = ids
        var confidence = [Float](repeating: .infinity, count: ids.count)
        let codes = codes
        drawn.withUnsafeMutableBufferPointer { drawn in
            confidence.withUnsafeMutableBufferPointer { confidence in
                logits.withUnsafeBufferPointer { logits in
                    uniform.withUnsafeBufferPointer { uniform in
                        parallelFor(drawn.count) { i in
                            guard drawn[i] == codes else { return }
                            var best = -Float.infinity
                            var choice = 0
                            for code in 0..<codes {
                                let at = i * codes + code
                                let score = scale == 0 ? logits[at] : logits[at] + scale * gumbel(uniform[at])
                                if score > best { (best, choice) = (score, code) }
                            }
                            drawn[i] = Int32(choice)
                            confidence[i] = logits[i * codes + choice]
                        }
                    }
                }
            }
        }
        return (drawn, confidence)
    }

    private func rows(_ ids: [Int32]) -> [[Int32]] {
        (0..<batch).map { Array(ids[$0 * length..<($0 + 1) * length]) }
    }
}

/// Gumbel noise from a uniform value.
@inline(__always)
private func gumbel(_ uniform: Float) -> Float { -log(max(-log(max(uniform, 1e-20)), 1e-20)) }

/// ℓc + scale·(ℓc - ℓu).
package func guided(_ conditional: Tensor, away unconditional: Tensor, scale: Double) -> Tensor {
    conditional + (conditional - unconditional) * Float(scale)
}

/// The temperature of the softmax that annealing gives a step of progress r in 0...1: logits are divided by it.
package func annealingTemperature(_ progress: Double) -> Float { Float(0.5 + 0.8 * (1 - progress)) }
