import Tensors

/// Muon (Jordan et al., 2024): a matrix moves along its momentum with all singular values made about equal, so that directions which
/// few samples ask for, such as those that tell one rare name from another, move as fast as those that all ask for. Scaled as Liu et
/// al. (2025) do, by which steps are about as long as AdamW's at the same learning rate.
package enum Muon {
    package static let momentum: Float = 0.95
    /// The root mean square of AdamW's steps that Muon's are matched to.
    package static let size: Float = 0.2

    /// Whether it is for parameters of a shape: matrices inside a network, not tables, which are far higher than wide, nor vectors.
    package static func serves(_ shape: [Int]) -> Bool {
        guard shape.count == 2, let least = shape.min(), let most = shape.max() else { return false }
        return least >= 32 && most <= 8 * least
    }

    /// One update of a matrix of the gradient's shape, of which `momentum` holds the running sum of gradients.
    package static func update(
        _ values: UnsafeMutablePointer<Float>, momentum sum: UnsafeMutablePointer<Float>, gradient: Tensor, scale: Float, rate: Float,
        decay: Float
    ) {
        let (count, shape) = (gradient.count, gradient.shape)
        let ahead = Tensor(uninitialized: shape) { out in
            gradient.withUnsafeBufferPointer { gradient in
                for i in 0..<count {
                    let slope = gradient[i] * scale
                    sum[i] = momentum * sum[i] + slope
                    out[i] = slope + momentum * sum[i]
                }
            }
        }
        let step = rate * size * Float(max(shape[0], shape[1])).squareRoot()
        // Half precision serves, as the iteration itself does not end at exactly 1.
        Precision.$current.withValue(.bfloat16) { orthogonalized(ahead) }.withUnsafeBufferPointer { direction in
            for i in 0..<count { values[i] -= rate * decay * values[i] + step * direction[i] }
        }
    }

    /// A matrix with the same singular vectors whose singular values are about 1: five steps of a quintic Newton-Schulz iteration
    /// whose coefficients rise steeply at 0, and so do not end at exactly 1.
    package static func orthogonalized(_ matrix: Tensor) -> Tensor {
        let norm = matrix.norm
        guard norm > 0 else { return matrix }
        var x = matrix * Float(1 / norm)
        let isHigh = x.shape[0] > x.shape[1]
        for _ in 0..<5 {
            // Of the smaller side, whichever that is.
            let square = x.matrixProduct(x, transposed: isHigh, otherTransposed: !isHigh)
            let factor = square * -4.7750 + square.matrixProduct(square) * 2.0315
            x = x * 3.4445 + (isHigh ? x.matrixProduct(factor) : factor.matrixProduct(x))
        }
        return x
    }
}
