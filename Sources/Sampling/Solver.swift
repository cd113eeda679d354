import Files
import Foundation
import Tensors

/// How the flow's ordinary differential equation is integrated.
public enum Solver: String, Sendable, Codable, CaseIterable {
    /// Euler's method at the official evaluation times: one evaluation a step.
    case euler
    /// The explicit midpoint method: two evaluations a step.
    case midpoint
    /// Heun's method: two evaluations a step.
    case heun
    /// Adams-Bashforth of order 2 with one Euler step to start: one evaluation a step.
    case adamsBashforth2 = "ab2"
    /// Dormand-Prince 5(4) with adaptive steps (rtol = atol = 1e-5), as torchdiffeq does it; `steps` is not used.
    case dopri5
}

/// The equation could not be integrated.
public enum SolverError: Equatable, Sendable, CategorizedError {
    /// The velocity is not finite, at the time given.
    case notFinite(time: Float)
    /// The adaptive solver's steps became too small at the time given, or too many.
    case noConvergence(time: Double, evaluations: Int)

    public var description: String {
        switch self {
        case .notFinite(let time): "the velocity at t = \(time) is not finite: the weights or the guidance scale are unfit"
        case .noConvergence(let time, let evaluations):
            "dopri5 does not converge: its step vanishes at t = \(time) after \(evaluations) evaluations"
        }
    }

    public var category: ErrorCategory { .data }
}

/// Integrates dx/dt = v(x, t) from t = 0 to t = 1 - 1e-5 (reference section 8).
public struct FlowIntegrator: Sendable {
    public var solver: Solver
    /// K, at least 1.
    public var steps: Int

    public init(_ solver: Solver, steps: Int) {
        precondition(steps >= 1, "\(steps) steps")
        self.solver = solver
        self.steps = steps
    }

    private static let end = 1 - ProbabilityPath.sigma

    /// The official evaluation times of Euler's method: (1 - 1e-5) k/(K - 1), so that the last evaluation stands at the
    /// end, while each step is (1 - 1e-5)/K long.
    public static func eulerTimes(steps: Int) -> [Float] {
        steps == 1 ? [0] : (0..<steps).map { end * Float($0) / Float(steps - 1) }
    }

    /// The times at which the field will be evaluated, in order; empty for the adaptive solver, which chooses them on the way.
    public func evaluationTimes(backward: Bool = false) -> [Float] {
        let h = FlowIntegrator.end / Float(steps)
        let times: [Float] =
            switch solver {
            case .dopri5: []
            case .euler: FlowIntegrator.eulerTimes(steps: steps)
            case .adamsBashforth2: (0..<steps).map { h * Float($0) }
            case .midpoint: (0..<steps).flatMap { [h * Float($0), h * Float($0) + h / 2] }
            case .heun: (0..<steps).flatMap { [h * Float($0), h * Float($0) + h] }
            }
        return backward ? times.map { FlowIntegrator.end - $0 } : times
    }

    /// The tokens at the end. `progress` is called after every step and may throw to cancel. With `backward` the field is
    /// followed from the end to 0.
    public func integrate(
        _ start: Tensor, backward: Bool = false, velocity: (Tensor, Float) throws -> Tensor,
        progress: (SamplingStep<Tensor>) throws -> Void = { _ in }
    ) throws -> Tensor {
        if solver == .dopri5 {
            return try DormandPrince(end: Double(FlowIntegrator.end)).integrate(
                start,
                velocity: { x, t in
                    let v = try checked(velocity(x, backward ? FlowIntegrator.end - t : t), t)
                    return backward ? v * -1 : v
                }, progress: progress)
        }
        let h = FlowIntegrator.end / Float(steps)
        let sign: Float = backward ? -1 : 1
        func field(_ x: Tensor, _ t: Float) throws -> Tensor {
            try checked(velocity(x, backward ? FlowIntegrator.end - t : t), t)
        }
        func advanced(_ x: Tensor, _ v: Tensor, by step: Float) -> Tensor { x + v * (sign * step) }
        let times = FlowIntegrator.eulerTimes(steps: steps)
        var x = start
        var previous: Tensor?
        for k in 0..<steps {
            let t = h * Float(k)
            switch solver {
            case .euler, .dopri5:
                x = advanced(x, try field(x, times[k]), by: h)
            case .midpoint:
                let middle = advanced(x, try field(x, t), by: h / 2)
                x = advanced(x, try field(middle, t + h / 2), by: h)
            case .heun:
                let first = try field(x, t)
                let second = try field(advanced(x, first, by: h), t + h)
                x = advanced(x, first + second, by: h / 2)
            case .adamsBashforth2:
                let v = try field(x, t)
                if let before = previous {
                    x = advanced(x, v * 1.5 + before * -0.5, by: h)
                } else {
                    x = advanced(x, v, by: h)
                }
                previous = v
            }
            try progress(SamplingStep(step: k + 1, steps: steps, tokens: x))
        }
        return x
    }

    private func checked(_ v: Tensor, _ t: Float) throws -> Tensor {
        guard v.norm.isFinite else { throw SolverError.notFinite(time: t) }
        return v
    }
}
