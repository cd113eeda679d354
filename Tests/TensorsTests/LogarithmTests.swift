import Foundation
import Tensors
import TestSupport
import Testing

@Suite struct LogarithmTests {
    @Test func logarithms() {
        let x = Tensor([0.2, 1, 3, 50], shape: [2, 2])
        #expect(zip(x.logarithm().values, x.values).allSatisfy { abs($0 - log($1)) < 1e-6 })
        expectGradient([x + 1]) { $0[0].logarithm() }
    }

    @Test func logarithmsOfSoftmax() {
        let x = Tensor.normal([3, 5], seed: 1) * 3
        #expect(zip(x.logSoftmax().values, x.softmax().values).allSatisfy { abs(exp($0) - $1) < 1e-6 })
        expectGradient([x]) { $0[0].logSoftmax() }
        // Where the softmax is zero in float32 its logarithm is not infinite.
        #expect(Tensor([0, -500], shape: [1, 2]).logSoftmax().values == [0, -500])
    }
}
