import Layers
import Networks
import Sampling
import Tensors
import TestSupport
import Testing

/// Guidance of a small network with weights at random.
@Suite struct GuidanceTests {
    private final class RandomWeights: WeightSource {
        func contains(_ name: String) -> Bool { true }

        func tensor(named name: String, shape: [Int], initial: Initializer) -> Tensor {
            SyntheticValues.tensor(name, shape: shape, base: 0, scale: 0.3)
        }
    }

    @Test func scales() {
        let network = VelocityNetwork(
            VelocityConfiguration(depth: 2, width: 32, heads: 2, tokens: 5, channels: 4), weights: Weights(RandomWeights()))
        let x = Tensor.normal([3, 5, 4], seed: 1)
        func field(_ indicator: Indicator) -> Tensor {
            network(
                x, times: .init(repeating: 0.5, count: 3), indicators: .init(repeating: indicator.rawValue, count: 3))
        }
        let (conditional, unconditional) = (field(.conditional), field(.unconditional))
        #expect(conditional.values != unconditional.values)
        #expect(network.guided(x, time: 0.5, by: Guidance(scale: 1)).values == conditional.values)
        #expect(network.guided(x, time: 0.5, by: Guidance(scale: 4, interval: 0.6...1)).values == conditional.values)
        let expected = unconditional + (conditional - unconditional) * 4
        let guided = network.guided(x, time: 0.5, by: Guidance(scale: 4))
        #expect(zip(guided.values, expected.values).allSatisfy { abs($0 - $1) < 1e-4 })
    }
}
