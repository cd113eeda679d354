extension Tensor {
    /// Convolution of every channel by itself: self [batch, channels, height, width], weight [channels, 1, kernel, kernel]
    /// with an odd kernel, bias [channels] → the same shape, with zeros around the image. Kernels are not mirrored.
    public func convolvedByChannel(_ weight: Tensor, bias: Tensor? = nil) -> Tensor {
        precondition(
            rank == 4 && weight.rank == 4 && weight.shape[0] == shape[1] && weight.shape[1] == 1
                && weight.shape[2] == weight.shape[3] && weight.shape[2] % 2 == 1
                && (bias.map { $0.shape == [shape[1]] } ?? true),
            "convolution by channel of shape \(weight.shape) with bias \(bias?.shape ?? []) applied to shape \(shape)")
        let plan = DepthwisePlan(channels: shape[1], height: shape[2], width: shape[3], kernel: weight.shape[2])
        let result = plan.convolved(self, weight, bias: bias, mirrored: false)
        let pullback: () -> (Tensor) -> [Tensor?] = {
            { dy in
                let dx = self.isRecorded ? plan.convolved(dy, weight, bias: nil, mirrored: true) : nil
                let dw = weight.isRecorded ? plan.weightGradient(dy, self) : nil
                guard let bias else { return [dx, dw] }
                return [dx, dw, bias.isRecorded ? plan.biasGradient(dy) : nil]
            }
        }
        return bias.map { result.recorded(from: self, weight, $0, pullback: pullback) }
            ?? result.recorded(from: self, weight, pullback: pullback)
    }
}

/// The loops of a convolution by channel.
private struct DepthwisePlan: Sendable {
    let channels, height, width, kernel: Int

    private var size: Int { height * width }
    private var taps: Int { kernel * kernel }

    /// Calls `body` for every tap with its number, and the rows and columns of the output that read the image through it.
    private func forTaps(_ body: (_ tap: Int, _ down: Int, _ right: Int, _ rows: Range<Int>, _ columns: Range<Int>) -> Void) {
        let half = kernel / 2
        for tap in 0..<taps {
            let (down, right) = (tap / kernel - half, tap % kernel - half)
            let rows = max(0, -down)..<max(0, -down, height - max(0, down))
            let columns = max(0, -right)..<max(0, -right, width - max(0, right))
            body(tap, down, right, rows, columns)
        }
    }

    /// - Parameter mirrored: whether the kernels are turned by half, as the gradient of the image needs.
    func convolved(_ x: Tensor, _ weight: Tensor, bias: Tensor?, mirrored: Bool) -> Tensor {
        Tensor(uninitialized: x.shape) { buffer in
            guard let out = buffer.baseAddress else { return }
            let result = SendableBase(out)
            parallelFor(x.shape[0] * channels) { plane in
                let (target, source) = (result.base + plane * size, x.base + plane * size)
                let kernels = weight.base + plane % channels * taps
                target.update(repeating: bias.map { $0.base[plane % channels] } ?? 0, count: size)
                forTaps { tap, down, right, rows, columns in
                    let factor = kernels[mirrored ? taps - 1 - tap : tap]
                    for row in rows {
                        let (to, from) = (target + row * width, source + (row + down) * width + right)
                        for column in columns { to[column] += factor * from[column] }
                    }
                }
            }
        }
    }

    func weightGradient(_ dy: Tensor, _ x: Tensor) -> Tensor {
        Tensor(uninitialized: [channels, 1, kernel, kernel]) { buffer in
            guard let out = buffer.baseAddress else { return }
            out.update(repeating: 0, count: buffer.count)
            let result = SendableBase(out)
            parallelFor(channels) { channel in
                for plane in stride(from: channel, to: x.shape[0] * channels, by: channels) {
                    let (slope, source) = (dy.base + plane * size, x.base + plane * size)
                    forTaps { tap, down, right, rows, columns in
                        var sum: Float = 0
                        for row in rows {
                            let (a, b) = (slope + row * width, source + (row + down) * width + right)
                            for column in columns { sum += a[column] * b[column] }
                        }
                        result.base[channel * taps + tap] += sum
                    }
                }
            }
        }
    }

    func biasGradient(_ dy: Tensor) -> Tensor {
        Tensor(uninitialized: [channels]) { buffer in
            buffer.update(repeating: 0)
            for plane in 0..<dy.shape[0] * channels {
                for i in 0..<size { buffer[plane % channels] += dy.base[plane * size + i] }
            }
        }
    }
}

/// Memory of which every thread writes a part of its own.
private struct SendableBase: @unchecked Sendable {
    let base: UnsafeMutablePointer<Float>

    init(_ base: UnsafeMutablePointer<Float>) { self.base = base }
}
