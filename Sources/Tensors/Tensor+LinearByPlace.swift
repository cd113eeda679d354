extension Tensor {
    /// A linear map of its own for each place: x [rows, places, inputs] and, for each place, a weight [outputs, inputs] and a bias
    /// [outputs] → [rows, places, outputs]. Places cut out one by one would each have a gradient as large as x.
    public func linear(byPlace weights: [Tensor], biases: [Tensor]) -> Tensor {
        let outputs = weights.first?.shape.first ?? 0
        precondition(
            rank == 3 && weights.count == shape[1] && biases.count == shape[1]
                && weights.allSatisfy { $0.shape == [outputs, shape[2]] } && biases.allSatisfy { $0.shape == [outputs] },
            "\(weights.count) maps \(weights.first?.shape ?? []) and \(biases.count) biases applied to shape \(shape)")
        let (rows, places, inputs) = (shape[0], shape[1], shape[2])
        let (from, to) = (places * inputs, places * outputs)
        let result = Tensor(uninitialized: [rows, places, outputs]) { buffer in
            guard let out = buffer.baseAddress else { return }
            for place in 0..<places {
                product(
                    false, true, rows, outputs, inputs, base + place * inputs, from, weights[place].base, inputs,
                    out + place * outputs, to, bias: biases[place].base)
            }
        }
        return result.recorded(from: [self] + weights + biases) {
            { dy in
                let dx = Tensor(uninitialized: self.shape) { buffer in
                    guard let out = buffer.baseAddress else { return }
                    for place in 0..<places {
                        product(
                            false, false, rows, inputs, outputs, dy.base + place * outputs, to, weights[place].base, inputs,
                            out + place * inputs, from)
                    }
                }
                let dw = (0..<places).map { place in
                    Tensor(uninitialized: [outputs, inputs]) { buffer in
                        guard let out = buffer.baseAddress else { return }
                        product(
                            true, false, outputs, inputs, rows, dy.base + place * outputs, to, self.base + place * inputs, from, out,
                            inputs)
                    }
                }
                let sums = dy.summedOverLeading(shape: [to])
                let db = (0..<places).map { sums.sliced(axis: 0, $0 * outputs..<($0 + 1) * outputs) }
                return [dx] + dw + db
            }
        }
    }
}
