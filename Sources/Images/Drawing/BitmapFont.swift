/// Letters of 5 by 7 pixels for labels in plots and galleries: printable ASCII, anything else is a hollow box.
enum BitmapFont {
    static let width = 5
    static let height = 7

    /// Seven rows of a character from the top, five bits each, the leftmost pixel the highest bit.
    static func rows(of character: Character) -> [UInt8] {
        guard let code = character.asciiValue, (32...126).contains(code) else { return rows[rows.count - 1] }
        return rows[Int(code) - 32]
    }

    /// One base-32 digit a row, from the space to the tilde, then the box.
    private static let glyphs = """
        0000000 4444404 aaa0000 aavavaa 4fke5u4 op248j3 cik8lid 4480000 2488842 8422248 04lel40 044v440 0000c48 000v000
        00000cc 01248g0 ehjlphe 4c4444e eh1248v v2421he 26aiv22 vgu11he 68guhhe v124888 ehhehhe ehhf12c 0cc0cc0 0cc0c48
        248g842 00v0v00 8421248 eh12404 eh1dlle ehhvhhh uhhuhhu ehggghe sihhhis vgguggv vgguggg ehgnhhf hhhvhhh e44444e
        72222ic hikokih ggggggv hrllhhh hhpljhh ehhhhhe uhhuggg ehhhlid uhhukih fgge11u v444444 hhhhhhe hhhhha4 hhhllla
        hha4ahh hhha444 v1248gv e88888e 0g84210 e22222e 4ah0000 000000v 8420000 00e1fhf ggmphhu 00egghe 11djhhf 00ehvge
        698s888 0fhhf1e ggmphhh 40c444e 20622ic ggikoki c44444e 00qllhh 00mphhh 00ehhhe 00uhugg 00djf11 00mpggg 00ege1u
        88s8896 00hhhjd 00hhha4 00hhlla 00ha4ah 00hhf1e 00v248v 2448442 4444444 8442448 008l200 vhhhhhv
        """

    private static let rows: [[UInt8]] = glyphs.split(whereSeparator: \.isWhitespace).map { glyph in
        glyph.map { UInt8(String($0), radix: 32) ?? 0 }
    }
}

extension Image {
    /// The width of `text` as `draw(text:)` draws it, in pixels.
    public static func width(ofText text: String, scale: Int = 1) -> Int {
        max(0, text.count * (BitmapFont.width + 1) - 1) * scale
    }

    /// The height of a line that `draw(text:)` draws, in pixels.
    public static func textHeight(scale: Int = 1) -> Int { BitmapFont.height * scale }

    /// Draws one line of small letters with its top left corner in column `x` of row `y`; ASCII only, other characters
    /// become boxes. What leaves the picture is cut off.
    public mutating func draw(text: String, x: Int, y: Int, color: Color = .black, scale: Int = 1) {
        precondition(scale > 0, "text at scale \(scale)")
        var left = x
        for character in text {
            for (row, bits) in BitmapFont.rows(of: character).enumerated() {
                for column in 0..<BitmapFont.width where bits & (16 >> column) != 0 {
                    fill(
                        PixelRect(x: left + column * scale, y: y + row * scale, width: scale, height: scale), with: color)
                }
            }
            left += (BitmapFont.width + 1) * scale
        }
    }
}
