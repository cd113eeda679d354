/// Classifier-free guidance between the conditional and the unconditional field.
public struct Guidance: Sendable, Hashable {
    /// s in v_null + s (v_cond - v_null); 1 follows the caption alone and needs one evaluation instead of two.
    public var scale: Float
    /// The times within which guidance applies; outside, the conditional field is followed.
    public var interval: ClosedRange<Float>

    public init(scale: Float, interval: ClosedRange<Float> = 0...1) {
        self.scale = scale
        self.interval = interval
    }
}

extension Guidance {
    /// Whether the unconditional field has a say at a time.
    package func applies(at time: Float) -> Bool { scale != 1 && interval.contains(time) }
}

/// How the conditional and the unconditional velocity become one.
public enum GuidanceMethod: String, Sendable, Codable, CaseIterable {
    /// Classifier-free guidance: v_u + g (v_c - v_u).
    case classifierFree = "cfg"
    /// Adaptive projected guidance: see `ProjectedGuidance`.
    case projected = "apg"
}
