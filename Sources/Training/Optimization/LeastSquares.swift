import Tensors

/// The linear layer that comes nearest, in the sum of squares, to outputs for inputs, of which any number are added one after the
/// other; sums are kept in float64.
package struct LeastSquares {
    /// Of the inputs with a 1 behind each: [(inputs + 1)²].
    private var squares: [Double] = []
    /// Of those with the outputs: [inputs + 1, outputs].
    private var products: [Double] = []
    private var inputs = 0
    private var outputs = 0

    package init() {}

    /// Adds rows: inputs [rows, n], outputs [rows, m]; n and m are the same in every call.
    package mutating func add(inputs x: Tensor, outputs y: Tensor) {
        precondition(
            x.rank == 2 && y.rank == 2 && x.shape[0] == y.shape[0] && (squares.isEmpty || (inputs == x.shape[1] && outputs == y.shape[1])),
            "inputs of shape \(x.shape) and outputs of shape \(y.shape)")
        inputs = x.shape[1]
        outputs = y.shape[1]
        let ones = Tensor.concatenated([x, .filled([x.shape[0], 1], with: 1)], axis: 1)
        Self.add(ones.matrixProduct(ones, transposed: true), to: &squares)
        Self.add(ones.matrixProduct(y, transposed: true), to: &products)
    }

    private static func add(_ values: Tensor, to sums: inout [Double]) {
        if sums.isEmpty { sums = [Double](repeating: 0, count: values.count) }
        values.withUnsafeBufferPointer { values in
            for (i, value) in values.enumerated() { sums[i] += Double(value) }
        }
    }

    /// The weight [m, n] and the bias [m]; nil where nothing has been added, or what was is not finite.
    ///
    /// Inputs that tell the same share what they tell: a millionth of the mean square is added to the square of each.
    package func solution() -> (weight: Tensor, bias: Tensor)? {
        let n = inputs + 1
        guard !squares.isEmpty else { return nil }
        // The Cholesky factor, its lower triangle.
        var factor = squares
        let ridge = 1e-6 * (0..<n).reduce(0) { $0 + squares[$1 * n + $1] } / Double(n)
        for i in 0..<n {
            for j in 0...i {
                var sum = factor[i * n + j] + (i == j ? ridge : 0)
                for k in 0..<j { sum -= factor[i * n + k] * factor[j * n + k] }
                if i == j {
                    guard sum > 0, sum.isFinite else { return nil }
                    factor[i * n + i] = sum.squareRoot()
                } else {
                    factor[i * n + j] = sum / factor[j * n + j]
                }
            }
        }
        // Rows of all outputs at once, forwards and then backwards.
        var rows = products
        let m = outputs
        rows.withUnsafeMutableBufferPointer { rows in
            func subtract(_ row: Int, from other: Int, times share: Double) {
                for k in 0..<m { rows[other * m + k] -= rows[row * m + k] * share }
            }
            for i in 0..<n {
                for j in 0..<i { subtract(j, from: i, times: factor[i * n + j]) }
                for k in 0..<m { rows[i * m + k] /= factor[i * n + i] }
            }
            for i in (0..<n).reversed() {
                for j in i + 1..<n { subtract(j, from: i, times: factor[j * n + i]) }
                for k in 0..<m { rows[i * m + k] /= factor[i * n + i] }
            }
        }
        let weight = Tensor(uninitialized: [m, inputs]) { out in
            for k in 0..<m {
                for i in 0..<inputs { out[k * inputs + i] = Float(rows[i * m + k]) }
            }
        }
        return (weight, Tensor(rows[inputs * m..<n * m].map { Float($0) }, shape: [m]))
    }
}
