/// An opaque sRGB colour, 8 bits a channel.
public struct Color: Sendable, Hashable {
    public var red: UInt8
    public var green: UInt8
    public var blue: UInt8

    public init(red: UInt8, green: UInt8, blue: UInt8) {
        self.red = red
        self.green = green
        self.blue = blue
    }

    /// The grey of the given brightness.
    public init(gray: UInt8) {
        self.init(red: gray, green: gray, blue: gray)
    }

    /// The colour of a web notation such as `0xFF8800`; bits above the lowest 24 are ignored.
    public init(hex: UInt32) {
        self.init(
            red: UInt8(truncatingIfNeeded: hex >> 16), green: UInt8(truncatingIfNeeded: hex >> 8),
            blue: UInt8(truncatingIfNeeded: hex))
    }

    public static let white = Color(gray: 255)
    public static let black = Color(gray: 0)
}
