import Foundation
import Tensors

/// The way of a rectified flow from noise (t = 1) to data (t = 0), and Euler's method along it: x_t = t·noise + (1 - t)·data,
/// whose velocity is noise - data.
public enum RectifiedFlow {
    /// The times at which N steps evaluate the velocity: 1, …, 2/N, 1/N.
    public static func times(steps: Int) -> [Float] {
        precondition(steps > 0, "\(steps) steps")
        return (1...steps).reversed().map { Float(Double($0) / Double(steps)) }
    }

    /// The data at the end of N steps of the length 1/N from noise.
    ///
    /// - Parameters:
    ///   - velocity: the velocity at a point and a time.
    ///   - progress: called after every step with the number of steps done; throws to cancel.
    /// - Throws: `SolverError.notFinite`, and what the two functions throw.
    public static func integrate(
        _ noise: Tensor, steps: Int, velocity: (Tensor, Float) throws -> Tensor, progress: (Int) throws -> Void = { _ in }
    ) throws -> Tensor {
        var x = noise
        for (step, time) in times(steps: steps).enumerated() {
            let v = try velocity(x, time)
            guard v.norm.isFinite else { throw SolverError.notFinite(time: time) }
            x = x + v * Float(-1 / Double(steps))
            try progress(step + 1)
        }
        return x
    }

    /// Points between data and noise [batch, …], a time to each sample.
    public static func point(data: Tensor, noise: Tensor, times: [Float]) -> Tensor {
        noise.scaledPerSample(times) + data.scaledPerSample(times.map { 1 - $0 })
    }

    /// A uniform number in 0...1 as a time of training: u warped towards the middle (Esser et al., 2024, mode sampling with
    /// heavy tails), 1 - u - s (cos²(πu/2) - 1 + u).
    public static func warped(_ u: Double, scale: Double) -> Double {
        let cosine = cos(Double.pi * u / 2)
        return 1 - u - scale * (cosine * cosine - 1 + u)
    }
}
