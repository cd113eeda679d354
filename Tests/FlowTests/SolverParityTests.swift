import Flow
import Foundation
import Tensors
import TestSupport
import Testing

/// Guided integration of the velocity network against the official samplers' outputs.
@Suite struct SolverParityTests {
    @Test(
        "Euler's method and dopri5 agree with the official samplers",
        .enabled(if: Goldens.areAvailable, Comment(rawValue: Goldens.absence)),
        arguments: Goldens.cases(of: "flowtok", prefix: "flowtok_", full: false))
    func agrees(_ name: String) throws {
        let golden = try GoldenCase("flowtok", name)
        let network = try velocityNetwork(golden, golden.weights)
        let start = try golden.tensor("x0")
        let runs = golden.outputs.compactMap { SamplerRun($0) }
        #expect(!runs.isEmpty)
        let report = GoldenReport(name)
        for run in runs {
            var evaluations = 0
            var reports = 0
            let guidance = Guidance(scale: run.scale)
            let result = try FlowIntegrator(run.solver, steps: run.steps).integrate(start) { x, t in
                evaluations += 1
                return network.guided(x, time: t, by: guidance)
            } progress: { _ in
                reports += 1
            }
            report.compare(
                run.output, result, try golden.golden(run.output), tolerance: run.solver == .dopri5 ? 2e-4 : 2e-5)
            if run.solver == .dopri5 {
                #expect(try golden.integers("dopri5_nfe") == [evaluations])
            } else {
                #expect(evaluations == run.steps && reports == run.steps)
            }
        }
        report.print()
        #expect(report.failures.isEmpty, "\(report.failures.joined(separator: "\n"))")
    }

    @Test(
        "Guidance of scale 1 is the conditional field",
        .enabled(if: Goldens.areAvailable, Comment(rawValue: Goldens.absence)),
        arguments: Goldens.cases(of: "flowtok", prefix: "flowtok_", full: false))
    func unguided(_ name: String) throws {
        let golden = try GoldenCase("flowtok", name)
        let network = try velocityNetwork(golden, golden.weights)
        let x = try golden.tensor("x0")
        let batch = x.shape[0]
        func field(_ indicator: Indicator) -> Tensor {
            network(
                x, times: .init(repeating: 0.5, count: batch),
                indicators: .init(repeating: indicator.rawValue, count: batch))
        }
        let (conditional, unconditional) = (field(.conditional), field(.unconditional))
        #expect(network.guided(x, time: 0.5, by: Guidance(scale: 1)).values == conditional.values)
        #expect(network.guided(x, time: 0.5, by: Guidance(scale: 4, interval: 0.6...1)).values == conditional.values)
        let expected = unconditional + (conditional - unconditional) * 4
        let guided = network.guided(x, time: 0.5, by: Guidance(scale: 4))
        #expect(zip(guided.values, expected.values).allSatisfy { abs($0 - $1) < 1e-5 })
    }
}

/// What the name of a stored result says of the run: `euler_<steps>_<mode>_cfg<scale>` or `dopri5_cfg<scale>`. The
/// official step modes differ in name only (reference section 8).
private struct SamplerRun {
    let output: String
    let solver: Solver
    let steps: Int
    let scale: Float

    init?(_ output: String) {
        guard let at = output.range(of: "_cfg", options: .backwards), let scale = Float(output[at.upperBound...]) else {
            return nil
        }
        let words = output[..<at.lowerBound].split(separator: "_")
        guard let solver = words.first.flatMap({ Solver(rawValue: String($0)) }) else { return nil }
        self.output = output
        self.solver = solver
        self.scale = scale
        steps = words.count > 1 ? Int(words[1]) ?? 1 : 1
    }
}
