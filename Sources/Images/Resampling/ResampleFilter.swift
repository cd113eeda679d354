/// How pixels are weighted when a picture changes its size. Shrinking widens every filter by the shrink factor, so that
/// all pixels count (antialiasing), as Pillow does.
public enum ResampleFilter: Sendable, Hashable, CaseIterable {
    /// The mean of the area that a pixel covers.
    case box
    /// A triangle two pixels wide.
    case bilinear
    /// Keys' cubic with a = -0.5, four pixels wide; what the field's preprocessing uses.
    case bicubic

    /// How far from its centre the filter reaches, in source pixels.
    var support: Double {
        switch self {
        case .box: 0.5
        case .bilinear: 1
        case .bicubic: 2
        }
    }

    /// The weight at distance `x` from the centre; weights are normalised by their sum afterwards.
    func weight(at x: Double) -> Double {
        switch self {
        case .box:
            return x > -0.5 && x <= 0.5 ? 1 : 0
        case .bilinear:
            return max(0, 1 - abs(x))
        case .bicubic:
            let x = abs(x)
            // (a + 2)x³ - (a + 3)x² + 1, then a(x³ - 5x² + 8x - 4), with a = -0.5.
            if x < 1 { return (1.5 * x - 2.5) * x * x + 1 }
            if x < 2 { return -0.5 * (((x - 5) * x + 8) * x - 4) }
            return 0
        }
    }
}
