import Images
import Testing

@Suite("Drawing")
struct DrawingTests {
    @Test func cropPasteFill() {
        var image = Image(width: 6, height: 4, filled: .white)
        image.fill(PixelRect(x: 2, y: 1, width: 2, height: 2), with: .black)
        #expect(image.contentBounds(background: .white) == PixelRect(x: 2, y: 1, width: 2, height: 2))
        #expect(image.cropped(to: PixelRect(x: 2, y: 1, width: 2, height: 2)) == Image(width: 2, height: 2, filled: .black))
        image.fill(PixelRect(x: -5, y: -5, width: 6, height: 6), with: Color(gray: 9))
        #expect(image[0, 0] == Color(gray: 9))
        #expect(image[1, 0] == .white)
        image.fill(PixelRect(x: 50, y: 0, width: 6, height: 6), with: .black)
        let patch = Image(width: 3, height: 3, filled: Color(hex: 0x112233))
        for (x, y) in [(-2, -2), (5, 3), (2, 1), (-3, 0), (6, 0), (0, 4), (1000, -1000)] {
            var copy = image
            copy.paste(patch, x: x, y: y)
            for row in 0..<4 {
                for column in 0..<6 {
                    let isInside = column >= x && column < x + 3 && row >= y && row < y + 3
                    #expect(copy[column, row] == (isInside ? Color(hex: 0x112233) : image[column, row]))
                }
            }
            var drawn = image
            drawn.draw(RGBAImage(patch), x: x, y: y)
            #expect(drawn == copy)
        }
    }

