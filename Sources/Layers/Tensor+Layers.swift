import Tensors

extension Tensor {
    /// Takes a batch [batch, N, width] through layers in which samples do not see each other, a few samples at a time. It goes layer
    /// by layer, so that the weights of one are read while they are near, and by few enough samples that what flows between its
    /// products stays near too. Each sample is what it is alone. A batch that gradients flow through goes as a whole.
    ///
    /// - Parameters:
    ///   - count: how many layers there are.
    ///   - layer: gives what the layer with an index makes of some samples of the batch.
    package func throughLayers(_ count: Int, _ layer: (_ index: Int, _ x: Tensor, _ samples: Range<Int>) -> Tensor) -> Tensor {
        // Some 320 rows: products of half as many reach their speed, and of these what flows from one to the next stays in a cache.
        let most = Swift.max(1, 320 / Swift.max(1, shape[1]))
        guard shape[0] > most, !isRecorded else {
            return (0..<count).reduce(self) { x, index in layer(index, x, 0..<shape[0]) }
        }
        let parts = stride(from: 0, to: shape[0], by: most).map { $0..<Swift.min($0 + most, shape[0]) }
        var states = parts.map { sliced(axis: 0, $0) }
        for index in 0..<count {
            for (part, samples) in parts.enumerated() { states[part] = layer(index, states[part], samples) }
        }
        return .concatenated(states, axis: 0)
    }
}
