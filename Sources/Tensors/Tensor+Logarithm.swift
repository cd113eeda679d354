import Foundation

extension Tensor {
    /// The natural logarithm of every value, which must be positive.
    public func logarithm() -> Tensor {
        Tensor.computed(shape) { out, start, length in
            for i in 0..<length { out[i] = log(base[start + i]) }
        }.recorded(from: self) {
            { dy in
                [
                    .computed(self.shape) { out, start, length in
                        for i in 0..<length { out[i] = dy.base[start + i] / self.base[start + i] }
                    }
                ]
            }
        }
    }

    /// The logarithm of the softmax over the last axis, exact where the softmax itself is zero.
    public func logSoftmax() -> Tensor {
        precondition(rank > 0, "softmax of a scalar")
        let width = shape[rank - 1]
        let rows = width == 0 ? 0 : count / width
        let result = Tensor(uninitialized: shape) { buffer in
            guard let out = buffer.baseAddress else { return }
            inRows(rows, width: width) { start, length in
                for row in start..<start + length {
                    let (from, to) = (base + row * width, out + row * width)
                    var largest = -Float.infinity
                    for i in 0..<width { largest = max(largest, from[i]) }
                    var sum = 0.0
                    for i in 0..<width { sum += Double(exp(from[i] - largest)) }
                    let offset = largest + Float(log(sum))
                    for i in 0..<width { to[i] = from[i] - offset }
                }
            }
        }
        return result.recorded(from: self) {
            { dy in
                [
                    Tensor(uninitialized: dy.shape) { buffer in
                        guard let out = buffer.baseAddress else { return }
                        inRows(rows, width: width) { start, length in
                            for row in start..<start + length {
                                let at = row * width
                                var sum: Float = 0
                                for i in 0..<width { sum += dy.base[at + i] }
                                for i in 0..<width { out[at + i] = dy.base[at + i] - exp(result.base[at + i]) * sum }
                            }
                        }
                    }
                ]
            }
        }
    }
}
