import Images
import TestSupport
import Testing

/// An Exif block made by hand: one directory with the entries given, each a tag, a type, a count and four bytes.
func exifBlock(_ entries: [(tag: Int, type: Int, count: Int, value: [UInt8])], bigEndian: Bool = true) -> [UInt8] {
    func number(_ value: Int, _ count: Int) -> [UInt8] {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
        return bigEndian ? bytes.reversed() : bytes
    }
    var block = Array((bigEndian ? "MM" : "II").utf8) + number(42, 2) + number(8, 4) + number(entries.count, 2)
    for entry in entries { block += number(entry.tag, 2) + number(entry.type, 2) + number(entry.count, 4) + entry.value }
    return block + number(0, 4)
}

/// A block that says how the picture lies.
func exifBlock(orientation: Int, bigEndian: Bool = true) -> [UInt8] {
    let value = [UInt8(truncatingIfNeeded: orientation >> 8), UInt8(truncatingIfNeeded: orientation)]
    return exifBlock([(0x0112, 3, 1, (bigEndian ? value : value.reversed()) + [0, 0])], bigEndian: bigEndian)
}

/// Puts an Exif block into a file without one.
func inserting(exif: [UInt8], into bytes: [UInt8], _ format: ImageFormat) -> [UInt8] {
    switch format {
    case .png: return bytes[..<33] + PNGBuilder.chunk("eXIf", exif) + bytes[33...]
    case .jpeg:
        let data = Array("Exif\0\0".utf8) + exif
        return [0xFF, 0xD8, 0xFF, 0xE1, UInt8((data.count + 2) >> 8), UInt8((data.count + 2) & 255)] + data + bytes[2...]
    case .webp:
        let padded = exif + [UInt8](repeating: 0, count: exif.count % 2)
        let size = PNGBuilder.bigEndian(bytes.count - 8 + 8 + padded.count).reversed()
        return bytes[..<4] + size + bytes[8...] + Array("EXIF".utf8) + PNGBuilder.bigEndian(exif.count).reversed() + padded
    }
}

@Suite("Orientation")
struct OrientationTests {
    /// 3 by 2 pixels, a to f.
    private static let rows = ["abc", "def"]
    /// What is to be seen for each value, from pictures of the letter F in the standard's annex.
    private static let seen: [Int: [String]] = [
        1: ["abc", "def"], 2: ["cba", "fed"], 3: ["fed", "cba"], 4: ["def", "abc"],
        5: ["ad", "be", "cf"], 6: ["da", "eb", "fc"], 7: ["fc", "eb", "da"], 8: ["cf", "be", "ad"],
    ]

    private static func image(_ rows: [String]) -> Image {
        let pixels = rows.joined().utf8.flatMap { [$0, $0 / 2, 255 - $0] }
        return Image(width: rows[0].utf8.count, height: rows.count, pixels: pixels)
    }

