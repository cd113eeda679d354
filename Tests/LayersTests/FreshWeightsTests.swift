import Layers
import Tensors
import Testing

@Suite struct FreshWeightsTests {
    private static let drawn: [(String, Initializer)] = [
        ("normal", .normal(std: 0.5)), ("truncated", .truncatedNormal(std: 0.5)),
        ("uniform", .uniform(bound: 0.5)), ("xavier", .xavierUniform), ("means", .normalMeansZeroVariance(std: 0.5)),
    ]

    private func fresh(_ name: String, _ shape: [Int], _ initial: Initializer, seed: UInt64 = 1) -> [Float] {
        FreshWeights(seed: seed).tensor(named: name, shape: shape, initial: initial).values
    }

    @Test func aParameterDependsOnSeedAndNameAlone() {
        for (label, initial) in FreshWeightsTests.drawn {
            let alone = fresh("a.weight", [16, 8], initial)
            let source = FreshWeights(seed: 1)
            _ = source.tensor(named: "b.weight", shape: [100, 100], initial: .xavierUniform)
            #expect(source.tensor(named: "a.weight", shape: [16, 8], initial: initial).values == alone, "\(label)")
            #expect(fresh("a.weights", [16, 8], initial) != alone, "\(label)")
            #expect(fresh("a.weight", [16, 8], initial, seed: 2) != alone, "\(label)")
        }
    }

    /// Mean, deviation and largest magnitude.
    private func statistics(_ values: [Float]) -> (mean: Double, std: Double, largest: Float) {
        let count = Double(values.count)
        let mean = values.reduce(0) { $0 + Double($1) } / count
        let square = values.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / count
        return (mean, square.squareRoot(), values.map(abs).max() ?? 0)
    }

    /// Within five standard errors of twenty thousand draws.
    private func isNear(_ a: Double, _ b: Double) -> Bool { abs(a - b) < 0.035 * 0.5 }

    @Test func normalsHaveTheirDeviation() {
        let found = statistics(fresh("w", [200, 100], .normal(std: 0.5)))
        #expect(isNear(found.mean, 0) && isNear(found.std, 0.5) && found.largest > 1.5)
    }

    @Test func truncatedNormalsStayWithinTwoDeviations() {
        let found = statistics(fresh("w", [200, 100], .truncatedNormal(std: 0.5)))
        // A standard normal between -2 and 2 has deviation 0.8796.
        #expect(isNear(found.mean, 0) && isNear(found.std, 0.4398) && found.largest <= 1 && found.largest > 0.98)
    }

    @Test func uniformsFillTheirBounds() {
        let found = statistics(fresh("w", [200, 100], .uniform(bound: 0.5)))
        #expect(isNear(found.mean, 0) && isNear(found.std, 0.5 / 3.0.squareRoot()))
        #expect(found.largest <= 0.5 && found.largest > 0.499)
    }

    @Test(arguments: [[200, 100], [64, 3, 16, 16], [50, 50, 1, 1]])
    func xavierCountsInputsAndOutputs(_ shape: [Int]) {
        let bound = (6 / Float(shape[0] + shape.dropFirst().reduce(1, *))).squareRoot()
        let found = statistics(fresh("w", shape, .xavierUniform))
        #expect(found.largest <= bound && found.largest > 0.99 * bound)
        #expect(abs(found.std - Double(bound) / 3.0.squareRoot()) < 0.03 * Double(bound))
    }

    @Test func plainOnes() {
        #expect(fresh("w", [3], .zeros) == [0, 0, 0])
        #expect(fresh("w", [3], .ones) == [1, 1, 1])
        #expect(fresh("w", [], .constant(2.5)) == [2.5])
        #expect(fresh("w", [2], .values(Tensor([3, 4], shape: [2]))) == [3, 4])
        #expect(fresh("w", [4], .logVarianceBias(-5)) == [0, 0, -5, -5])
    }

    @Test func meansOnlyLeavesTheSecondHalfOfTheRowsEmpty() {
        let values = fresh("w", [100, 50], .normalMeansZeroVariance(std: 0.5))
        #expect(isNear(statistics(Array(values[..<2500])).std, 0.5))
        #expect(values[2500...].allSatisfy { $0 == 0 })
    }

    @Test func theIdentityKernelChangesNothing() {
        let image = Tensor.randomUniform([2, 3, 5, 4], seed: 3)
        let kernel = FreshWeights(seed: 1).tensor(named: "w", shape: [3, 3, 3, 3], initial: .identityKernel3x3)
        #expect(image.convolved3x3(kernel, bias: .zeros([3])).values == image.values)
    }

    @Test func theHashOfANameIsTheSameForGood() {
        // FNV-1a's published values.
        #expect(stableHash("") == 0xCBF2_9CE4_8422_2325)
        #expect(stableHash("a") == 0xAF63_DC4C_8601_EC8C)
        #expect(stableHash("foobar") == 0x8594_4171_F739_67E8)
    }
}

extension Tensor {
    fileprivate static func randomUniform(_ shape: [Int], seed: UInt64) -> Tensor {
        var random = CounterRandom(seed: seed)
        return .randomUniform(shape, using: &random)
    }
}
