extension Tensor {
    /// Means of 2×2 blocks of planar images [batch, channels, height, width], both extents even.
    public func averagePooled2x2() -> Tensor {
        precondition(rank == 4 && shape[2] % 2 == 0 && shape[3] % 2 == 0, "2×2 pooling of shape \(shape)")
        return poolingUnrecorded(scale: 0.25).recorded(from: self) { { dy in [dy.doublingUnrecorded(scale: 0.25)] } }
    }

    /// Every pixel of planar images [batch, channels, height, width] as a 2×2 block.
    public func doubled2x2() -> Tensor {
        precondition(rank == 4, "2×2 enlargement of shape \(shape)")
        return doublingUnrecorded(scale: 1).recorded(from: self) { { dy in [dy.poolingUnrecorded(scale: 1)] } }
    }

    private func poolingUnrecorded(scale: Float) -> Tensor {
        let (height, width) = (shape[2] / 2, shape[3] / 2)
        return Tensor(uninitialized: [shape[0], shape[1], height, width]) { buffer in
            guard let out = buffer.baseAddress else { return }
            inRows(shape[0] * shape[1] * height, width: width) { start, rows in
                for row in start..<start + rows {
                    let upper = base + row * 4 * width
                    let lower = upper + 2 * width
                    let to = out + row * width
                    for x in 0..<width {
                        to[x] = scale * ((upper[2 * x] + upper[2 * x + 1]) + (lower[2 * x] + lower[2 * x + 1]))
                    }
                }
            }
        }
    }

    private func doublingUnrecorded(scale: Float) -> Tensor {
        let (height, width) = (shape[2], shape[3])
        return Tensor(uninitialized: [shape[0], shape[1], 2 * height, 2 * width]) { buffer in
            guard let out = buffer.baseAddress else { return }
            inRows(shape[0] * shape[1] * height, width: width) { start, rows in
                for row in start..<start + rows {
                    let from = base + row * width
                    let upper = out + row * 4 * width
                    for x in 0..<width {
                        let value = scale * from[x]
                        upper[2 * x] = value
                        upper[2 * x + 1] = value
                    }
                    (upper + 2 * width).update(from: upper, count: 2 * width)
                }
            }
        }
    }
}
