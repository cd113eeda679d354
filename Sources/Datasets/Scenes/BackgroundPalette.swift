import Images

/// A background that a caption can name.
public struct BackgroundColour: Codable, Sendable, Equatable {
    /// The word: "blue".
    public var name: String
    public var red: UInt8
    public var green: UInt8
    public var blue: UInt8

    public init(_ name: String, _ red: UInt8, _ green: UInt8, _ blue: UInt8) {
        self.name = name
        self.red = red
        self.green = green
        self.blue = blue
    }

    /// The colour of the pixels.
    public var color: Color { Color(red: red, green: green, blue: blue) }

    /// Paper: the background that captions need not mention.
    public static let white = BackgroundColour("white", 255, 255, 255)

    /// Ten colours that a person, and a nearest-colour rule over the usual palette, both call by these names.
    public static let palette: [BackgroundColour] = [
        BackgroundColour("red", 245, 52, 48),
        BackgroundColour("orange", 255, 158, 48),
        BackgroundColour("yellow", 255, 230, 66),
        BackgroundColour("green", 48, 166, 62),
        BackgroundColour("blue", 56, 108, 240),
        BackgroundColour("purple", 148, 54, 184),
        BackgroundColour("pink", 255, 178, 205),
        BackgroundColour("brown", 142, 86, 46),
        BackgroundColour("black", 24, 24, 28),
        BackgroundColour("gray", 152, 152, 156),
    ]

    /// White or the colour of the palette that is nearest to another.
    package static func nearest(to color: Color) -> BackgroundColour {
        func distance(_ other: Color) -> Int {
            [(other.red, color.red), (other.green, color.green), (other.blue, color.blue)]
                .reduce(0) { $0 + (Int($1.0) - Int($1.1)) * (Int($1.0) - Int($1.1)) }
        }
        return palette.reduce(.white) { distance($1.color) < distance($0.color) ? $1 : $0 }
    }
}
