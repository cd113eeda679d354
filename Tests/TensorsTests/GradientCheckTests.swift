import Tensors
import TestSupport
import Testing

/// The checker itself: it must refuse gradients that are wrong.
@Suite struct GradientCheckTests {
    private let x = Tensor.normal([3, 4], seed: 1)

    @Test func acceptsARightGradient() {
        #expect(GradientCheck.problem([x]) { $0[0] * $0[0] } == nil)
    }

    @Test func refusesAMissingTerm() {
        // Half of the product's gradient is lost.
        #expect(GradientCheck.problem([x]) { $0[0].detached * $0[0] } != nil)
    }

    @Test func refusesAScaleThatIsTwoPercentOff() {
        #expect(
            GradientCheck.problem([x]) { inputs in
                // The values of 1·x with the gradient of 0.98·x.
                inputs[0] * 0.98 + inputs[0].detached * 0.02
            } != nil)
    }

    @Test func refusesAGradientInTheWrongPlace() {
        #expect(
            GradientCheck.problem([x]) { inputs in
                let moved = inputs[0].reshaped([4, 3]).permuted(1, 0)
                return inputs[0].detached + moved - moved.detached
            } != nil)
    }

    @Test func refusesALostGradient() {
        #expect(GradientCheck.problem([x, x]) { $0[0] + $0[1].detached } != nil)
    }
}
