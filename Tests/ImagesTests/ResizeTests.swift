import Images
import Testing

@Suite("Resizing")
struct ResizeTests {
    @Test("box halves by the mean, bilinear and bicubic keep a constant", arguments: ResampleFilter.allCases)
    func constants(filter: ResampleFilter) {
        let image = Image(width: 31, height: 17, filled: Color(red: 3, green: 128, blue: 255))
        for (width, height) in [(1, 1), (7, 40), (100, 5), (31, 17), (31, 3), (2, 17)] {
            #expect(
                image.resized(width: width, height: height, filter: filter)
                    == Image(width: width, height: height, filled: Color(red: 3, green: 128, blue: 255)))
        }
    }

    @Test func boxIsTheMean() {
        let image = Image(
            width: 4, height: 2,
            pixels: [0, 10, 20, 30, 40, 50].map { UInt8($0) } + [1, 1, 1, 3, 3, 3]
                + [4, 14, 24, 34, 44, 54] + [5, 5, 5, 7, 7, 7])
        let half = image.resized(width: 2, height: 1, filter: .box)
        // Two passes, each rounded: (15, 19) -> 17.
        #expect(half.pixels == [17, 27, 37, 4, 4, 4])
    }

    @Test(
        "bit for bit what Pillow 13.0.0 gives",
        arguments: [
            (.box, [0xD7EDC2BE, 0x9FBCF35E, 0xDFA3DA50, 0x8C5C48A5, 0x19B00C4F, 0x0879A524, 0x0A60EA40]),
            (.bilinear, [0x5DE50422, 0x9BA49B90, 0xF60C97B5, 0x9437EC8A, 0x8A2820A3, 0x0012B7B5, 0x277DD9B8]),
            (.bicubic, [0xF4A6BE71, 0xB3CA2E0E, 0x6E59C876, 0xECA8A8C3, 0x714F4C03, 0x93364AC7, 0xA52D2BF4]),
        ] as [(ResampleFilter, [UInt32])])
    func pillow(filter: ResampleFilter, checksums: [UInt32]) {
        let image = Image(width: 23, height: 19, pixels: (0..<23 * 19 * 3).map { UInt8(($0 * 2_654_435_761) >> 13 & 255) })
        let sizes = [(9, 40), (50, 7), (23, 5), (5, 19), (20, 6), (1, 1), (46, 38)]
        for ((width, height), checksum) in zip(sizes, checksums) {
            #expect(PNGBuilder.crc(image.resized(width: width, height: height, filter: filter).pixels) == checksum)
        }
    }

    // Not the box: its edge falls exactly on pixels, where a rounding error decides.
    @Test("a slow version in floating point agrees to one step", arguments: [ResampleFilter.bilinear, .bicubic])
    func slowVersion(filter: ResampleFilter) {
        var random = TestRandom(seed: 8)
        let image = Image(width: 23, height: 19, pixels: random.bytes(23 * 19 * 3))
        for (width, height) in [(9, 40), (50, 7), (23, 5), (5, 19), (20, 6), (1, 1)] {
            let fast = image.resized(width: width, height: height, filter: filter)
            let start = image.pixels.map { Double($0) }
            func round(_ values: [Double]) -> [Double] { values.map { min(255, max(0, ($0 + 0.5).rounded(.down))) } }
            let slowly: [Double]
            if height < 19 && 19 - height > 2 * (23 - width) {
                let rows = slow(start, outer: 1, length: 19, inner: 23 * 3, to: height, filter)
                slowly = slow(round(rows), outer: height, length: 23, inner: 3, to: width, filter)
            } else {
                let columns = slow(start, outer: 19, length: 23, inner: 3, to: width, filter)
                slowly = slow(round(columns), outer: 1, length: 19, inner: width * 3, to: height, filter)
            }
            // Within a half, but for a tie in the first pass that double precision rounds the other way.
            let differences = zip(fast.pixels, slowly).map { abs(Double($0) - min(255, max(0, $1))) }
            #expect(differences.allSatisfy { $0 < 1.5 })
            #expect(differences.count { $0 > 0.501 } * 100 <= differences.count)
        }
    }

    /// Resamples the middle axis of `[outer, length, inner]`; an axis that keeps its length stays as it is.
    private func slow(
        _ values: [Double], outer: Int, length: Int, inner: Int, to count: Int, _ filter: ResampleFilter
    ) -> [Double] {
        if count == length { return values }
        func kernel(_ x: Double) -> Double {
            let a = abs(x)
            switch filter {
            case .box: return x > -0.5 && x <= 0.5 ? 1 : 0
            case .bilinear: return a < 1 ? 1 - a : 0
            case .bicubic:
                return a < 1 ? 1.5 * a * a * a - 2.5 * a * a + 1 : a < 2 ? -0.5 * a * a * a + 2.5 * a * a - 4 * a + 2 : 0
            }
        }
        let scale = Double(length) / Double(count)
        var output = [Double](repeating: 0, count: outer * count * inner)
        for o in 0..<outer {
            for u in 0..<count {
                let center = (Double(u) + 0.5) * scale
                let weights = (0..<length).map { kernel((Double($0) - center + 0.5) * (1 / max(scale, 1))) }
                let sum = weights.reduce(0, +)
                for i in 0..<inner {
                    for x in 0..<length {
                        output[(o * count + u) * inner + i] += values[(o * length + x) * inner + i] * weights[x] / sum
                    }
                }
            }
        }
        return output
    }

    @Test func shorterEdgeSizes() throws {
        let wide = Image(width: 100, height: 33, filled: .white)
        #expect(try wide.resizedShorterEdge(to: 64).width == 193)
        #expect(try wide.resizedShorterEdge(to: 64).height == 64)
        #expect(try wide.resizedShorterEdge(to: 33) == wide)
        // A line of pixels would become 256 by 4,194,304; only the square in the middle is wanted.
        let line = Image(width: 1, height: 16_384, filled: .black)
        #expect(throws: ImageError.self) { try line.resizedShorterEdge(to: 256) }
        #expect(line.centerSquare(256) == Image(width: 256, height: 256, filled: .black))
    }

    @Test func halvedSquares() {
        let pixels = (0..<301 * 540 * 3).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 7) }
        let image = Image(width: 540, height: 301, pixels: pixels)
        // 540×301, 270×150, 135×75; and then 64/75 of it: 115.2×64.
        let halved = image.resized(width: 270, height: 150, filter: .box).resized(width: 135, height: 75, filter: .box)
        let expected = halved.resized(width: 115, height: 64, filter: .bicubic)
            .cropped(to: PixelRect(x: 25, y: 0, width: 64, height: 64))
        #expect(image.halvedCenterSquare(64) == expected)
        #expect(expected.halvedCenterSquare(64) == expected)
        // Halves go to the even number, and offsets are rounded down.
        let tall = Image(width: 8, height: 21, pixels: Array(pixels[..<(8 * 21 * 3)]))
        #expect(
            tall.halvedCenterSquare(12)
                == tall.resized(width: 12, height: 32, filter: .bicubic).cropped(to: PixelRect(x: 0, y: 10, width: 12, height: 12)))
        let line = Image(width: 16_384, height: 1, filled: .black)
        #expect(line.halvedCenterSquare(256) == Image(width: 256, height: 256, filled: .black))
    }

    @Test func centreOffsetsRoundHalvesToEven() {
        for (length, first) in [(4, 0), (5, 0), (6, 1), (7, 2), (8, 2), (9, 2), (10, 3), (11, 4)] {
            // The red of a column is its number.
            let image = Image(width: length, height: 4, pixels: (0..<4 * length).flatMap { [UInt8($0 % length), 0, 0] })
            #expect(image.centerCropped(to: 4)[0, 0].red == UInt8(first))
        }
    }

    @Test("transparent pixels do not bleed", arguments: ResampleFilter.allCases)
    func premultiplied(filter: ResampleFilter) {
        // Opaque red beside transparent green: whatever is visible must stay red.
        let pixels = (0..<64).flatMap { $0 % 8 < 4 ? [255, 0, 0, 255] : [0, 255, 0, 0] as [UInt8] }
        let sprite = RGBAImage(width: 8, height: 8, pixels: pixels)
        for side in [3, 5, 13, 64] {
            let scaled = sprite.resized(width: side, height: side, filter: filter)
            for i in 0..<side * side where scaled.pixels[4 * i + 3] > 0 {
                #expect(scaled.pixels[4 * i] >= 253)
                #expect(scaled.pixels[4 * i + 1] == 0)
            }
        }
        #expect(sprite.resized(width: 8, height: 8) == sprite)
    }

    @Test("an opaque sprite is resized as a picture is, to a rounding step", arguments: ResampleFilter.allCases)
    func opaque(filter: ResampleFilter) {
        var random = TestRandom(seed: 9)
        let image = Image(width: 20, height: 14, pixels: random.bytes(840))
        for (width, height) in [(9, 9), (33, 20)] {
            let a = image.resized(width: width, height: height, filter: filter)
            let b = RGBAImage(image).resized(width: width, height: height, filter: filter)
            // Clipping between the passes, which Pillow does and float does not, moves extreme noise a little.
            let differences = (0..<width * height * 3).map { abs(Int(a.pixels[$0]) - Int(b.pixels[$0 / 3 * 4 + $0 % 3])) }
            #expect(differences.reduce(0, +) <= differences.count)
        }
    }
}
