/// The values of the 8-bit floating-point types, by their bits.
enum Float8 {
    /// The table of a type; nil where the type has more bits or none.
    static func values(of type: ElementType) -> [Float]? {
        switch type {
        case .f8E4M3: e4m3
        case .f8E5M2: e5m2
        case .f8E4M3FNUZ: e4m3FNUZ
        case .f8E5M2FNUZ: e5m2FNUZ
        case .f8E8M0: e8m0
        default: nil
        }
    }

    private static let e4m3 = (0..<256).map { byte -> Float in
        byte & 0x7f == 0x7f ? .nan : value(byte, fractionBits: 3, bias: 7)
    }

    private static let e5m2 = (0..<256).map { byte -> Float in
        guard byte & 0x7c == 0x7c else { return value(byte, fractionBits: 2, bias: 15) }
        if byte & 3 != 0 { return .nan }
        return byte & 0x80 == 0 ? .infinity : -.infinity
    }

    private static let e4m3FNUZ = (0..<256).map { $0 == 0x80 ? Float.nan : value($0, fractionBits: 3, bias: 8) }
    private static let e5m2FNUZ = (0..<256).map { $0 == 0x80 ? Float.nan : value($0, fractionBits: 2, bias: 16) }

    private static let e8m0 = (0..<256).map { byte -> Float in
        byte == 255 ? .nan : Float(sign: .plus, exponent: byte - 127, significand: 1)
    }

    /// A value with an exponent of all bits between sign and fraction.
    private static func value(_ byte: Int, fractionBits: Int, bias: Int) -> Float {
        let fraction = byte & ((1 << fractionBits) - 1)
        let exponent = (byte & 0x7f) >> fractionBits
        let significand = Float(fraction) / Float(1 << fractionBits)
        let magnitude =
            exponent == 0
            ? Float(sign: .plus, exponent: 1 - bias, significand: significand)
            : Float(sign: .plus, exponent: exponent - bias, significand: 1 + significand)
        return byte & 0x80 == 0 ? magnitude : -magnitude
    }
}
