/// A colour as hue in degrees, saturation and value (0 to 1).
struct HSV: Sendable {
    var hue: Double
    var saturation: Double
    var value: Double

    init(hue: Double, saturation: Double, value: Double) {
        self.hue = hue
        self.saturation = saturation
        self.value = value
    }

    init(red: UInt8, green: UInt8, blue: UInt8) {
        let r = Double(red) / 255
        let g = Double(green) / 255
        let b = Double(blue) / 255
        value = max(r, g, b)
        let range = value - min(r, g, b)
        saturation = value > 0 ? range / value : 0
        guard range > 0 else {
            hue = 0
            return
        }
        hue = 60 * (value == r ? (g - b) / range : value == g ? 2 + (b - r) / range : 4 + (r - g) / range)
        if hue < 0 { hue += 360 }
    }

    /// Red, green and blue, 0 to 255 and not rounded.
    var rgb: SIMD3<Double> {
        var turned = hue.truncatingRemainder(dividingBy: 360)
        if turned < 0 { turned += 360 }
        let sector = min(turned / 60, 5.999_999)
        let f = sector - sector.rounded(.down)
        let p = value * (1 - saturation)
        let q = value * (1 - saturation * f)
        let t = value * (1 - saturation * (1 - f))
        let colour: SIMD3<Double> =
            switch Int(sector) {
            case 0: [value, t, p]
            case 1: [q, value, p]
            case 2: [p, value, t]
            case 3: [p, q, value]
            case 4: [t, p, value]
            default: [value, p, q]
            }
        return 255 * colour
    }

    /// How far `hue` lies past `other`, -180 to 180.
    func turn(from other: Double) -> Double {
        var turn = (hue - other).truncatingRemainder(dividingBy: 360)
        if turn > 180 { turn -= 360 }
        if turn < -180 { turn += 360 }
        return turn
    }
}
