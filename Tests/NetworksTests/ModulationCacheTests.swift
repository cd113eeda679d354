import Checkpoints
import Foundation
import Layers
import Networks
import Sampling
import Tensors
import TestSupport
import Testing

/// A network that serves inference keeps the modulation of its schedule and reads the matrices that give it from the file;
/// it computes what the network that keeps them computes.
@Suite struct ModulationTableTests {
    private let form = VelocityConfiguration(depth: 2, width: 128, heads: 4, tokens: 5, channels: 6, indicators: 3)

    private func networks(_ precision: Precision = .float32) throws -> (kept: VelocityNetwork, table: VelocityNetwork) {
        let recorder = WeightRecorder(LivelyVelocityWeights())
        let kept = VelocityNetwork(form, weights: Weights(recorder))
        let path = FileManager.default.temporaryDirectory
            .appendingPathComponent("flowtok-modulation-\(UInt64.random(in: 0 ... .max)).safetensors").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Checkpoint.write(recorder.parameters, to: path)
        let source = CheckpointWeights(try Checkpoint(path: path))
        let table = VelocityNetwork(form, weights: Weights(PackingWeights(source, as: precision)))
        try source.verify()
        return (kept, table)
    }

    private func tokens(_ batch: Int) -> Tensor {
        var random = CounterRandom(seed: 8)
        return .randomNormal([batch, form.tokens, form.channels], using: &random)
    }

    private func difference(_ a: Tensor, _ b: Tensor) -> Float {
        zip(a.values, b.values).map { abs($0 - $1) }.max()! / a.values.map { abs($0) }.max()!
    }

    @Test func agreesWithTheNetworkThatKeepsItsMatrices() throws {
        let (kept, table) = try networks()
        let x = tokens(3)
        let times: [Float] = [0, 0.4, 0.99]
        let expected = kept(x, times: times, indicators: [0, 1, 2])
        #expect(expected.norm > 0)
        // Computed when it is first needed, and found the second time.
        #expect(difference(expected, table(x, times: times, indicators: [0, 1, 2])) < 1e-5)
        #expect(table(x, times: times, indicators: [0, 1, 2]).values == table(x, times: times, indicators: [0, 1, 2]).values)
    }

    @Test func aPreparedScheduleChangesNothing() throws {
        let integrator = FlowIntegrator(.heun, steps: 4)
        let (_, first) = try networks()
        let (_, second) = try networks()
        let pairs = Guidance(scale: 3, interval: 0...0.5).evaluations(at: integrator.evaluationTimes())
        second.prepare(pairs)
        // As a packed model keeps it.
        let (_, third) = try networks()
        third.keep(pairs, modulation: first.modulation(pairs))
        let x = tokens(2)
        let results = try [first, second, third].map { network in
            try integrator.integrate(x, velocity: { network.guided($0, time: $1, by: Guidance(scale: 3)) })
        }
        #expect(difference(results[0], results[1]) < 1e-6 && difference(results[0], results[2]) < 1e-6)
        // What was kept is what is used.
        let (_, fourth) = try networks()
        fourth.keep(pairs, modulation: .zeros([pairs.count, fourth.modulationWidth]))
        let other = try integrator.integrate(x, velocity: { fourth.guided($0, time: $1, by: Guidance(scale: 3)) })
        #expect(difference(results[0], other) > 1e-3)
    }

    @Test(arguments: Solver.allCases, [false, true])
    func schedulesTellTheTimesOfEveryEvaluation(_ solver: Solver, backward: Bool) throws {
        let integrator = FlowIntegrator(solver, steps: 3)
        var asked: [Float] = []
        _ = try integrator.integrate(Tensor([1], shape: [1, 1, 1]), backward: backward) { x, t in
            asked.append(t)
            return x * 0.1
        }
        let told = integrator.evaluationTimes(backward: backward)
        #expect(solver == .dopri5 ? told.isEmpty : told == asked)
    }

    @Test(arguments: [Precision.bfloat16, .int8])
    func narrowWeightsKeepAnExactTable(_ precision: Precision) throws {
        let (kept, table) = try networks(precision)
        let x = tokens(2)
        let narrow = Precision.$current.withValue(precision) { table(x, times: [0.3, 0.3], indicators: [0, 1]) }
        #expect(difference(kept(x, times: [0.3, 0.3], indicators: [0, 1]), narrow) < 0.05)
    }

    @Test func manyTasksAndMoreTimesThanThereIsRoomFor() async throws {
        let (kept, table) = try networks()
        let x = tokens(1)
        await withTaskGroup(of: Void.self) { group in
            for task in 0..<4 {
                group.addTask {
                    for step in 0..<20 {
                        let time = Float(task * 20 + step) / 80
                        let expected = kept(x, times: [time], indicators: [0])
                        #expect(difference(expected, table(x, times: [time], indicators: [0])) < 1e-5)
                    }
                }
            }
        }
    }
}

/// Weights none of which are zero: a fresh network's modulation is.
private final class LivelyVelocityWeights: WeightSource {
    func contains(_ name: String) -> Bool { true }

    func tensor(named name: String, shape: [Int], initial: Initializer) -> Tensor {
        var random = CounterRandom(seed: 9, stream: stableHash(name))
        let spread: Float = shape.count > 1 ? 1 / Float(shape[shape.count - 1]).squareRoot() : 0.1
        return Tensor.randomNormal(shape, using: &random) * spread
    }
}
