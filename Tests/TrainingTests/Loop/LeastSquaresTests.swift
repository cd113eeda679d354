import Tensors
import TestSupport
import Testing
import Training

@Suite struct LeastSquaresTests {
    @Test func findsTheLayerThatMadeTheOutputs() throws {
        let weight = Tensor.normal([5, 4], seed: 1), bias = Tensor.normal([5], seed: 2)
        var fit = LeastSquares()
        for part in 0..<3 {
            let x = Tensor.normal([40, 4], seed: UInt64(10 + part))
            fit.add(inputs: x, outputs: x.linear(weight, bias: bias))
        }
        let found = try #require(fit.solution())
        #expect(zip(found.weight.values, weight.values).allSatisfy { abs($0 - $1) < 1e-4 })
        #expect(zip(found.bias.values, bias.values).allSatisfy { abs($0 - $1) < 1e-4 })
    }

    @Test func ofNoiseItIsWhereTheErrorIsOrthogonalToTheInputs() throws {
        let x = Tensor.normal([60, 3], seed: 3), y = Tensor.normal([60, 2], seed: 4)
        var fit = LeastSquares()
        fit.add(inputs: x, outputs: y)
        let found = try #require(fit.solution())
        let error = x.linear(found.weight, bias: found.bias) - y
        #expect(error.matrixProduct(x, transposed: true).values.allSatisfy { abs($0) < 1e-3 })
    }

    @Test func inputsThatTellTheSameAreNoProblemAndNothingIs() throws {
        var fit = LeastSquares()
        #expect(fit.solution() == nil)
        let x = Tensor.normal([30, 1], seed: 5)
        fit.add(inputs: .concatenated([x, x], axis: 1), outputs: x)
        let weight = try #require(fit.solution()).weight.values
        #expect(abs(weight[0] + weight[1] - 1) < 1e-3 && abs(weight[0] - weight[1]) < 1e-3)
        var broken = LeastSquares()
        broken.add(inputs: .filled([2, 1], with: .infinity), outputs: .filled([2, 1], with: 1))
        #expect(broken.solution() == nil)
    }
}
