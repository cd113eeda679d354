import Foundation
import Images

/// Gives a picture of one main colour another one: what has that colour is changed with its shading; outlines, whites, eyes
/// and everything of another colour stay.
package struct Recolouring: Sendable {
    /// The main colour.
    private enum Main {
        /// A hue, with the middle saturation and value of the pixels that have it.
        case hue(HSV)
        /// White or light gray, with its middle value.
        case light(Double)
    }

    private let image: RGBAImage
    private let main: Main

    /// Finds the main colour of `image`; nil where it has none.
    package init?(_ image: RGBAImage) {
        self.image = image
        var pixels: [(colour: HSV, weight: Double)] = []
        for index in stride(from: 0, to: image.pixels.count, by: 4) where image.pixels[index + 3] > 32 {
            pixels.append((Self.colour(image, index), Double(image.pixels[index + 3]) / 255))
        }
        let total = pixels.reduce(0) { $0 + $1.weight }
        guard total > 0 else { return nil }
        let chromatic = pixels.filter { $0.colour.saturation >= 0.12 && $0.colour.value >= 0.22 }
        let coloured = chromatic.reduce(0) { $0 + $1.weight }
        if let hue = Self.mainHue(chromatic) {
            let members = chromatic.filter { abs($0.colour.turn(from: hue)) <= 35 }
            let share = members.reduce(0) { $0 + $1.weight }
            if share > 0.38 * total, share > 0.62 * coloured {
                main = .hue(
                    HSV(
                        hue: hue, saturation: Self.median(members.map { ($0.colour.saturation, $0.weight) }),
                        value: Self.median(members.map { ($0.colour.value, $0.weight) })))
                return
            }
        }
        let light = pixels.filter { $0.colour.saturation < 0.2 && $0.colour.value > 0.62 }
        guard light.reduce(0, { $0 + $1.weight }) > 0.5 * total, coloured < 0.35 * total else { return nil }
        let value = Self.median(light.map { ($0.colour.value, $0.weight) })
        // Paper without shading: a change would only fill it.
        guard value < 0.985 else { return nil }
        main = .light(value)
    }

    /// The picture in another colour.
    package func painted(_ name: ColourName) -> RGBAImage {
        guard let target = Self.targets[name] else { return image }
        var pixels = image.pixels
        for index in stride(from: 0, to: pixels.count, by: 4) where pixels[index + 3] > 0 {
            let colour = Self.colour(image, index)
            let (share, changed) = change(colour, to: target, name)
            guard share > 0 else { continue }
            let painted = changed.rgb
            for channel in 0..<3 {
                let mixed = Double(pixels[index + channel]) * (1 - share) + painted[channel] * share
                pixels[index + channel] = UInt8(min(max(mixed.rounded(), 0), 255))
            }
        }
        return RGBAImage(width: image.width, height: image.height, pixels: pixels)
    }

    /// How much of a pixel has the main colour, and what becomes of that part.
    private func change(_ colour: HSV, to target: HSV, _ name: ColourName) -> (share: Double, HSV) {
        var result = target
        let share: Double
        let brightness: Double
        let highlight: Double
        switch main {
        case .hue(let middle):
            let turn = colour.turn(from: middle.hue)
            share =
                (1 - Self.step(abs(turn), 32, 45)) * Self.step(colour.saturation, 0.22 * middle.saturation, 0.5 * middle.saturation)
                * Self.step(colour.value, 0.1, 0.2)
            // Shading turns the hue a little; a wide turn would leave the name of the colour.
            result.hue += min(max(turn * 0.35, -7), 7)
            let ratio = min(colour.saturation / middle.saturation, 1.6)
            let deepening = 1 + (ratio - 1) * 0.4 * (1 - target.saturation) / target.saturation
            result.saturation *= ratio < 1 ? pow(ratio, 0.9) : deepening
            brightness = colour.value / middle.value
            highlight = Self.highlight(brightness, middle.value)
            result.value = brightness <= 1 ? target.value * pow(brightness, 0.85) : target.value + (1 - target.value) * highlight * 0.7
        case .light(let middle):
            share = (1 - Self.step(colour.saturation, 0.22, 0.34)) * Self.step(colour.value, 0.3, 0.5)
            brightness = colour.value / middle
            highlight = Self.highlight(brightness, middle)
            result.saturation *= 1.1 - 0.3 * Self.step(colour.value, middle, 1)
            result.value *= brightness <= 1 ? pow(brightness, 1.15) : 1 + 0.04 * (brightness - 1)
        }
        if name == .black { result.value = brightness <= 1 ? target.value * pow(brightness, 0.8) : target.value + 0.25 * highlight }
        if name == .white {
            result.value = brightness <= 1 ? 0.97 * pow(brightness, 0.45) : 0.97
            result.saturation = min(result.saturation, 0.06)
        }
        result.saturation = min(max(result.saturation, 0), 1)
        result.value = min(max(result.value, 0), 1)
        return (share, result)
    }

    /// Colours that `DominantColour` and people call by these names.
    private static let targets: [ColourName: HSV] = [
        .red: HSV(hue: 1, saturation: 0.84, value: 0.9), .orange: HSV(hue: 28, saturation: 0.88, value: 0.98),
        .yellow: HSV(hue: 49, saturation: 0.76, value: 0.99), .green: HSV(hue: 112, saturation: 0.62, value: 0.68),
        .blue: HSV(hue: 214, saturation: 0.74, value: 0.88), .purple: HSV(hue: 276, saturation: 0.58, value: 0.72),
        .pink: HSV(hue: 332, saturation: 0.42, value: 0.98), .brown: HSV(hue: 22, saturation: 0.58, value: 0.52),
        .black: HSV(hue: 230, saturation: 0.1, value: 0.17), .white: HSV(hue: 220, saturation: 0.03, value: 0.97),
    ]

    /// How far a pixel lies between the middle brightness (1) and white.
    private static func highlight(_ brightness: Double, _ middle: Double) -> Double {
        min(max((brightness - 1) / max(1 / middle - 1, 0.05), 0), 1)
    }

    private static func colour(_ image: RGBAImage, _ index: Int) -> HSV {
        HSV(red: image.pixels[index], green: image.pixels[index + 1], blue: image.pixels[index + 2])
    }

    /// The hue about which most of the colour lies.
    private static func mainHue(_ pixels: [(colour: HSV, weight: Double)]) -> Double? {
        var bins = [Double](repeating: 0, count: 72)
        for pixel in pixels { bins[Int(pixel.colour.hue / 5) % 72] += pixel.weight * min(1, 2 * pixel.colour.saturation) }
        let sums = bins.indices.map { centre in (-5...5).reduce(0) { $0 + bins[(centre + $1 + 72) % 72] } }
        guard let best = sums.max(), best > 0, let bin = sums.firstIndex(of: best) else { return nil }
        let centre = Double(bin) * 5 + 2.5
        var weight = 0.0
        var turn = 0.0
        for pixel in pixels where abs(pixel.colour.turn(from: centre)) <= 30 {
            weight += pixel.weight * pixel.colour.saturation
            turn += pixel.weight * pixel.colour.saturation * pixel.colour.turn(from: centre)
        }
        return weight > 0 ? centre + turn / weight : centre
    }

    private static func median(_ values: [(value: Double, weight: Double)]) -> Double {
        let sorted = values.sorted { $0.value < $1.value }
        var rest = sorted.reduce(0) { $0 + $1.weight } / 2
        for (value, weight) in sorted {
            rest -= weight
            if rest <= 0 { return value }
        }
        return sorted.last?.value ?? 0
    }

    /// A smooth step from 0 at `low` to 1 at `high`.
    private static func step(_ value: Double, _ low: Double, _ high: Double) -> Double {
        guard high > low else { return value < low ? 0 : 1 }
        let t = min(max((value - low) / (high - low), 0), 1)
        return t * t * (3 - 2 * t)
    }
}
