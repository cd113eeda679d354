import CKernels

extension Tensor {
    /// Layer normalisation over the last axis: (x - mean) / sqrt(variance + epsilon), biased variance, then gain and
    /// bias [width] where given.
    public func layerNormalized(gain: Tensor? = nil, bias: Tensor? = nil, epsilon: Float) -> Tensor {
        normalized(gain: gain, bias: bias, gainOffset: 0, groups: 1, epsilon: epsilon, unbiased: false)
    }

    /// LN(x) ∘ (1 + scale) + shift for x [batch, tokens, width], shift and scale [batch, width]; the normalisation has no
    /// gain of its own (adaptive layer norm of DiT).
    public func modulated(shift: Tensor, scale: Tensor, epsilon: Float) -> Tensor {
        precondition(
            rank == 3 && shift.shape == [shape[0], shape[2]] && scale.shape == shift.shape,
            "modulation of shapes \(shift.shape), \(scale.shape) for tokens of shape \(shape)")
        return normalized(gain: scale, bias: shift, gainOffset: 1, groups: shape[0], epsilon: epsilon, unbiased: false)
    }

    /// g (x - mean) / (s + epsilon) + b with s the unbiased standard std: the norm of FlowTok's text encoder.
    public func standardized(gain: Tensor, bias: Tensor, epsilon: Float) -> Tensor {
        normalized(gain: gain, bias: bias, gainOffset: 0, groups: 1, epsilon: epsilon, unbiased: true)
    }

    private func normalized(
        gain: Tensor?, bias: Tensor?, gainOffset: Float, groups: Int, epsilon: Float, unbiased: Bool
    ) -> Tensor {
        precondition(rank > 0, "normalisation of a scalar")
        let width = shape[rank - 1]
        precondition(
            [gain, bias].allSatisfy { $0.map { $0.count == groups * width } ?? true },
            "normalisation of shape \(shape) with gain \(gain?.shape ?? []) and bias \(bias?.shape ?? [])")
        precondition(bias == nil || gain != nil, "a bias without a gain")
        let rows = width == 0 ? 0 : count / width
        let rowsPerGroup = rows / max(groups, 1)
        let keeps = isRecorded || gain?.isRecorded == true || bias?.isRecorded == true
        let means = keeps ? Storage(count: rows) : nil
        let scales = keeps ? Storage(count: rows) : nil
        let flag: Int32 = unbiased ? 1 : 0
        // Blocks of rows lie inside one group, and their borders do not depend on the threads.
        let block = max(1, min(rowsPerGroup, pieceSize / max(1, width)))
        let blocksPerGroup = rowsPerGroup == 0 ? 0 : (rowsPerGroup + block - 1) / block
        func forBlocks(_ body: (_ index: Int, _ group: Int, _ start: Int, _ length: Int) -> Void) {
            parallelFor(groups * blocksPerGroup) { index in
                let group = index / blocksPerGroup
                let first = index % blocksPerGroup * block
                body(index, group, group * rowsPerGroup + first, min(block, rowsPerGroup - first))
            }
        }
        let result = Tensor(uninitialized: shape) { buffer in
            guard let out = buffer.baseAddress else { return }
            forBlocks { _, group, start, length in
                kernels.normalize(
                    out + start * width, means.map { $0.base + start }, scales.map { $0.base + start },
                    base + start * width, gain.map { $0.base + group * width }, gainOffset,
                    bias.map { $0.base + group * width }, length, width, epsilon, flag)
            }
        }
        guard keeps, let means, let scales else { return result }
        let shape = self.shape
        let pullback: (Tensor) -> [Tensor?] = { dy in
            let parts = groups * blocksPerGroup
            let dgains = gain?.isRecorded == true ? Storage(count: parts * width) : nil
            let dbiases = bias?.isRecorded == true ? Storage(count: parts * width) : nil
            dgains.map { $0.base.update(repeating: 0, count: $0.count) }
            dbiases.map { $0.base.update(repeating: 0, count: $0.count) }
            let dx = Tensor(uninitialized: shape) { buffer in
                guard let out = buffer.baseAddress else { return }
                forBlocks { index, group, start, length in
                    kernels.normalize_gradient(
                        out + start * width, dgains.map { $0.base + index * width },
                        dbiases.map { $0.base + index * width }, dy.base + start * width, self.base + start * width,
                        means.base + start, scales.base + start, gain.map { $0.base + group * width }, gainOffset,
                        length, width, epsilon, flag)
                }
            }
            func gathered(_ parts: Storage?, _ shape: [Int]) -> Tensor? {
                guard let parts else { return nil }
                let all = Tensor(storage: parts, shape: [groups, blocksPerGroup, width])
                guard groups > 1 else { return all.summedOverLeading(shape: shape.count == 1 ? shape : [1] + shape.dropFirst()) }
                return Tensor(uninitialized: shape) { buffer in
                    buffer.update(repeating: 0)
                    guard let out = buffer.baseAddress else { return }
                    for group in 0..<groups {
                        kernels.sum_columns(
                            out + group * width, parts.base + group * blocksPerGroup * width, blocksPerGroup, width)
                    }
                }
            }
            return [dx, gathered(dgains, gain?.shape ?? []), gathered(dbiases, bias?.shape ?? [])]
        }
        return Tensor(
            storage: result.storage, shape: shape,
            node: GradientNode(parents: [node, gain?.node, bias?.node], pullback: pullback))
    }

    /// Softmax over the last axis.
    public func softmax() -> Tensor {
        precondition(rank > 0, "softmax of a scalar")
        let width = shape[rank - 1]
        let rows = width == 0 ? 0 : count / width
        let result = Tensor(uninitialized: shape) { buffer in
            guard let out = buffer.baseAddress else { return }
            inRows(rows, width: width) { start, length in
                kernels.softmax(out + start * width, base + start * width, 1, 0, length, width)
            }
        }
        return result.recorded(from: self) {
            { dy in
                [
                    Tensor(uninitialized: dy.shape) { buffer in
                        guard let out = buffer.baseAddress else { return }
                        inRows(rows, width: width) { start, length in
                            kernels.softmax_gradient(
                                out + start * width, result.base + start * width, dy.base + start * width, 1, length,
                                width)
                        }
                    }
                ]
            }
        }
    }

    /// Rows divided by their Euclidean norm (at least `epsilon`), over the last axis.
    public func unitRows(epsilon: Float = 1e-12) -> Tensor {
        precondition(rank > 0, "norm of a scalar")
        let width = shape[rank - 1]
        let rows = width == 0 ? 0 : count / width
        let lengths = Storage(count: rows)
        let result = Tensor(uninitialized: shape) { buffer in
            guard let out = buffer.baseAddress else { return }
            for row in 0..<rows {
                let length = max(Float(kernels.sum_squares(base + row * width, width)).squareRoot(), epsilon)
                lengths.base[row] = length
                kernels.affine(out + row * width, base + row * width, 1 / length, 0, width)
            }
        }
        return result.recorded(from: self) {
            { dy in
                [
                    Tensor(uninitialized: dy.shape) { buffer in
                        guard let out = buffer.baseAddress else { return }
                        for row in 0..<rows {
                            let (unit, from) = (result.base + row * width, dy.base + row * width)
                            let along = Float(kernels.dot(unit, from, width))
                            let inverse = 1 / lengths.base[row]
                            kernels.affine(out + row * width, from, inverse, 0, width)
                            kernels.accumulate(out + row * width, unit, -along * inverse, width)
                        }
                    }
                ]
            }
        }
    }
}
