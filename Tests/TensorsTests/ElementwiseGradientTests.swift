import Tensors
import TestSupport
import Testing

/// Element-wise operations against finite differences.
@Suite struct ElementwiseGradientTests {
    private let a = Tensor.normal([3, 5], seed: 1)
    private let b = Tensor.normal([3, 5], seed: 2)

    /// Values at least 0.1 from 0, where |x| and max(x, 0) have their kinks.
    private var apart: Tensor { Tensor(a.values.map { $0 + ($0 < 0 ? -0.1 : 0.1) }, shape: a.shape) }

    @Test func sums() {
        expectGradient([a, b]) { $0[0] + $0[1] }
        expectGradient([a, b]) { $0[0] - $0[1] }
        expectGradient([a]) { $0[0] + 1.5 }
        expectGradient([a]) { $0[0] + $0[0] }
        expectGradient([a]) { $0[0] - $0[0] * 3 }
    }

    @Test func products() {
        expectGradient([a, b]) { $0[0] * $0[1] }
        expectGradient([a]) { $0[0] * $0[0] }
        expectGradient([a]) { $0[0] * -2.5 }
    }

    @Test(arguments: [Activation.relu, .geluTanh, .gelu, .quickGELU, .silu, .exp, .absolute, .tanh])
    func activations(_ activation: Activation) {
        expectGradient([apart]) { $0[0].applying(activation) }
        expectGradient([apart * 3]) { ($0[0] * 0.5).applying(activation) }
    }

    @Test func clamping() {
        let x = Tensor([-3, -1.2, -0.9, -0.2, 0, 0.4, 0.9, 1.3, 5], shape: [9])
        expectGradient([x]) { $0[0].clamped(to: -1...1) }
        expectGradient([x]) { $0[0].clamped(to: -30...20) }
    }

    @Test func repeatedSums() {
        expectGradient([.normal([2, 3, 4], seed: 3), .normal([4], seed: 4)]) { $0[0].addingRepeated($0[1]) }
        expectGradient([.normal([2, 3, 4], seed: 3), .normal([3, 4], seed: 4)]) { $0[0].addingRepeated($0[1]) }
        expectGradient([.normal([2, 3], seed: 3), .normal([2, 3], seed: 4)]) { $0[0].addingRepeated($0[1]) }
        expectGradient([.normal([40, 3], seed: 3), .normal([3], seed: 4)]) { $0[0].addingRepeated($0[1]) }
    }

    @Test func gatedSums() {
        expectGradient([.normal([2, 3, 4], seed: 5), .normal([2, 3, 4], seed: 6), .normal([2, 4], seed: 7)]) {
            $0[0].addingGated($0[1], by: $0[2])
        }
        let x = Tensor.normal([1, 2, 3], seed: 8)
        expectGradient([x, .normal([1, 3], seed: 9)]) { $0[0].addingGated($0[0], by: $0[1]) }
    }

    @Test func swiGLU() {
        expectGradient([.normal([3, 8], seed: 10)]) { $0[0].swiGLU() }
        expectGradient([.normal([2, 2, 6], seed: 11)]) { $0[0].swiGLU() }
    }

    @Test func scaling() {
        expectGradient([.normal([3, 2, 2], seed: 12)]) { $0[0].scaledPerSample([0.5, -2, 0]) }
        expectGradient([.normal([2, 3], seed: 13)]) {
            $0[0].scaledPerChannel([0.5, -2, 1.5], plus: [1, 2, 3])
        }
    }

    @Test func dropout() {
        expectGradient([a]) { inputs in
            var random = CounterRandom(seed: 14)
            return inputs[0].droppingOut(0.4, using: &random)
        }
        var random = CounterRandom(seed: 15)
        #expect(a.droppingOut(0, using: &random).values == a.values)
        let kept = Tensor.filled([100_000], with: 1).droppingOut(0.25, using: &random)
        #expect(Set(kept.values) == [0, 1 / (1 - 0.25)])
        #expect(abs(kept.mean().item - 1) < 0.01)
    }
}

/// Records an issue where a function's gradients are wrong.
func expectGradient(
    _ inputs: [Tensor], step: Float = 1e-2, tolerance: Float = 1e-2, sourceLocation: SourceLocation = #_sourceLocation,
    _ function: ([Tensor]) -> Tensor
) {
    if let problem = GradientCheck.problem(inputs, step: step, tolerance: tolerance, function) {
        Issue.record(Comment(rawValue: problem), sourceLocation: sourceLocation)
    }
}
