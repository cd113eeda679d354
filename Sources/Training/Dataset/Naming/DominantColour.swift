import Images

/// The colours that captions name.
public enum ColourName: String, Codable, Sendable, CaseIterable {
    case red, orange, yellow, green, blue, purple, pink, brown, black, white, gray
}

/// Finds the colour that a person would call a sprite by.
package enum DominantColour {
    /// The colour of most of the visible pixels, nil where none clearly dominates.
    ///
    /// Outlines are black and highlights white in nearly every drawing, so that these two count only where hardly
    /// anything else is there.
    package static func name(of sprite: RGBAImage, share: Double = 0.6) -> ColourName? {
        var weights: [ColourName: Double] = [:]
        var total = 0.0
        sprite.pixels.withUnsafeBufferPointer { pixels in
            for index in stride(from: 0, to: pixels.count, by: 4) where pixels[index + 3] > 32 {
                let weight = Double(pixels[index + 3]) / 255
                weights[name(red: pixels[index], green: pixels[index + 1], blue: pixels[index + 2]), default: 0] += weight
                total += weight
            }
        }
        guard total > 0 else { return nil }
        let neutral = (weights[.black] ?? 0) + (weights[.white] ?? 0) + (weights[.gray] ?? 0)
        let chromatic = weights.filter { ![.black, .white, .gray].contains($0.key) }
        // Ties are broken by the order of the names, not by the dictionary's.
        let ranked = chromatic.sorted { ($0.value, $1.key.rawValue) > ($1.value, $0.key.rawValue) }
        if let best = ranked.first, total - neutral > 0.3 * total, best.value > share * (total - neutral), best.value > 0.35 * total { return best.key }
        for colour in [ColourName.black, .white, .gray] where (weights[colour] ?? 0) > 0.8 * total { return colour }
        return nil
    }

    /// The name of one colour.
    package static func name(red: UInt8, green: UInt8, blue: UInt8) -> ColourName {
        let r = Double(red) / 255
        let g = Double(green) / 255
        let b = Double(blue) / 255
        let high = max(r, g, b)
        let low = min(r, g, b)
        let range = high - low
        if high < 0.2 { return .black }
        let saturation = range / high
        if saturation < 0.13 || range < 0.09 {
            if high > 0.9 { return .white }
            return high < 0.3 ? .black : .gray
        }
        var hue: Double
        if high == r { hue = (g - b) / range } else if high == g { hue = 2 + (b - r) / range } else { hue = 4 + (r - g) / range }
        hue *= 60
        if hue < 0 { hue += 360 }
        switch hue {
        case ..<14, 346...:
            if high < 0.5 { return .brown }
            return saturation < 0.5 && high > 0.75 ? .pink : .red
        case ..<42:
            // Brown is dark orange; skin and sand are pale orange and have no name here that anyone would use.
            if high < 0.72 || saturation < 0.45 && high < 0.85 { return .brown }
            return .orange
        case ..<68: return high < 0.5 ? .brown : .yellow
        case ..<165: return .green
        case ..<255: return .blue
        case ..<295: return .purple
        default:
            return high < 0.55 ? .purple : .pink
        }
    }
}
