import FlowTok
import Images
import Testing

/// Things on plain backgrounds.
@Suite struct ObjectLayoutTests {
    /// A disk of a colour with a hole of the background's colour in it.
    private func draw(_ picture: inout Image, _ color: Color, x: Double, y: Double, radius: Double) {
        for row in 0..<picture.height {
            for column in 0..<picture.width {
                let (dx, dy) = (Double(column) + 0.5 - x, Double(row) + 0.5 - y)
                let distance = (dx * dx + dy * dy).squareRoot()
                if distance < radius, distance > radius / 3 { picture.fill(PixelRect(x: column, y: row, width: 1, height: 1), with: color) }
            }
        }
    }

    private let red = Color(red: 220, green: 30, blue: 40), blue = Color(red: 40, green: 60, blue: 220)

    @Test func oneThingStandsInTheMiddleAfterwards() throws {
        let background = Color(red: 255, green: 230, blue: 66)
        var picture = Image(width: 128, height: 128, filled: background)
        draw(&picture, red, x: 30, y: 90, radius: 20)
        let layout = try #require(ObjectLayout(picture))
        #expect(layout.background == background && layout.parts.isEmpty && layout.relation == nil)
        #expect(layout.whole.box == PixelRect(x: 10, y: 70, width: 40, height: 40))
        // The hole is of the background's colour, but does not reach the edge.
        let middle = layout.whole.image.pixels[(20 * 40 + 20) * 4..<(20 * 40 + 20) * 4 + 4]
        #expect(Array(middle) == [255, 230, 66, 255])
        #expect(layout.whole.image.pixels[3] == 0)
        let moved = try #require(layout.canonical(side: 128))
        #expect(moved[0, 0] == background && moved[64, 20] == red && moved[114, 64] != background)
        let again = try #require(ObjectLayout(moved))
        #expect(again.canonical(side: 128) == nil)
        let alone = layout.alone(layout.whole, side: 64)
        #expect(alone[0, 0] == .white && alone[32, 10] == red)
    }

    @Test(arguments: [(true, SceneRelationName.left), (false, .above)])
    func twoThingsAreRead(isWide: Bool, expected: SceneRelationName) throws {
        var picture = Image(width: 128, height: 128, filled: .white)
        draw(&picture, red, x: isWide ? 30 : 70, y: isWide ? 70 : 30, radius: 22)
        draw(&picture, blue, x: isWide ? 100 : 60, y: isWide ? 60 : 100, radius: 18)
        let layout = try #require(ObjectLayout(picture))
        #expect(layout.parts.count == 2 && layout.relation.map { "\($0)" } == expected.rawValue)
        #expect(layout.parts[0].image.pixels[(22 * 44 + 4) * 4] == red.red)
        #expect(layout.parts[1].image.pixels[(18 * 36 + 4) * 4 + 2] == blue.blue)
    }

    enum SceneRelationName: String, Sendable { case left = "leftOf", above }

    @Test func fourAndFive() throws {
        for (count, found) in [(4, 4), (9, 0)] {
            let side = count == 4 ? 2 : 3
            var picture = Image(width: 128, height: 128, filled: .white)
            for index in 0..<count {
                let step = 128 / Double(side)
                draw(&picture, red, x: (Double(index % side) + 0.5) * step, y: (Double(index / side) + 0.5) * step, radius: 0.35 * step)
            }
            #expect(try #require(ObjectLayout(picture)).parts.count == found)
        }
    }

    @Test func whatIsNotPlainIsNotRead() {
        #expect(ObjectLayout(Image(width: 64, height: 64, filled: .white)) == nil)
        var noise = Image(width: 64, height: 64, filled: .white)
        for y in 0..<64 {
            for x in 0..<64 {
                let value = UInt8((x * 97 + y * 57 + x * y * 31) % 256)
                noise.fill(PixelRect(x: x, y: y, width: 1, height: 1), with: Color(red: value, green: UInt8((x * 41) % 256), blue: UInt8((y * 83) % 256)))
            }
        }
        #expect(ObjectLayout(noise) == nil)
        #expect(ObjectLayout(Image(width: 1, height: 1, filled: red)) == nil)
    }
}
