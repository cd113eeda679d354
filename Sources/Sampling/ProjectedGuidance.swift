import Tensors

/// Adaptive projected guidance (Sadat et al., 2024): of the difference between the conditional and the unconditional
/// velocity, with momentum and limited to a length, only what is orthogonal to the conditional velocity is amplified, so
/// that high scales do not oversaturate. One state to every sample of a batch; for one trajectory.
public struct ProjectedGuidance: Sendable {
    /// g; 1 follows the conditional velocity.
    public let scale: Double
    /// What of the last difference is added to the next.
    public let momentum: Float
    /// The length that a difference may have.
    public let threshold: Double
    /// How much of the parallel part stays.
    public let parallelShare: Double
    private var last: Tensor?

    /// The published settings.
    public init(scale: Double, momentum: Float = -0.5, threshold: Double = 2.5, parallelShare: Double = 0) {
        self.scale = scale
        self.momentum = momentum
        self.threshold = threshold
        self.parallelShare = parallelShare
    }

    /// The guided velocity of the next step: both velocities [batch, …] → the same shape. Not recorded.
    public mutating func callAsFunction(conditional: Tensor, unconditional: Tensor) -> Tensor {
        precondition(
            conditional.shape == unconditional.shape && conditional.rank > 0 && last.map { $0.shape == conditional.shape } ?? true,
            "guidance between shapes \(conditional.shape) and \(unconditional.shape)")
        var difference = conditional.detached - unconditional.detached
        if let last { difference = difference + last * momentum }
        // The momentum is that of the difference before it is limited.
        last = difference
        let batch = conditional.shape[0]
        let size = batch == 0 ? 0 : conditional.count / batch
        return conditional.withUnsafeBufferPointer { velocities in
            difference.withUnsafeBufferPointer { differences in
                Tensor(uninitialized: conditional.shape) { guided in
                    for sample in 0..<batch {
                        let range = sample * size..<(sample + 1) * size
                        let (along, from) = (UnsafeBufferPointer(rebasing: velocities[range]), UnsafeBufferPointer(rebasing: differences[range]))
                        let length = dot(from, from).squareRoot()
                        let limit = length > threshold ? threshold / length : 1
                        let norm = max(dot(along, along).squareRoot(), 1e-12)
                        let parallel = limit * dot(from, along) / norm / norm
                        for i in 0..<size {
                            let part = parallel * Double(along[i])
                            let orthogonal = limit * Double(from[i]) - part
                            guided[range.lowerBound + i] = Float(Double(along[i]) + (scale - 1) * (orthogonal + parallelShare * part))
                        }
                    }
                }
            }
        }
    }
}

private func dot(_ a: UnsafeBufferPointer<Float>, _ b: UnsafeBufferPointer<Float>) -> Double {
    var sum = 0.0
    for i in a.indices { sum += Double(a[i]) * Double(b[i]) }
    return sum
}