    @Test("every value is obeyed in every format", arguments: 1...8, [true, false])
    func obeyed(value: Int, bigEndian: Bool) throws {
        let exif = exifBlock(orientation: value, bigEndian: bigEndian)
        let stored = Self.image(Self.rows)
        let expected = Self.image(try #require(Self.seen[value]))
        for (format, quality) in [(ImageFormat.png, 90), (.webp, 100)] {
            let bytes = inserting(exif: exif, into: try stored.encoded(as: format, quality: quality), format)
            let read = try Image.read(data: bytes)
            #expect(read.image == expected && read.warnings == [], "\(format)")
            #expect(try RGBAImage(data: bytes) == RGBAImage(expected))
        }
        // Blocks of one colour, which a JPEG keeps.
        var large = Image(width: 48, height: 32, filled: .white)
        var turned = Image(width: expected.width * 16, height: expected.height * 16, filled: .white)
        for y in 0..<2 { for x in 0..<3 { large.fill(PixelRect(x: 16 * x, y: 16 * y, width: 16, height: 16), with: stored[x, y]) } }
        for y in 0..<expected.height {
            for x in 0..<expected.width { turned.fill(PixelRect(x: 16 * x, y: 16 * y, width: 16, height: 16), with: expected[x, y]) }
        }
        let read = try Image(data: inserting(exif: exif, into: large.encoded(as: .jpeg, quality: 100), .jpeg))
        #expect(read.width == turned.width && zip(read.pixels, turned.pixels).allSatisfy { abs(Int($0) - Int($1)) <= 3 })
    }

    @Test("larger pictures, with and without transparency, at sizes that are no multiple of a block", arguments: 2...8)
    func large(value: Int) throws {
        var random = TestRandom(seed: 9)
        let (width, height) = (70, 45)
        let stored = RGBAImage(width: width, height: height, pixels: random.bytes(width * height * 4))
        let read = try RGBAImage(data: inserting(exif: exifBlock(orientation: value), into: stored.encodedPNG(), .png))
        #expect((read.width, read.height) == (value < 5 ? (70, 45) : (45, 70)))
        for y in 0..<height {
            for x in 0..<width {
                let (column, row) = [
                    2: (width - 1 - x, y), 3: (width - 1 - x, height - 1 - y), 4: (x, height - 1 - y), 5: (y, x),
                    6: (height - 1 - y, x), 7: (height - 1 - y, width - 1 - x), 8: (y, width - 1 - x),
                ][value]!
                let (from, to) = (4 * (y * width + x), 4 * (row * read.width + column))
                guard stored.pixels[from..<from + 4].elementsEqual(read.pixels[to..<to + 4]) else {
                    Issue.record("pixel (\(x), \(y)) is not at (\(column), \(row))")
                    return
                }
            }
        }
    }

    @Test("damaged blocks are passed over with a warning", arguments: ImageFormat.allCases)
    func damaged(format: ImageFormat) throws {
        let plain = try Self.image(Self.rows).encoded(as: format, quality: 100)
        let whole = try Image(data: plain)
        let good = exifBlock(orientation: 6)
        let blocks: [[UInt8]] = [
            [0, 0, 0], Array("MM".utf8), Array("XX".utf8) + good.dropFirst(2), Array(good.prefix(9)), Array(good.prefix(20)),
            [0x4D, 0x4D, 0, 42, 0xFF, 0xFF, 0xFF, 0xFF], [0x4D, 0x4D, 0, 42, 0x7F, 0xFF, 0xFF, 0xFE, 0, 1],
            [0x4D, 0x4D, 0, 42, 0, 0, 0, 8, 0xFF, 0xFF, 0, 0],
        ]
        for block in blocks {
            let read = try Image.read(data: inserting(exif: block, into: plain, format), name: "a")
            #expect(read.image == whole)
            #expect(read.warnings == ["a: its Exif block is damaged: passed over"], "\(block)")
        }
        for value in [9, 255, 65_535] {
            let read = try Image.read(data: inserting(exif: exifBlock(orientation: value), into: plain, format), name: "a")
            #expect(read.image == whole)
            #expect(read.warnings == ["a: its Exif orientation is \(value), expected 1 to 8: passed over"])
        }
        // Values that say nothing: none, of another type, of several numbers.
        for entries in [[], [(0x0112, 3, 1, [0, 0, 0, 0])], [(0x0112, 2, 1, [0, 6, 0, 0])], [(0x0112, 3, 2, [0, 6, 0, 6])]] as [[(Int, Int, Int, [UInt8])]] {
            let read = try Image.read(data: inserting(exif: exifBlock(entries), into: plain, format))
            #expect(read.image == whole && read.warnings == [])
        }
        // Some programs store the introduction of JPEG everywhere.
        let introduced = try Image(data: inserting(exif: Array("Exif\0\0".utf8) + good, into: plain, format))
        #expect(introduced.width == whole.height)
    }

    @Test("blocks with changed bytes never trap")
    func changed() throws {
        let texts = ["Software", "Description", "parameters", "other"].map { ImageText(keyword: $0, text: "a text, 狐") }
        var random = TestRandom(seed: 31)
        for format in [ImageFormat.jpeg, .webp] {
            let original = try Self.image(Self.rows).encoded(as: format, text: texts)
            for _ in 0..<3000 {
                var bytes = original
                for _ in 0..<3 { bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random) }
                _ = try? ImageMetadata(data: bytes)
                _ = try? Image(data: bytes)
            }
        }
    }
}
