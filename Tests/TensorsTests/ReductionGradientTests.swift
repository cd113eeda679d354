import Foundation
import Tensors
import TestSupport
import Testing

/// Reductions and losses against finite differences and their definitions.
@Suite struct ReductionGradientTests {
    private let x = Tensor.normal([3, 4], seed: 1)

    @Test func sums() {
        expectGradient([x]) { $0[0].sum() }
        expectGradient([x]) { $0[0].mean() }
        expectGradient([x]) { $0[0].sumOfSquares() }
        expectGradient([x]) { $0[0].meanSquare() }
        expectGradient([x]) { $0[0].meanPerSample() }
        let apart = Tensor(x.values.map { $0 + ($0 < 0 ? -0.1 : 0.1) }, shape: x.shape)
        expectGradient([apart]) { $0[0].meanAbsolute() }
    }

    @Test func values() {
        let values = x.values.map { Double($0) }
        #expect(abs(Double(x.sum().item) - values.reduce(0, +)) < 1e-6)
        #expect(abs(Double(x.mean().item) - values.reduce(0, +) / 12) < 1e-6)
        #expect(abs(Double(x.meanSquare().item) - values.reduce(0) { $0 + $1 * $1 } / 12) < 1e-6)
        #expect(abs(Double(x.meanAbsolute().item) - values.reduce(0) { $0 + abs($1) } / 12) < 1e-6)
        #expect(abs(x.norm - values.reduce(0) { $0 + $1 * $1 }.squareRoot()) < 1e-6)
        #expect(x.meanPerSample().shape == [3])
        #expect(Tensor.zeros([0, 3]).sum().item == 0)
        #expect(Tensor([1, 5, 2, 7, 7, 0], shape: [2, 3]).argmax() == [1, 0])
    }

    @Test func crossEntropy() {
        let logits = Tensor.normal([2, 3, 5], seed: 2, scale: 2)
        expectGradient([logits]) { $0[0].crossEntropy([0, 4, 2, 1, 1, 3]) }
        // Rows with a negative target count neither in the sum nor in the mean.
        expectGradient([logits]) { $0[0].crossEntropy([0, -1, 2, -100, 1, -1]) }
        let some = logits.crossEntropy([0, -1, 2, -100, 1, -1]).item
        let kept = Tensor.concatenated(
            [0, 2, 4].map { logits.reshaped([6, 5]).sliced(axis: 0, $0..<$0 + 1) }, axis: 0)
        #expect(abs(some - kept.crossEntropy([0, 2, 1]).item) < 1e-6)
        #expect(abs(Tensor.zeros([3, 7]).crossEntropy([1, 2, 6]).item - log(7)) < 1e-6)
        let ignored = logits.requiringGradient
        let nothing = ignored.crossEntropy([-1, -1, -1, -1, -1, -1])
        #expect(nothing.item == 0)
        #expect(gradients(of: nothing, withRespectTo: [ignored])[0].values.allSatisfy { $0 == 0 })
    }

    @Test func crossEntropyOfLargeLogits() {
        let logits = Tensor([1000, 0, -1000, 3e4, 3e4, -3e4], shape: [2, 3])
        #expect(logits.crossEntropy([0, 0]).item.isFinite)
        #expect(abs(logits.crossEntropy([0, 1]).item - log(2) / 2) < 1e-6)
    }
}
