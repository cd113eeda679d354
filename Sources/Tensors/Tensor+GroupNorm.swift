import CKernels

extension Tensor {
    /// Group normalisation of planar images [batch, channels, height, width]: (x - mean) / √(variance + epsilon) over the
    /// channels of a group and all pixels, biased variance, then gain and bias [channels] (Wu and He, 2018).
    public func groupNormalized(groups: Int, gain: Tensor, bias: Tensor, epsilon: Float) -> Tensor {
        precondition(
            rank == 4 && groups > 0 && shape[1] % groups == 0 && gain.shape == [shape[1]] && bias.shape == gain.shape,
            "\(groups) groups with gain \(gain.shape) and bias \(bias.shape) over shape \(shape)")
        let (channels, pixels) = (shape[1], shape[2] * shape[3])
        let perGroup = channels / groups
        let size = perGroup * pixels
        let count = size == 0 ? 0 : shape[0] * groups
        let scales = Storage(count: count)
        // Normalised without gain and bias, which the gradients need; the result itself where nothing is recorded.
        let keeps = isRecorded || gain.isRecorded || bias.isRecorded
        let unit = keeps ? Storage(count: self.count) : nil
        let result = Tensor(uninitialized: shape) { buffer in
            guard let out = buffer.baseAddress else { return }
            parallelFor(count) { index in
                let first = index % groups * perGroup
                let to = (unit?.base ?? out) + index * size
                let mean = kernels.sum(base + index * size, size) / Double(size)
                // The deviations are squared, not the values: large means would cancel.
                kernels.affine(to, base + index * size, 1, -Float(mean), size)
                let variance = kernels.sum_squares(to, size) / Double(size)
                let scale = Float(1 / (variance + Double(epsilon)).squareRoot())
                scales.base[index] = scale
                kernels.affine(to, to, scale, 0, size)
                for c in 0..<perGroup {
                    kernels.affine(
                        out + index * size + c * pixels, to + c * pixels, gain.base[first + c], bias.base[first + c],
                        pixels)
                }
            }
        }
        guard let unit else { return result }
        let (batch, shape) = (shape[0], shape)
        return result.recorded(from: self, gain, bias) {
            { dy in
                // Σ dy and Σ dy ∘ unit of every plane.
                let sums = Storage(count: batch * channels)
                let products = Storage(count: batch * channels)
                parallelFor(size == 0 ? 0 : batch * channels) { plane in
                    sums.base[plane] = Float(kernels.sum(dy.base + plane * pixels, pixels))
                    products.base[plane] = Float(kernels.dot(dy.base + plane * pixels, unit.base + plane * pixels, pixels))
                }
                let dx = Tensor(uninitialized: shape) { buffer in
                    guard let out = buffer.baseAddress else { return }
                    parallelFor(count) { index in
                        let (first, plane) = (index % groups * perGroup, index * perGroup)
                        var (mean, along): (Float, Float) = (0, 0)
                        for c in 0..<perGroup {
                            mean += gain.base[first + c] * sums.base[plane + c]
                            along += gain.base[first + c] * products.base[plane + c]
                        }
                        let scale = scales.base[index]
                        for c in 0..<perGroup {
                            let start = (plane + c) * pixels
                            kernels.affine(
                                out + start, dy.base + start, gain.base[first + c] * scale,
                                -mean / Float(size) * scale, pixels)
                            kernels.accumulate(out + start, unit.base + start, -along / Float(size) * scale, pixels)
                        }
                    }
                }
                func gathered(_ planes: Storage) -> Tensor {
                    Tensor(storage: planes, shape: [batch, channels]).summedOverLeading(shape: [channels])
                }
                return [dx, gathered(products), gathered(sums)]
            }
        }
    }
}
