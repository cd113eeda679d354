import FlowTok
import Tensors

extension Tensor {
    /// The mean and deviation of every entry of the last axis.
    var channelStatistics: LatentStatistics {
        let width = shape.last ?? 1
        var sums = [Double](repeating: 0, count: width)
        var squares = sums
        for (i, value) in values.enumerated() {
            sums[i % width] += Double(value)
            squares[i % width] += Double(value) * Double(value)
        }
        let rows = Double(max(1, count / max(1, width)))
        return LatentStatistics(
            mean: sums.map { Float($0 / rows) },
            deviation: zip(sums, squares).map { Float(max($1 / rows - $0 / rows * ($0 / rows), 1e-12).squareRoot()) })
    }
}
