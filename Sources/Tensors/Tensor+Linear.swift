import CKernels

extension Tensor {
    /// x Wᵀ + b over the last axis: x [..., in], weight [out, in], bias [out] → [..., out].
    public func linear(_ weight: Tensor, bias: Tensor? = nil) -> Tensor {
        precondition(
            rank > 0 && weight.rank == 2 && shape[rank - 1] == weight.shape[1],
            "linear map of shape \(weight.shape) applied to shape \(shape)")
        let (outputs, inputs) = (weight.shape[0], weight.shape[1])
        precondition(bias.map { $0.shape == [outputs] } ?? true, "bias of shape \(bias?.shape ?? []) for \(outputs) outputs")
        let rows = shape.dropLast().reduce(1, *)
        let result = Tensor(uninitialized: shape.dropLast() + [outputs]) { buffer in
            guard let out = buffer.baseAddress, rows > 0 else { return }
            product(
                false, true, rows, outputs, inputs, base, inputs, weight.base, inputs, out, outputs, bias: bias?.base)
        }
        let pullback: () -> (Tensor) -> [Tensor?] = {
            { dy in
                let dx: Tensor? =
                    self.isRecorded
                    ? Tensor(uninitialized: self.shape) { buffer in
                        guard let out = buffer.baseAddress else { return }
                        product(false, false, rows, inputs, outputs, dy.base, outputs, weight.base, inputs, out, inputs)
                    } : nil
                let dw: Tensor? =
                    weight.isRecorded
                    ? Tensor(uninitialized: weight.shape) { buffer in
                        guard let out = buffer.baseAddress else { return }
                        product(true, false, outputs, inputs, rows, dy.base, outputs, self.base, inputs, out, inputs)
                    } : nil
                guard let bias else { return [dx, dw] }
                return [dx, dw, bias.isRecorded ? dy.summedOverLeading(shape: bias.shape) : nil]
            }
        }
        return bias.map { result.recorded(from: self, weight, $0, pullback: pullback) }
            ?? result.recorded(from: self, weight, pullback: pullback)
    }

    /// The matrix product a·b of two matrices, either transposed on request.
    public func matrixProduct(_ other: Tensor, transposed: Bool = false, otherTransposed: Bool = false) -> Tensor {
        precondition(rank == 2 && other.rank == 2, "matrix product of shapes \(shape) and \(other.shape)")
        let m = transposed ? shape[1] : shape[0]
        let k = transposed ? shape[0] : shape[1]
        let n = otherTransposed ? other.shape[0] : other.shape[1]
        precondition(
            k == (otherTransposed ? other.shape[1] : other.shape[0]),
            "matrix product of shapes \(shape) and \(other.shape)")
        let result = Tensor(uninitialized: [m, n]) { buffer in
            guard let out = buffer.baseAddress, buffer.count > 0 else { return }
            product(transposed, otherTransposed, m, n, k, base, shape[1], other.base, other.shape[1], out, n)
        }
        return result.recorded(from: self, other) {
            { dy in
                let da: Tensor? =
                    !self.isRecorded
                    ? nil
                    : transposed
                        ? other.detached.matrixProduct(dy, transposed: otherTransposed, otherTransposed: true)
                        : dy.matrixProduct(other.detached, otherTransposed: !otherTransposed)
                let db: Tensor? =
                    !other.isRecorded
                    ? nil
                    : otherTransposed
                        ? dy.matrixProduct(self.detached, transposed: true, otherTransposed: transposed)
                        : self.detached.matrixProduct(dy, transposed: !transposed)
                return [da, db]
            }
        }
    }

    /// 3×3 convolution with zero padding 1 of planar images: self [batch, ci, height, width], weight [co, ci, 3, 3],
    /// bias [co] → [batch, co, height, width]. Meant for few channels.
    public func convolved3x3(_ weight: Tensor, bias: Tensor) -> Tensor {
        precondition(
            rank == 4 && weight.rank == 4 && weight.shape[1...] == [shape[1], 3, 3] && bias.shape == [weight.shape[0]],
            "3×3 convolution of shape \(weight.shape) with bias \(bias.shape) applied to shape \(shape)")
        let (batch, ci, height, width) = (shape[0], shape[1], shape[2], shape[3])
        let co = weight.shape[0]
        let (inSize, outSize) = (ci * height * width, co * height * width)
        let result = Tensor(uninitialized: [batch, co, height, width]) { buffer in
            guard let out = buffer.baseAddress else { return }
            parallelFor(batch) { b in
                ck_conv3x3(out + b * outSize, base + b * inSize, weight.base, bias.base, ci, co, height, width)
            }
        }
        return result.recorded(from: self, weight, bias) {
            { dy in
                let partWeights = Storage(count: batch * weight.count)
                let partBiases = Storage(count: batch * co)
                partWeights.base.update(repeating: 0, count: partWeights.count)
                partBiases.base.update(repeating: 0, count: partBiases.count)
                let dx = Tensor(uninitialized: self.shape) { buffer in
                    guard let out = buffer.baseAddress else { return }
                    parallelFor(batch) { b in
                        ck_conv3x3_gradient(
                            out + b * inSize, partWeights.base + b * weight.count, partBiases.base + b * co,
                            dy.base + b * outSize, self.base + b * inSize, weight.base, ci, co, height, width)
                    }
                }
                return [
                    dx,
                    Tensor(storage: partWeights, shape: [batch] + weight.shape).summedOverLeading(shape: weight.shape),
                    Tensor(storage: partBiases, shape: [batch, co]).summedOverLeading(shape: [co]),
                ]
            }
        }
    }
}
