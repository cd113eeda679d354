import Images
import Testing

@Suite("Planar floats")
struct PlanarFloatsTests {
    @Test func planesAndBack() throws {
        var random = TestRandom(seed: 2)
        let image = Image(width: 5, height: 3, pixels: random.bytes(45))
        let floats = image.planarFloats()
        #expect(floats.count == 45)
        for y in 0..<3 {
            for x in 0..<5 {
                let color = image[x, y]
                #expect(floats[y * 5 + x] == Float(color.red) / 255)
                #expect(floats[15 + y * 5 + x] == Float(color.green) / 255)
                #expect(floats[30 + y * 5 + x] == Float(color.blue) / 255)
            }
        }
        #expect(try Image(planar: floats, width: 5, height: 3) == image)
    }

    @Test func roundsAndClamps() throws {
        let values: [Float] = [-1, 0, 0.00195, 0.00197, 0.5, 1, 2, .greatestFiniteMagnitude, -0.0, 0.9979, 0.9981, 254.4 / 255]
        let image = try Image(planar: values, width: 4, height: 1)
        let planes = (0..<3).flatMap { c in (0..<4).map { image.pixels[3 * $0 + c] } }
        #expect(planes == [0, 0, 0, 1, 128, 255, 255, 255, 0, 254, 255, 254])
    }

    @Test("a value that is no number is an error that says where", arguments: [Float.nan, .infinity, -.infinity])
    func nonFinite(value: Float) {
        var values = [Float](repeating: 0.5, count: 12)
        values[7] = value
        values[9] = value
        #expect(throws: ImageError.nonFinite(index: 7, value: "\(value)")) {
            try Image(planar: values, width: 2, height: 2)
        }
    }

    @Test func wrongCounts() {
        for (count, width, height) in [(11, 2, 2), (0, 0, 0), (12, -2, -2), (0, 1, 1), (3, 1, Int.max), (0, Int.max, Int.max)] {
            #expect(throws: ImageError.self) {
                try Image(planar: [Float](repeating: 0, count: count), width: width, height: height)
            }
        }
    }
}
