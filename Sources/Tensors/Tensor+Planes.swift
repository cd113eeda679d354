import CKernels

// A plane is what one channel of one image holds: planar images [batch, channels, height, width] have batch·channels.
extension Tensor {
    private func requirePlanes(_ operation: String) -> (planes: Int, pixels: Int) {
        precondition(rank == 4, "\(operation) of shape \(shape)")
        return (shape[0] * shape[1], shape[2] * shape[3])
    }

    /// The mean of every plane: [batch, channels].
    public func planeMeans() -> Tensor {
        let (planes, pixels) = requirePlanes("plane means")
        return reshaped([planes, pixels]).meanPerSample().reshaped([shape[0], shape[1]])
    }

    /// √(variance + epsilon) of every plane, with the unbiased variance (divisor pixels - 1): [batch, channels].
    public func planeDeviations(epsilon: Float) -> Tensor {
        let (planes, pixels) = requirePlanes("plane deviations")
        precondition(pixels > 1, "unbiased deviations of planes of shape \(shape)")
        let means = Storage(count: planes)
        let deviations = Tensor(uninitialized: [shape[0], shape[1]]) { buffer in
            guard let out = buffer.baseAddress else { return }
            parallelFor(planes) { plane in
                let from = base + plane * pixels
                let mean = kernels.sum(from, pixels) / Double(pixels)
                // The deviations are squared, not the values: large means would cancel.
                let squares = (0..<pixels).reduce(0.0) { $0 + (Double(from[$1]) - mean) * (Double(from[$1]) - mean) }
                means.base[plane] = Float(mean)
                out[plane] = Float((squares / Double(pixels - 1) + Double(epsilon)).squareRoot())
            }
        }
        return deviations.recorded(from: self) {
            { dy in
                [
                    Tensor(uninitialized: self.shape) { buffer in
                        guard let out = buffer.baseAddress else { return }
                        parallelFor(planes) { plane in
                            let slope = dy.base[plane] / (deviations.base[plane] * Float(pixels - 1))
                            kernels.affine(
                                out + plane * pixels, self.base + plane * pixels, slope, -slope * means.base[plane],
                                pixels)
                        }
                    }
                ]
            }
        }
    }

    /// factor · x + offset with one factor and one offset [batch, channels] to a plane.
    public func scaledPlanes(by factors: Tensor, plus offsets: Tensor) -> Tensor {
        let (planes, pixels) = requirePlanes("scaling of planes")
        precondition(
            factors.shape == [shape[0], shape[1]] && offsets.shape == factors.shape,
            "factors \(factors.shape) and offsets \(offsets.shape) for the planes of shape \(shape)")
        let scaled = Tensor(uninitialized: shape) { buffer in
            guard let out = buffer.baseAddress else { return }
            parallelFor(planes) { plane in
                kernels.affine(
                    out + plane * pixels, base + plane * pixels, factors.base[plane], offsets.base[plane], pixels)
            }
        }
        return scaled.recorded(from: self, factors, offsets) {
            { dy in
                let dfactors = Storage(count: planes)
                let doffsets = Storage(count: planes)
                let dx = Tensor(uninitialized: self.shape) { buffer in
                    guard let out = buffer.baseAddress else { return }
                    parallelFor(planes) { plane in
                        let (from, slope) = (self.base + plane * pixels, dy.base + plane * pixels)
                        kernels.affine(out + plane * pixels, slope, factors.base[plane], 0, pixels)
                        dfactors.base[plane] = Float(kernels.dot(from, slope, pixels))
                        doffsets.base[plane] = Float(kernels.sum(slope, pixels))
                    }
                }
                return [dx, Tensor(storage: dfactors, shape: factors.shape), Tensor(storage: doffsets, shape: factors.shape)]
            }
        }
    }

    /// Four channels of a pixel as the pixels of a 2×2 block, in the order of TensorFlow's `depth_to_space`: [batch,
    /// 4·channels, height, width] → [batch, channels, 2·height, 2·width], channel c of pixel (2y + i, 2x + j) from channel
    /// (2i + j)·channels + c.
    public func depthToSpace2x2() -> Tensor {
        precondition(rank == 4 && shape[1] % 4 == 0, "blocks of 2×2 pixels of shape \(shape)")
        let (batch, channels, height, width) = (shape[0], shape[1] / 4, shape[2], shape[3])
        return reshaped([batch, 2, 2, channels, height, width]).permuted(0, 3, 4, 1, 5, 2)
            .reshaped([batch, channels, 2 * height, 2 * width])
    }
}
