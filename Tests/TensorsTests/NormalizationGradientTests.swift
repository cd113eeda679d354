import Tensors
import TestSupport
import Testing

/// Normalisations and softmax against finite differences.
@Suite struct NormalizationGradientTests {
    private let x = Tensor.normal([2, 3, 6], seed: 1)
    private let gain = Tensor.normal([6], seed: 2)
    private let bias = Tensor.normal([6], seed: 3)

    @Test func layerNorm() {
        expectGradient([x]) { $0[0].layerNormalized(epsilon: 1e-5) }
        expectGradient([x, gain]) { $0[0].layerNormalized(gain: $0[1], epsilon: 1e-5) }
        expectGradient([x, gain, bias]) { $0[0].layerNormalized(gain: $0[1], bias: $0[2], epsilon: 1e-5) }
        // An epsilon of the variance's size takes part in the gradient.
        expectGradient([x, gain, bias]) { $0[0].layerNormalized(gain: $0[1], bias: $0[2], epsilon: 0.5) }
    }

    @Test func modulation() {
        expectGradient([x, .normal([2, 6], seed: 4), .normal([2, 6], seed: 5)]) {
            $0[0].modulated(shift: $0[1], scale: $0[2], epsilon: 1e-6)
        }
        expectGradient([.normal([1, 3, 5], seed: 1), .normal([1, 5], seed: 4), .normal([1, 5], seed: 5)]) {
            $0[0].modulated(shift: $0[1], scale: $0[2], epsilon: 1e-6)
        }
    }

    @Test func standardNorm() {
        expectGradient([x, gain, bias]) { $0[0].standardized(gain: $0[1], bias: $0[2], epsilon: 1e-5) }
        expectGradient([x, gain, bias]) { $0[0].standardized(gain: $0[1], bias: $0[2], epsilon: 0.5) }
    }

    @Test func softmax() {
        expectGradient([x]) { $0[0].softmax() }
        expectGradient([x * 3]) { ($0[0] * 0.5).softmax() }
    }

    @Test func unitRows() {
        expectGradient([x]) { $0[0].unitRows() }
        // Rows shorter than the least length are divided by that length, which does not depend on them.
        expectGradient([x]) { $0[0].unitRows(epsilon: 50) }
        let zeros = Tensor.zeros([2, 3]).requiringGradient
        let unit = zeros.unitRows(epsilon: 0.5)
        #expect(unit.values == [0, 0, 0, 0, 0, 0])
        #expect(gradients(of: unit.sum(), withRespectTo: [zeros])[0].values == [2, 2, 2, 2, 2, 2])
    }

    /// Many rows are summed in blocks; the gradients must be those of the rows taken a few at a time.
    @Test func gradientsOfManyRows() {
        let rows = 5000
        let many = Tensor.normal([rows, 12], seed: 6)
        let weights = Tensor.normal([rows, 12], seed: 7)
        let (gain, bias) = (Tensor.normal([12], seed: 8), Tensor.normal([12], seed: 9))
        let functions: [([Tensor]) -> Tensor] = [
            { $0[0].layerNormalized(gain: $0[1], bias: $0[2], epsilon: 1e-5) },
            { $0[0].standardized(gain: $0[1], bias: $0[2], epsilon: 1e-5) },
            { ($0[0] * $0[0]).addingRepeated($0[1]).addingRepeated($0[2] * 2) },
            {
                $0[0].linear(
                    .concatenated([$0[1].reshaped([1, 12]), $0[2].reshaped([1, 12])], axis: 0).repeated(6)
                        .reshaped([12, 12]), bias: $0[2])
            },
        ]
        for (index, function) in functions.enumerated() {
            let whole = slopes(function, many, gain, bias, weights)
            var dx: [Float] = []
            var sums = [[Double]](repeating: [Double](repeating: 0, count: 12), count: 2)
            for start in stride(from: 0, to: rows, by: 500) {
                let part = slopes(
                    function, many.sliced(axis: 0, start..<start + 500), gain, bias,
                    weights.sliced(axis: 0, start..<start + 500))
                dx += part[0].values
                for k in 0..<2 { for i in 0..<12 { sums[k][i] += Double(part[k + 1].values[i]) } }
            }
            #expect(zip(dx, whole[0].values).allSatisfy { abs($0 - $1) < 1e-4 }, "function \(index)")
            for k in 0..<2 {
                #expect(
                    zip(sums[k], whole[k + 1].values).allSatisfy { abs($0 - Double($1)) < 2e-2 },
                    "function \(index): \(sums[k]) \(whole[k + 1].values)")
            }
        }
    }

    /// The same for modulation, whose blocks must not cross samples.
    @Test func gradientsOfManyModulatedTokens() {
        let (batch, tokens, width) = (3, 700, 40)
        let x = Tensor.normal([batch, tokens, width], seed: 10).requiringGradient
        let shift = Tensor.normal([batch, width], seed: 11).requiringGradient
        let scale = Tensor.normal([batch, width], seed: 12).requiringGradient
        let weights = Tensor.normal([batch, tokens, width], seed: 13)
        let whole = gradients(
            of: (x.modulated(shift: shift, scale: scale, epsilon: 1e-6) * weights).sum(),
            withRespectTo: [x, shift, scale])
        for b in 0..<batch {
            func one(_ tensor: Tensor) -> Tensor { tensor.detached.sliced(axis: 0, b..<b + 1) }
            let leaves = [one(x), one(shift), one(scale)].map(\.requiringGradient)
            let parts = gradients(
                of: (leaves[0].modulated(shift: leaves[1], scale: leaves[2], epsilon: 1e-6) * one(weights)).sum(),
                withRespectTo: leaves)
            for (whole, part) in zip(whole, parts) {
                #expect(zip(one(whole).values, part.values).allSatisfy { abs($0 - $1) < 1e-3 })
            }
        }
    }

    private func slopes(
        _ function: ([Tensor]) -> Tensor, _ x: Tensor, _ gain: Tensor, _ bias: Tensor, _ weights: Tensor
    ) -> [Tensor] {
        let leaves = [x, gain, bias].map(\.requiringGradient)
        return gradients(of: (function(leaves) * weights).sum(), withRespectTo: leaves)
    }
}
