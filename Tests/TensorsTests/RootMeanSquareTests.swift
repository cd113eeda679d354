import Tensors
import TestSupport
import Testing

@Suite struct RootMeanSquareTests {
    @Test func valuesAndGradients() {
        let (x, gain) = (Tensor.normal([3, 2, 7], seed: 1), Tensor.normal([7], seed: 2))
        let found = x.rootMeanSquareNormalized(gain: gain, epsilon: 0.1).values
        for row in 0..<6 {
            let values = x.values[row * 7..<row * 7 + 7].map(Double.init)
            let scale = 1 / (values.reduce(0) { $0 + $1 * $1 } / 7 + 0.1).squareRoot()
            for i in 0..<7 { #expect(abs(Double(found[row * 7 + i]) - values[i] * scale * Double(gain.values[i])) < 1e-5) }
        }
        expectGradient([x, gain]) { $0[0].rootMeanSquareNormalized(gain: $0[1], epsilon: 1e-5) }
        expectGradient([x, gain]) { $0[0].rootMeanSquareNormalized(gain: $0[1], epsilon: 0.5) }
    }
}
