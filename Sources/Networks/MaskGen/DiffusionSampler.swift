import Foundation
import Tensors

/// Draws tokens by ancestral sampling with a diffusion head (2006.11239, algorithm 2, with the learned variance of
/// 2102.09672).
struct DiffusionSampler: Sendable {
    let head: DiffusionHead
    let schedule: DiffusionSchedule

    /// Tokens [n, C] under z. Without guidance z has n rows; with it 2n, the conditional ones first.
    ///
    /// Noise is drawn as the official code draws it: [n, C] to start, then one value for every number of every row of z
    /// per step, the last included, although the unconditional half's has no effect.
    func sample(_ z: Tensor, guidance: Float?, temperature: Float, noise: inout some NoiseSource) -> Tensor {
        let rows = z.shape[0]
        let count = guidance == nil ? rows : rows / 2
        let channels = head.channels
        let condition = head.condition(z)
        var x = noise.normal([count, channels])
        for index in schedule.timesteps.indices.reversed() {
            let y = condition.addingRepeated(head.time([schedule.timesteps[index]]).reshaped([condition.shape[1]]))
            let doubled = guidance == nil ? x : .concatenated([x, x], axis: 0)
            let output = head(doubled, condition: y)
            var estimate = output.sliced(axis: 1, 0..<channels)
            if let guidance {
                let unconditional = estimate.sliced(axis: 0, count..<rows)
                estimate = unconditional + (estimate.sliced(axis: 0, 0..<count) - unconditional) * guidance
            }
            let drawn = noise.normal([rows, channels])
            x = schedule.mean(x, noise: estimate, index: index)
            guard index > 0 else { continue }
            let logVariance = schedule.logVariance(
                output.sliced(axis: 0, 0..<count).sliced(axis: 1, channels..<2 * channels), index: index)
            x = x + (logVariance * 0.5).applying(.exp) * drawn.sliced(axis: 0, 0..<count) * temperature
        }
        return x
    }
}

extension DiffusionSchedule {
    /// The mean of the step before `index`, of tokens x_t and the noise believed in them.
    func mean(_ x: Tensor, noise: Tensor, index: Int) -> Tensor {
        let start = x * Float(inverseSignals[index]) - noise * Float(inverseNoises[index])
        return start * Float(posteriorStartFactors[index]) + x * Float(posteriorStateFactors[index])
    }

    /// The logarithm of the variance, from where the network puts it between its bounds.
    func logVariance(_ place: Tensor, index: Int) -> Tensor {
        let (low, high) = logVarianceBounds(index)
        let fraction = (place + 1) * 0.5
        return fraction * high + (fraction * -1 + 1) * low
    }
}
