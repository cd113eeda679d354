import Foundation
import Networks
import Sampling
import Tensors
import TestSupport
import Testing

/// The solvers on equations whose solutions are known.
@Suite struct SolverTests {
    private let start = Tensor([1, -2, 0.5], shape: [1, 1, 3])
    private static let end = 1 - ProbabilityPath.sigma

    /// The error at the end of dx/dt = -x + t, whose solution is t - 1 + (x0 + 1) e^-t.
    private func error(_ solver: Solver, steps: Int, backward: Bool = false) throws -> Double {
        let end = Double(Self.end)
        let exact = start.values.map { end - 1 + (Double($0) + 1) * exp(-end) }
        let from = backward ? Tensor(exact.map { Float($0) }, shape: start.shape) : start
        let goal = backward ? start.values.map { Double($0) } : exact
        let result = try FlowIntegrator(solver, steps: steps).integrate(from, backward: backward) { x, t in x * -1 + t }
        return zip(result.values, goal).map { abs(Double($0) - $1) }.max() ?? 0
    }

    @Test(arguments: [(Solver.midpoint, 2.0), (.heun, 2.0), (.adamsBashforth2, 2.0)], [false, true])
    func convergenceOrder(solver: (Solver, Double), backward: Bool) throws {
        let (coarse, fine) = (
            try error(solver.0, steps: 16, backward: backward), try error(solver.0, steps: 32, backward: backward)
        )
        #expect(abs(log2(coarse / fine) - solver.1) < 0.4, "\(coarse) \(fine)")
        #expect(fine < 2e-3)
    }

    /// The official times are not those of the steps, so that Euler's method is of order 1 with a larger constant.
    @Test func eulerConverges() throws {
        let (coarse, fine) = (try error(.euler, steps: 50), try error(.euler, steps: 200))
        #expect(fine < coarse / 3 && fine < 0.02)
    }

    @Test(arguments: [false, true])
    func adaptiveStepsKeepTheTolerance(backward: Bool) throws {
        #expect(try error(.dopri5, steps: 1, backward: backward) < 3e-5)
    }

    @Test func officialEulerTimes() {
        #expect(FlowIntegrator.eulerTimes(steps: 1) == [0])
        #expect(FlowIntegrator.eulerTimes(steps: 2) == [0, Self.end])
        let times = FlowIntegrator.eulerTimes(steps: 20)
        #expect(times.count == 20 && times[0] == 0 && abs(times[19] - Self.end) < 1e-7)
        #expect(abs(times[1] - Self.end / 19) < 1e-7)
    }

    @Test(arguments: Solver.allCases)
    func progressAndCancelling(solver: Solver) throws {
        var steps: [Int] = []
        let result = try FlowIntegrator(solver, steps: 4).integrate(start) { x, _ in
            x
        } progress: { progress in
            steps.append(progress.step)
            #expect(progress.steps >= progress.step && progress.tokens.shape == start.shape)
        }
        #expect(steps == Array(1...steps.count))
        #expect(solver == .dopri5 || steps.count == 4)
        #expect(result.shape == start.shape)
        #expect(throws: CancellationError.self) {
            try FlowIntegrator(solver, steps: 4).integrate(start) { x, _ in
                x
            } progress: { _ in
                throw CancellationError()
            }
        }
    }

    @Test(arguments: Solver.allCases, [Float.nan, .infinity])
    func velocitiesThatAreNotFinite(solver: Solver, value: Float) {
        #expect(throws: SolverError.self) {
            try FlowIntegrator(solver, steps: 3).integrate(start) { x, _ in x * 0 + value }
        }
    }

    @Test func explodingFieldsEnd() {
        #expect(throws: SolverError.self) {
            try FlowIntegrator(.dopri5, steps: 1).integrate(start * 4) { x, _ in x * x * x }
        }
    }

    @Test func pathAndVelocity() {
        let (source, target) = (Tensor.normal([2, 3, 4], seed: 1), Tensor.normal([2, 3, 4], seed: 2))
        #expect(ProbabilityPath.point(from: source, to: target, at: [0, 0]).values == source.values)
        let end = ProbabilityPath.point(from: source, to: target, at: [1, 1])
        let expected = zip(source.values, target.values).map { 1e-5 * $0 + $1 }
        #expect(zip(end.values, expected).allSatisfy { abs($0 - $1) < 1e-6 })
        let velocity = ProbabilityPath.velocity(from: source, to: target)
        let (early, late) = (
            ProbabilityPath.point(from: source, to: target, at: [0.25, 0.5]),
            ProbabilityPath.point(from: source, to: target, at: [0.5, 1])
        )
        let moved = early + velocity.scaledPerSample([0.25, 0.5])
        #expect(zip(moved.values, late.values).allSatisfy { abs($0 - $1) < 1e-6 })
    }
}
