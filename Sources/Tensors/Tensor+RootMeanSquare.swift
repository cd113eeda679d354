import CKernels

extension Tensor {
    /// x / √(mean(x²) + epsilon) ∘ gain over the last axis, gain [width].
    public func rootMeanSquareNormalized(gain: Tensor, epsilon: Float) -> Tensor {
        precondition(
            rank > 0 && gain.shape == [shape[rank - 1]], "normalisation of shape \(shape) with gain \(gain.shape)")
        let width = shape[rank - 1]
        let rows = width == 0 ? 0 : count / width
        let scales = Storage(count: rows)
        let result = Tensor(uninitialized: shape) { buffer in
            guard let out = buffer.baseAddress else { return }
            inRows(rows, width: width) { start, length in
                for row in start..<start + length {
                    let (from, to) = (base + row * width, out + row * width)
                    let scale = Float(1 / (kernels.sum_squares(from, width) / Double(width) + Double(epsilon)).squareRoot())
                    scales.base[row] = scale
                    kernels.affine(to, from, scale, 0, width)
                    kernels.multiply(to, to, gain.base, width)
                }
            }
        }
        return result.recorded(from: self, gain) {
            { dy in
                // dx = scale (gain ∘ dy - x · scale² / width · Σ x ∘ gain ∘ dy)
                let slopes = Storage(count: self.count)
                let dx = Tensor(uninitialized: self.shape) { buffer in
                    guard let out = buffer.baseAddress else { return }
                    inRows(rows, width: width) { start, length in
                        for row in start..<start + length {
                            let (x, slope, to) = (self.base + row * width, slopes.base + row * width, out + row * width)
                            let scale = scales.base[row]
                            kernels.multiply(to, dy.base + row * width, gain.base, width)
                            let along = Float(kernels.dot(to, x, width)) * scale * scale / Float(width)
                            kernels.accumulate(to, x, -along, width)
                            kernels.affine(to, to, scale, 0, width)
                            kernels.multiply(slope, dy.base + row * width, x, width)
                            kernels.affine(slope, slope, scale, 0, width)
                        }
                    }
                }
                return [dx, Tensor(storage: slopes, shape: [rows, width]).summedOverLeading(shape: [width])]
            }
        }
    }
}
