import CKernels

extension Tensor {
    /// Rows of this table [entries, width] by index, arranged as `shape` + [width]. Traps on an index out of range.
    public func rows(_ indices: [Int32], shape indexShape: [Int]? = nil) -> Tensor {
        let indexShape = indexShape ?? [indices.count]
        precondition(
            rank == 2 && elementCount(of: indexShape) == indices.count, "\(indices.count) rows arranged as \(indexShape)")
        let (entries, width) = (shape[0], shape[1])
        precondition(
            indices.allSatisfy { $0 >= 0 && Int($0) < entries }, "an index lies outside a table of \(entries) rows")
        let result = Tensor(uninitialized: indexShape + [width]) { buffer in
            guard let out = buffer.baseAddress else { return }
            for (i, index) in indices.enumerated() {
                (out + i * width).update(from: base + Int(index) * width, count: width)
            }
        }
        let tableShape = shape
        return result.recorded(from: self) {
            { dy in
                [
                    Tensor(uninitialized: tableShape) { buffer in
                        buffer.update(repeating: 0)
                        guard let out = buffer.baseAddress else { return }
                        for (i, index) in indices.enumerated() {
                            kernels.accumulate(out + Int(index) * width, dy.base + i * width, 1, width)
                        }
                    }
                ]
            }
        }
    }
}