    @Test func contentBounds() {
        var image = Image(width: 9, height: 7, filled: Color(gray: 100))
        #expect(image.contentBounds(background: Color(gray: 100)) == nil)
        image[4, 2] = Color(red: 100, green: 103, blue: 100)
        image[1, 5] = Color(red: 90, green: 100, blue: 100)
        #expect(image.contentBounds(background: Color(gray: 100)) == PixelRect(x: 1, y: 2, width: 4, height: 4))
        #expect(image.contentBounds(background: Color(gray: 100), tolerance: 3) == PixelRect(x: 1, y: 5, width: 1, height: 1))
        #expect(image.contentBounds(background: Color(gray: 100), tolerance: 10) == nil)

        var random = TestRandom(seed: 4)
        for _ in 0..<50 {
            let pixels = (0..<35).flatMap { _ in [0, 0, 0, Int.random(in: 0..<12, using: &random) == 0 ? 200 : 0] as [UInt8] }
            let sprite = RGBAImage(width: 7, height: 5, pixels: pixels)
            let seen = (0..<35).filter { pixels[4 * $0 + 3] > 0 }
            var expected: PixelRect?
            if let left = seen.map({ $0 % 7 }).min(), let right = seen.map({ $0 % 7 }).max(), let first = seen.first,
                let last = seen.last
            {
                expected = PixelRect(x: left, y: first / 7, width: right - left + 1, height: last / 7 - first / 7 + 1)
            }
            #expect(sprite.contentBounds() == expected)
            #expect(sprite.contentBounds(alphaAbove: 200) == nil)
            if let expected { #expect(sprite.cropped(to: expected).contentBounds()?.width == expected.width) }
        }
    }

    @Test func grids() throws {
        let small = Image(width: 2, height: 2, filled: .black)
        let large = Image(width: 4, height: 3, filled: Color(gray: 50))
        let grid = try Image.grid([small, large, small, small], columns: 3, gap: 1, background: .white)
        #expect((grid.width, grid.height) == (14, 7))
        #expect(grid[1, 0] == .black)
        #expect(grid[0, 0] == .white)
        #expect(grid[5, 0] == Color(gray: 50))
        #expect(grid[1, 4] == .black)
        #expect(grid.cropped(to: PixelRect(x: 5, y: 4, width: 9, height: 3)) == Image(width: 9, height: 3, filled: .white))
        let strip = try Image.strip([large, large], gap: 2)
        #expect((strip.width, strip.height) == (10, 3))
        #expect(try Image.grid([small], columns: 5) == small)
        #expect(throws: ImageError.noImages) { try Image.grid([], columns: 2) }
        #expect(throws: ImageError.noImages) { try Image.strip([]) }
        #expect(throws: ImageError.self) { try Image.strip([small, small], gap: 20_000) }
    }

    @Test("a sprite at its own size is drawn as without scaling", arguments: ResampleFilter.allCases)
    func unscaled(filter: ResampleFilter) {
        var random = TestRandom(seed: 6)
        let sprite = RGBAImage(width: 5, height: 4, pixels: random.bytes(80))
        for (x, y) in [(3, 2), (-2, -1), (9, 8), (40, 40), (-7, 0)] {
            var plain = Image(width: 12, height: 10, filled: Color(hex: 0x336699))
            var scaled = plain
            plain.draw(sprite, x: x, y: y)
            scaled.draw(sprite, in: FloatRect(x: Float(x), y: Float(y), width: 5, height: 4), filter: filter)
            let worst = zip(plain.pixels, scaled.pixels).map { abs(Int($0) - Int($1)) }.max() ?? 0
            #expect(worst <= 1)
        }
    }

    @Test("what is drawn covers the area of its rectangle", arguments: ResampleFilter.allCases)
    func area(filter: ResampleFilter) {
        let sprite = RGBAImage(Image(width: 40, height: 30, filled: .black))
        for rect in [
            FloatRect(x: 10, y: 10, width: 20, height: 15), FloatRect(x: 10.3, y: 7.8, width: 12.5, height: 9.25),
            FloatRect(x: 20.5, y: 20.5, width: 0.5, height: 0.5), FloatRect(x: 5, y: 5, width: 50, height: 60.5),
        ] {
            var image = Image(width: 70, height: 80, filled: .white)
            image.draw(sprite, in: rect, filter: filter)
            let covered = image.pixels.reduce(0.0) { $0 + (255 - Double($1)) / 255 } / 3
            let expected = Double(rect.width * rect.height)
            // Clamping the cubic's overshoot at the edges takes a few percent.
            #expect(abs(covered - expected) <= 0.05 * expected + 0.04)
        }
    }

    @Test("any rectangle is safe")
    func extremes() {
        var random = TestRandom(seed: 3)
        let sprite = RGBAImage(width: 3, height: 3, pixels: random.bytes(36))
        let values: [Float] = [-1e30, -1e9, -300, -0.5, 0, 0.01, 0.07, 7, 1e5, 1e30, .greatestFiniteMagnitude]
        var image = Image(width: 8, height: 8, filled: .white)
        for x in values {
            for width in values {
                image.draw(sprite, in: FloatRect(x: x, y: 1, width: width, height: 3))
                image.draw(sprite, in: FloatRect(x: 1, y: x, width: 3, height: width), filter: .box)
            }
        }
        image.draw(text: "off the picture", x: -40, y: -3)
        image.draw(text: "off the picture", x: 4, y: 5, scale: 3)
        let ends: [Double] = [-1e300, -5, 3, 1e9, .infinity, .nan]
        for a in ends {
            for b in ends { image.drawLine(from: SIMD2(a, 2), to: SIMD2(3, b), color: .black) }
        }
    }

    @Test func lines() {
        var image = Image(width: 20, height: 20, filled: .white)
        image.drawLine(from: SIMD2(2.5, 4.5), to: SIMD2(17.5, 4.5), color: .black)
        #expect(image[10, 4] == .black)
        #expect(image[10, 3] == .white)
        #expect(image[10, 5] == .white)
        #expect(image.contentBounds(background: .white) == PixelRect(x: 2, y: 4, width: 16, height: 1))
    }

    @Test func text() {
        var image = Image(width: 30, height: 9, filled: .white)
        image.draw(text: "I", x: 1, y: 1)
        #expect(image.contentBounds(background: .white) == PixelRect(x: 2, y: 1, width: 3, height: 7))
        #expect(Image.width(ofText: "abc") == 17)
        #expect(Image.width(ofText: "", scale: 2) == 0)
        image.draw(text: "狐é", x: 10, y: 1)
        #expect(image[10, 1] == .black)
        // Every printable character but the space has some ink, and no two look alike.
        var seen = Set<[UInt8]>()
        for code in 32...126 {
            var letter = Image(width: 5, height: 7, filled: .white)
            letter.draw(text: String(UnicodeScalar(UInt8(code))), x: 0, y: 0)
            #expect(seen.insert(letter.pixels).inserted, "\(code)")
        }
    }
}
