import Foundation

/// A learning rate that rises linearly over the warm-up and falls to a share of its peak.
public struct LearningRateSchedule: Sendable, Hashable, Codable {
    /// How it falls.
    public enum Decline: String, Sendable, Codable {
        /// Along a half cosine.
        case cosine
        /// With a square root over the last fifth of the steps, before which it is constant (GigaTok's generators).
        case squareRoot = "square_root"
    }

    public var peak: Float
    public var warmupSteps: Int
    public var totalSteps: Int
    /// The share of the peak at the end; 1 keeps the rate constant after the warm-up.
    public var finalFraction: Float
    public var decline: Decline

    public init(peak: Float, warmupSteps: Int, totalSteps: Int, finalFraction: Float = 0.05, decline: Decline = .cosine) {
        self.decline = decline
        self.peak = peak
        self.warmupSteps = warmupSteps
        self.totalSteps = totalSteps
        self.finalFraction = finalFraction
    }

    /// The rate of the update after `step` earlier ones.
    public func rate(at step: Int) -> Float {
        if step < warmupSteps { return peak * Float(step + 1) / Float(warmupSteps) }
        if decline == .squareRoot {
            let hold = totalSteps - totalSteps / 5
            let progress = min(1, max(0, Double(step - hold) / Double(max(1, totalSteps - hold))))
            return peak * (finalFraction + (1 - finalFraction) * Float(1 - progress.squareRoot()))
        }
        let length = max(1, totalSteps - warmupSteps)
        let progress = min(1, Double(step - warmupSteps) / Double(length))
        return peak * (finalFraction + (1 - finalFraction) * Float(0.5 * (1 + cos(.pi * progress))))
    }
}
