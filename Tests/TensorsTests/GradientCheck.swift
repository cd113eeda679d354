import Tensors
import TestSupport

/// Compares the gradients of a differentiable function with central finite differences of a random projection of its
/// output to a scalar, the projection summed in double.
enum GradientCheck {
    /// What is wrong, or nil.
    ///
    /// Inputs should be of order 1 and away from kinks. In float32 a step of 1e-2 leaves errors of about 1e-4 of the
    /// gradient's size from rounding and from curvature; `tolerance` is relative to each value and to the root mean
    /// square of its tensor's gradient.
    static func problem(
        _ inputs: [Tensor], step: Float = 1e-2, tolerance: Float = 1e-2, seed: UInt64 = 11,
        _ function: ([Tensor]) -> Tensor
    ) -> String? {
        let plain = function(inputs)
        if plain.isRecorded { return "an output of unrecorded inputs is recorded" }
        let weights = Tensor.normal(plain.shape, seed: seed)
        let numeric = inputs.indices.map { slopes(inputs, $0, step, weights.values, function) }

        // All inputs at once, and each alone: an operation may skip the gradients that nobody asked for.
        let all = inputs.map(\.requiringGradient)
        let output = function(all)
        if output.values != plain.values { return "recording changes the output" }
        let together = gradients(of: (output * weights).sum(), withRespectTo: all)
        for index in inputs.indices {
            if let problem = compare(together[index], numeric[index], inputs[index].shape, tolerance) {
                return "input \(index): \(problem)"
            }
            var mixed = inputs
            mixed[index] = inputs[index].requiringGradient
            let alone = gradients(of: (function(mixed) * weights).sum(), withRespectTo: [mixed[index]])
            if let problem = compare(alone[0], numeric[index], inputs[index].shape, tolerance) {
                return "input \(index), recorded alone: \(problem)"
            }
        }
        return nil
    }

    private static func slopes(
        _ inputs: [Tensor], _ index: Int, _ step: Float, _ weights: [Float], _ function: ([Tensor]) -> Tensor
    ) -> [Double] {
        let start = inputs[index].values
        func projected(_ position: Int, _ value: Float) -> Double {
            var values = start
            values[position] = value
            var moved = inputs
            moved[index] = Tensor(values, shape: inputs[index].shape)
            return zip(function(moved).values, weights).reduce(0) { $0 + Double($1.0) * Double($1.1) }
        }
        return start.indices.map { position in
            let (low, high) = (start[position] - step, start[position] + step)
            return (projected(position, high) - projected(position, low)) / (Double(high) - Double(low))
        }
    }

    private static func compare(_ found: Tensor, _ expected: [Double], _ shape: [Int], _ tolerance: Float) -> String? {
        guard found.shape == shape else { return "gradient of shape \(found.shape) for shape \(shape)" }
        let square = expected.reduce(0) { $0 + $1 * $1 } / Double(max(1, expected.count))
        for (i, (value, slope)) in zip(found.values, expected).enumerated() {
            // A projection that does not move at all still carries rounding.
            let allowed = Double(tolerance) * max(abs(slope), square.squareRoot()) + 2e-4
            guard abs(Double(value) - slope) <= allowed else {
                return "the gradient at \(i) is \(value), finite differences give \(slope)"
            }
        }
        return nil
    }
}
