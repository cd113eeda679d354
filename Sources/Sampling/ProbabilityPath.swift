import Tensors

/// The straight path from source to target that flow matching regresses on (FlowTok, equation 1; reference section 8):
/// x_t = (1 - (1 - σ) t) x0 + t x1, σ = 1e-5, with the constant velocity x1 - (1 - σ) x0.
public enum ProbabilityPath {
    public static let sigma: Float = 1e-5

    /// Points [batch, …] at one time per sample.
    public static func point(from source: Tensor, to target: Tensor, at times: [Float]) -> Tensor {
        let start = times.map { 1 - (1 - sigma) * $0 }
        return source.scaledPerSample(start) + target.scaledPerSample(times)
    }

    /// The velocity that a network should predict.
    public static func velocity(from source: Tensor, to target: Tensor) -> Tensor {
        target - source * (1 - sigma)
    }

    /// Where points [batch, …] would arrive at time 1 with the velocities that they have: x_t + (1 - t) v, the target
    /// itself (but for σ) where the velocity is the true one.
    public static func destination(of points: Tensor, velocity: Tensor, at times: [Float]) -> Tensor {
        points + velocity.scaledPerSample(times.map { 1 - $0 })
    }
}
