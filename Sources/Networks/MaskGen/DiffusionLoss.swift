import Foundation
import Tensors

/// The loss of a diffusion head, token by token.
public struct DiffusionLossTerms: Sendable {
    /// The mean squared error of the noise: [tokens].
    public let squaredError: [Float]
    /// The variational bound in bits per number, in which the believed noise counts as given: [tokens].
    public let variationalBound: [Float]

    /// The sum of both, which training minimises.
    public var total: [Float] { zip(squaredError, variationalBound).map { $0 + $1 } }
}

extension DiffusionHead {
    /// Tokens x0 [tokens, C] with noise [tokens, C] as they are at `timesteps`, one to a token.
    static func noisy(_ tokens: Tensor, timesteps: [Int], noise: Tensor) -> Tensor {
        let signals = timesteps.map { Float(DiffusionSchedule.training.cumulativeAlphas[$0].squareRoot()) }
        let noises = timesteps.map { Float((1 - DiffusionSchedule.training.cumulativeAlphas[$0]).squareRoot()) }
        return tokens.scaledPerSample(signals) + noise.scaledPerSample(noises)
    }

    /// The loss terms of tokens x0 [tokens, C] under z [tokens, condition width], each at its own timestep in 0..<1000
    /// with its own noise (2102.09672, section 3.1). Values only: no gradient is recorded.
    public func lossTerms(_ tokens: Tensor, z: Tensor, timesteps: [Int], noise: Tensor) -> DiffusionLossTerms {
        let noisy = DiffusionHead.noisy(tokens, timesteps: timesteps, noise: noise).values
        let output = self(Tensor(noisy, shape: tokens.shape), timesteps: timesteps, z: z).values
        let (starts, noises) = (tokens.values, noise.values)
        let schedule = DiffusionSchedule.training
        var errors: [Float] = []
        var bounds: [Float] = []
        for (row, step) in timesteps.enumerated() {
            let (low, high) = schedule.logVarianceBounds(step)
            var error = 0.0
            var bound = 0.0
            for channel in 0..<channels {
                let at = row * channels + channel
                let estimate = output[2 * row * channels + channel]
                let fraction = Double((output[(2 * row + 1) * channels + channel] + 1) / 2)
                let logVariance = fraction * Double(high) + (1 - fraction) * Double(low)
                let state = Double(noisy[at])
                let believed = schedule.inverseSignals[step] * state - schedule.inverseNoises[step] * Double(estimate)
                let mean =
                    schedule.posteriorStartFactors[step] * believed + schedule.posteriorStateFactors[step] * state
                let start = Double(starts[at])
                error += pow(Double(noises[at] - estimate), 2)
                if step == 0 {
                    bound -= DiffusionHead.logLikelihood(start, mean: mean, logStd: logVariance / 2)
                } else {
                    let truth =
                        schedule.posteriorStartFactors[step] * start + schedule.posteriorStateFactors[step] * state
                    let gap = schedule.posteriorLogVariances[step] - logVariance
                    bound += 0.5 * (exp(gap) - 1 - gap + pow(truth - mean, 2) * exp(-logVariance))
                }
            }
            errors.append(Float(error / Double(channels)))
            bounds.append(Float(bound / Double(channels) / log(2)))
        }
        return DiffusionLossTerms(squaredError: errors, variationalBound: bounds)
    }

    /// The logarithm of the probability of the interval of 2/255 around a value under a normal distribution, open at the
    /// ends of -1...1, with the tanh approximation of its cumulative function.
    private static func logLikelihood(_ value: Double, mean: Double, logStd: Double) -> Double {
        func cumulative(_ x: Double) -> Double {
            0.5 * (1 + tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
        }
        let scale = exp(-logStd)
        let upper = cumulative(scale * (value - mean + 1 / 255))
        let lower = cumulative(scale * (value - mean - 1 / 255))
        let probability = value < -0.999 ? upper : value > 0.999 ? 1 - lower : upper - lower
        return log(max(probability, 1e-12))
    }
}
