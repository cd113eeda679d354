import CKernels

extension Tensor {
    private func reduced(_ kernel: (UnsafePointer<Float>, Int) -> Double) -> Double {
        let pieces = (count + pieceSize - 1) / pieceSize
        guard pieces > 1 else { return count == 0 ? 0 : kernel(base, count) }
        var parts = [Double](repeating: 0, count: pieces)
        parts.withUnsafeMutableBufferPointer { parts in
            let parts = parts.baseAddress!
            inPieces(count) { start, length in parts[start / pieceSize] = kernel(base + start, length) }
        }
        return parts.reduce(0, +)
    }

    /// The sum of all values, accumulated in double; a scalar.
    public func sum() -> Tensor {
        let shape = self.shape
        return Tensor(Float(reduced { kernels.sum($0, $1) })).recorded(from: self) {
            { dy in [.filled(shape, with: dy.item)] }
        }
    }

    /// The mean of all values.
    public func mean() -> Tensor { sum() * (1 / Float(count)) }

    /// The sum of squares of all values; a scalar.
    public func sumOfSquares() -> Tensor {
        Tensor(Float(reduced { kernels.sum_squares($0, $1) })).recorded(from: self) {
            { dy in [self.scaled(2 * dy.item)] }
        }
    }

    /// The mean of the squares.
    public func meanSquare() -> Tensor { sumOfSquares() * (1 / Float(count)) }

    /// The mean of the absolute values.
    public func meanAbsolute() -> Tensor {
        let factor = 1 / Float(count)
        return Tensor(Float(reduced { kernels.sum_absolute($0, $1) }) * factor).recorded(from: self) {
            { dy in
                let slope = dy.item * factor
                return [
                    .computed(self.shape) { out, start, length in
                        for i in 0..<length {
                            let x = self.base[start + i]
                            out[i] = x > 0 ? slope : x < 0 ? -slope : 0
                        }
                    }
                ]
            }
        }
    }

    /// The mean over all axes but the first: [batch].
    public func meanPerSample() -> Tensor {
        precondition(rank > 0 && shape[0] > 0, "mean per sample of shape \(shape)")
        let (batch, size) = (shape[0], count / shape[0])
        let shape = self.shape
        return Tensor(uninitialized: [batch]) { buffer in
            for b in 0..<batch { buffer[b] = Float(kernels.sum(base + b * size, size) / Double(size)) }
        }.recorded(from: self) {
            { dy in
                [
                    Tensor(uninitialized: shape) { buffer in
                        for b in 0..<batch {
                            UnsafeMutableBufferPointer(rebasing: buffer[b * size..<(b + 1) * size])
                                .update(repeating: dy.base[b] / Float(size))
                        }
                    }
                ]
            }
        }
    }

    /// The square root of the sum of squares, without recording.
    public var norm: Double { reduced { kernels.sum_squares($0, $1) }.squareRoot() }

    /// -log softmax(self)[target], averaged over the rows whose target is not negative: self [..., classes], one target
    /// to a row.
    public func crossEntropy(_ targets: [Int32]) -> Tensor {
        precondition(rank > 0, "cross entropy of a scalar")
        let classes = shape[rank - 1]
        let rows = classes == 0 ? 0 : count / classes
        precondition(
            targets.count == rows && targets.allSatisfy { Int($0) < classes },
            "\(targets.count) targets for logits of shape \(shape)")
        let losses = Storage(count: rows)
        let probabilities = Storage(count: count)
        targets.withUnsafeBufferPointer { targets in
            let targets = targets.baseAddress
            inRows(rows, width: classes) { start, length in
                kernels.cross_entropy(
                    losses.base + start, probabilities.base + start * classes, base + start * classes,
                    targets! + start, length, classes)
            }
        }
        let counted = max(1, targets.count { $0 >= 0 })
        let total = rows == 0 ? 0 : kernels.sum(losses.base, rows)
        let shape = self.shape
        return Tensor(Float(total / Double(counted))).recorded(from: self) {
            { dy in
                let factor = dy.item / Float(counted)
                return [
                    Tensor(uninitialized: shape) { buffer in
                        guard let out = buffer.baseAddress else { return }
                        inRows(rows, width: classes) { start, length in
                            for row in start..<start + length {
                                let to = out + row * classes
                                let target = Int(targets[row])
                                let scale = target < 0 ? 0 : factor
                                kernels.affine(to, probabilities.base + row * classes, scale, 0, classes)
                                if target >= 0 { to[target] -= factor }
                            }
                        }
                    }
                ]
            }
        }
    }

    /// The index of the largest value of every row.
    public func argmax() -> [Int32] {
        precondition(rank > 0 && shape[rank - 1] > 0, "argmax of shape \(shape)")
        let width = shape[rank - 1]
        return (0..<count / width).map { row in
            var best = 0
            for i in 1..<width where base[row * width + i] > base[row * width + best] { best = i }
            return Int32(best)
        }
    }
}
