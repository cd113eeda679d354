/// The upper controls U+0080...U+009F read as the bytes of Windows-1252 that they mostly are.
enum Windows1252 {
    /// From 0x80 on; zero where Windows-1252 has no character.
    private static let characters: [UInt32] = [
        0x20ac, 0, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0, 0x017d, 0,
        0, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0, 0x017e, 0x0178,
    ]

    /// The character that was meant by a control, or the scalar itself.
    static func character(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
        guard (0x80...0x9f).contains(scalar.value) else { return scalar }
        let value = characters[Int(scalar.value) - 0x80]
        return value == 0 ? scalar : Unicode.Scalar(value) ?? scalar
    }
}
