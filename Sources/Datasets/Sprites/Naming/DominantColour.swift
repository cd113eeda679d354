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
        let area = Double(sprite.width * sprite.height)
        sprite.pixels.withUnsafeBufferPointer { pixels in
            for index in stride(from: 0, to: pixels.count, by: 4) where pixels[index + 3] > 32 {
                let weight = Double(pixels[index + 3]) / 255
                total += weight
                if let colour = name(red: pixels[index], green: pixels[index + 1], blue: pixels[index + 2]) { weights[colour, default: 0] += weight }
            }
        }
        guard total > 0 else { return nil }
        let neutral = (weights[.black] ?? 0) + (weights[.white] ?? 0) + (weights[.gray] ?? 0)
        let chromatic = weights.filter { ![.black, .white, .gray].contains($0.key) }
        // Ties are broken by the order of the names, not by the dictionary's.
        let ranked = chromatic.sorted { ($0.value, $1.key.rawValue) > ($1.value, $0.key.rawValue) }
        if let best = ranked.first, total - neutral > 0.3 * total, best.value > share * (total - neutral), best.value > 0.35 * total { return best.key }
        // A drawing in thin black lines is not a black thing.
        for colour in [ColourName.black, .white, .gray] where total > 0.4 * area && (weights[colour] ?? 0) > 0.75 * total { return colour }
        // White things are shaded in light gray.
        let white = weights[.white] ?? 0
        if white + (weights[.gray] ?? 0) > 0.8 * total, white > 0.55 * total { return .white }
        return nil
    }

    /// The name of one colour; nil for those that have no name here, such as skin, sand and beige.
    package static func name(red: UInt8, green: UInt8, blue: UInt8) -> ColourName? {
        let r = Double(red) / 255
        let g = Double(green) / 255
        let b = Double(blue) / 255
        let high = max(r, g, b)
        let range = high - min(r, g, b)
        if high < 0.22 { return .black }
        let saturation = range / high
        if saturation < 0.13 || range < 0.09 { return neutral(high) }
        var hue: Double
        if high == r { hue = (g - b) / range } else if high == g { hue = 2 + (b - r) / range } else { hue = 4 + (r - g) / range }
        hue *= 60
        if hue < 0 { hue += 360 }
        switch hue {
        case ..<16, 346...:
            // Dull dark red with a hint of orange is the brown of bears and chocolate.
            if high < 0.68, (4..<16).contains(hue), saturation < 0.85 { return .brown }
            if high < 0.4 { return .brown }
            return saturation < 0.5 ? (high > 0.75 ? .pink : .brown) : .red
        case ..<40:
            if high < 0.75 { return .brown }
            if saturation < 0.5 { return hue > 34 ? .yellow : nil }
            return .orange
        case ..<68: return high < 0.5 ? .brown : .yellow
        case ..<165: return saturation < 0.16 ? .gray : .green
        case ..<255: return saturation < 0.25 || saturation < 0.32 && high < 0.7 ? neutral(high) : .blue
        case ..<312: return .purple
        default: return high < 0.5 ? .purple : .pink
        }
    }

    private static func neutral(_ brightness: Double) -> ColourName {
        brightness > 0.84 ? .white : brightness < 0.3 ? .black : .gray
    }
}

/// The words that name colours, other than those of `ColourName`.
enum ColourWords {
    /// Whether a colour before `name` says something new: it holds none, and is no list such as "flag: Japan".
    static func allows(_ name: String) -> Bool {
        let words = name.lowercased().split(whereSeparator: { !$0.isLetter }).map(String.init)
        return !name.contains(":") && !words.contains { ColourName(rawValue: $0) != nil || others.contains($0) }
    }

    private static let others: Set<String> = [
        "grey", "golden", "silver", "gold", "colored", "rainbow", "teal", "tan", "beige", "color", "colour",
    ]
}
