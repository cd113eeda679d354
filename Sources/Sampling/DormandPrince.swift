import Foundation
import Tensors

/// Dormand and Prince's pair 5(4) with the step control, the choice of the first step and the interpolation of
/// torchdiffeq, so that the same field gives the same numbers. State in float32, time and step in double.
struct DormandPrince {
    /// Integration runs from 0 to here; steps do not pass `end` + 1e-6.
    let end: Double
    let relativeTolerance: Float = 1e-5
    let absoluteTolerance: Float = 1e-5

    private static let nodes: [Double] = [1.0 / 5, 3.0 / 10, 4.0 / 5, 8.0 / 9, 1, 1]
    private static let weights: [[Double]] = [
        [1.0 / 5],
        [3.0 / 40, 9.0 / 40],
        [44.0 / 45, -56.0 / 15, 32.0 / 9],
        [19372.0 / 6561, -25360.0 / 2187, 64448.0 / 6561, -212.0 / 729],
        [9017.0 / 3168, -355.0 / 33, 46732.0 / 5247, 49.0 / 176, -5103.0 / 18656],
        [35.0 / 384, 0, 500.0 / 1113, 125.0 / 192, -2187.0 / 6784, 11.0 / 84],
    ]
    private static let errors: [Double] = [
        35.0 / 384 - 1951.0 / 21600, 0, 500.0 / 1113 - 22642.0 / 50085, 125.0 / 192 - 451.0 / 720,
        -2187.0 / 6784 - -12231.0 / 42400, 11.0 / 84 - 649.0 / 6300, -1.0 / 60,
    ]
    private static let middle: [Double] = [
        6025192743.0 / 30085553152 / 2, 0, 51252292925.0 / 65400821598 / 2, -2691868925.0 / 45128329728 / 2,
        187940372067.0 / 1594534317056 / 2, -1776094331.0 / 19743644256 / 2, 11237099.0 / 235043384 / 2,
    ]
    private static let evaluationLimit = 10_000

    /// base + Σ factor · slope
    private func combined(_ base: Tensor, _ slopes: [Tensor], _ factors: [Double]) -> Tensor {
        zip(slopes, factors).reduce(base) { sum, term in
            term.1 == 0 ? sum : sum + term.0 * Float(term.1)
        }
    }

    /// The root mean square of x over the tolerances at the larger of two states.
    private func tolerated(_ x: Tensor, _ a: Tensor, _ b: Tensor) -> Double {
        var total = 0.0
        x.withUnsafeBufferPointer { x in
            a.withUnsafeBufferPointer { a in
                b.withUnsafeBufferPointer { b in
                    for i in x.indices {
                        let ratio = x[i] / (absoluteTolerance + relativeTolerance * max(abs(a[i]), abs(b[i])))
                        total += Double(ratio) * Double(ratio)
                    }
                }
            }
        }
        return (total / Double(max(1, x.count))).squareRoot()
    }

    /// Hairer, Nørsett and Wanner's first step (Solving ODEs I, II.4).
    private func firstStep(_ y: Tensor, _ slope: Tensor, _ velocity: (Tensor, Float) throws -> Tensor) rethrows -> Double {
        let d0 = tolerated(y, y, y)
        let d1 = tolerated(slope, y, y)
        let h0 = d0 < 1e-5 || d1 < 1e-5 ? 1e-6 : 0.01 * d0 / d1
        let next = try velocity(y + slope * Float(h0), Float(h0))
        let d2 = tolerated(next - slope, y, y) / h0
        let h1 = d1 <= 1e-15 && d2 <= 1e-15 ? max(1e-6, h0 * 1e-3) : pow(0.01 / max(d1, d2), 1.0 / 5)
        return min(100 * h0, h1)
    }

    func integrate(
        _ start: Tensor, velocity: (Tensor, Float) throws -> Tensor, progress: (SamplingStep<Tensor>) throws -> Void
    ) throws -> Tensor {
        var evaluations = 2
        var t = 0.0
        var y = start
        var slope = try velocity(y, 0)
        var step = try firstStep(y, slope, velocity)
        let last = end + 1e-6
        var accepted = 0
        while true {
            if t < last && t + step > last { step = last - t }
            guard step > 1e-12, evaluations < DormandPrince.evaluationLimit else {
                throw SolverError.noConvergence(time: t, evaluations: evaluations)
            }
            var slopes = [slope]
            var next = y
            for (node, weights) in zip(DormandPrince.nodes, DormandPrince.weights) {
                next = combined(y, slopes, weights.map { $0 * step })
                slopes.append(try velocity(next, Float(t + node * step)))
            }
            evaluations += 6
            let error = combined(.zeros(y.shape), slopes, DormandPrince.errors.map { $0 * step })
            let ratio = tolerated(error, y, next)
            if ratio <= 1 {
                accepted += 1
                let done = t + step >= end
                let total = done ? accepted : max(accepted + 1, Int(Double(accepted) / ((t + step) / end)))
                if done {
                    let result = interpolated(from: y, to: next, slopes: slopes, step: step, at: (end - t) / step)
                    try progress(SamplingStep(step: accepted, steps: total, tokens: result))
                    return result
                }
                t += step
                y = next
                slope = slopes[6]
                try progress(SamplingStep(step: accepted, steps: total, tokens: y))
            }
            let growth = ratio == 0 ? 10 : min(10, max(0.9 / pow(ratio, 1.0 / 5), ratio < 1 ? 1 : 0.2))
            step *= growth
        }
    }

    /// The quartic through both ends, their slopes and the middle, at a share of the step.
    private func interpolated(from y0: Tensor, to y1: Tensor, slopes: [Tensor], step: Double, at x: Double) -> Tensor {
        let mid = combined(y0, slopes, DormandPrince.middle.map { $0 * step })
        let (f0, f1) = (slopes[0], slopes[6])
        let h = step
        let terms: [(Tensor, Double)] = [
            (f0, h * (x - 4 * x * x + 5 * x * x * x - 2 * x * x * x * x)),
            (f1, h * (x * x - 3 * x * x * x + 2 * x * x * x * x)),
            (y1, -5 * x * x + 14 * x * x * x - 8 * x * x * x * x),
            (mid, 16 * x * x - 32 * x * x * x + 16 * x * x * x * x),
        ]
        return combined(
            y0 * Float(1 - 11 * x * x + 18 * x * x * x - 8 * x * x * x * x), terms.map(\.0), terms.map(\.1))
    }
}
