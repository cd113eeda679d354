import Networks
import Sampling
import Tensors
import Testing

@Suite struct ProbabilityPathTests {
    @Test("The true velocity leads to the target from anywhere on the path", arguments: [Float(0), 0.25, 0.9, 1])
    func destination(_ time: Float) {
        var random = CounterRandom(seed: 5, stream: 0)
        let source = Tensor.randomNormal([2, 3, 4], using: &random)
        let target = Tensor.randomNormal([2, 3, 4], using: &random)
        let times = [time, time / 2]
        let points = ProbabilityPath.point(from: source, to: target, at: times)
        let arrived = ProbabilityPath.destination(
            of: points, velocity: ProbabilityPath.velocity(from: source, to: target), at: times)
        for (arrived, target) in zip(arrived.values, target.values) {
            #expect(abs(arrived - target) < 1e-4)
        }
        // A velocity that is off by 1 misses by the time that is left.
        let off = ProbabilityPath.destination(
            of: points, velocity: ProbabilityPath.velocity(from: source, to: target) + Tensor([Float](repeating: 1, count: 24), shape: [2, 3, 4]),
            at: times)
        for (i, pair) in zip(off.values, target.values).enumerated() {
            #expect(abs(pair.0 - pair.1 - (1 - times[i / 12])) < 1e-4)
        }
    }
}
