import Foundation

/// How the scale of classifier-free guidance changes along a sequence of tokens, in the terms of the published samplers. 1 is
/// no guidance.
public enum GuidanceSchedule: Sendable, Hashable {
    case constant
    /// From 1 towards the full scale along a cosine of a power of progress (RAR, MaskGIT over TiTok-S-128); 0 is constant.
    case powerCosine(power: Double)
    /// From 1 to the full scale.
    case linear
    /// From the full scale to 1.
    case linearReversed
    /// Up to the full scale at a half, and down again.
    case triangular
    /// The full scale between two parts of the way, 1 outside.
    case window(ClosedRange<Double>)

    /// The scale after the part `progress`, 0 to 1, of the way.
    public func scale(_ full: Double, at progress: Double) -> Double {
        switch self {
        case .constant: full
        case .powerCosine(let power): (full - 1) * 0.5 * (1 - cos(Double.pi * pow(progress, power))) + 1
        case .linear: 1 + (full - 1) * progress
        case .linearReversed: 1 + (full - 1) * (1 - progress)
        case .triangular: 1 + (full - 1) * (progress < 0.5 ? 2 * progress : 2 - 2 * progress)
        case .window(let range): range.contains(progress) ? full : 1
        }
    }
}
