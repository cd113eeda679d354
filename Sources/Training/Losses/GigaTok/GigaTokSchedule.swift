import Foundation

/// The learning rates of GigaTok's trainings (reference sections 8 and 9): a linear rise from a hundredth of the peak, and
/// then a half cosine to an end, or a constant rate that falls with a square root over the last part.
public struct GigaTokSchedule: Sendable, Hashable {
    public enum Decline: Sendable, Hashable {
        /// Along a half cosine to this rate.
        case cosine(end: Float)
        /// Over this share of the steps, to 0.
        case squareRoot(share: Float)
    }

    public var peak: Float
    public var warmupSteps: Int
    public var totalSteps: Int
    public var decline: Decline

    public init(peak: Float = 1e-4, warmupSteps: Int, totalSteps: Int, decline: Decline = .cosine(end: 1e-5)) {
        self.peak = peak
        self.warmupSteps = warmupSteps
        self.totalSteps = totalSteps
        self.decline = decline
    }

    /// The rate after `step` updates.
    public func rate(at step: Int) -> Float {
        if step < warmupSteps {
            let share = Double(step) / Double(warmupSteps)
            return peak * Float(share + (1 - share) / 100)
        }
        switch decline {
        case .cosine(let end):
            let progress = Double(step - warmupSteps) / Double(max(1, totalSteps - warmupSteps))
            return end + (peak - end) * Float(0.5 * (1 + cos(.pi * min(1, progress))))
        case .squareRoot(let share):
            let hold = Int((Double(totalSteps) * (1 - Double(share))).rounded())
            guard step > hold, hold < totalSteps else { return peak }
            return peak * Float(1 - min(1, Double(step - hold) / Double(totalSteps - hold)).squareRoot())
        }
    }
}
