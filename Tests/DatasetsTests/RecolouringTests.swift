import Datasets
import Images
import Testing

@Suite struct RecolouringTests {
    /// A shaded disc of a hue on a black ring, with a white window and an empty corner.
    private func car(_ red: Double, _ green: Double, _ blue: Double) -> RGBAImage {
        var pixels: [UInt8] = []
        for y in 0..<48 {
            for x in 0..<48 {
                let radius = Double((x - 24) * (x - 24) + (y - 24) * (y - 24)).squareRoot()
                if radius > 23 {
                    pixels += [0, 0, 0, 0]
                } else if radius > 21 {
                    pixels += [20, 20, 20, 255]
                } else if (20..<28).contains(x), (20..<28).contains(y) {
                    pixels += [255, 255, 255, 255]
                } else {
                    let shade = 0.75 + 0.25 * Double(48 - y) / 48
                    pixels += [red, green, blue].map { UInt8($0 * shade) } + [255]
                }
            }
        }
        return RGBAImage(width: 48, height: 48, pixels: pixels)
    }

    @Test(arguments: [ColourName.orange, .yellow, .green, .blue, .purple, .pink, .brown, .black, .white])
    func theMainColourBecomesAnother(colour: ColourName) throws {
        let red = car(220, 30, 30)
        #expect(DominantColour.name(of: red) == .red)
        let painted = try #require(Recolouring(red)).painted(colour)
        #expect(DominantColour.name(of: painted) == colour)
        // The ring, the window and what is empty stay as they are.
        for index in stride(from: 0, to: red.pixels.count, by: 4) {
            let before = red.pixels[index..<index + 4]
            #expect(painted.pixels[index + 3] == red.pixels[index + 3])
            if before == [20, 20, 20, 255] || before == [255, 255, 255, 255] || before.last == 0 { #expect(painted.pixels[index..<index + 4] == before) }
        }
        // Shading stays shading: brighter above than below.
        func brightness(_ y: Int) -> Int { (0..<3).reduce(0) { $0 + Int(painted.pixels[(y * 48 + 10) * 4 + $1]) } }
        #expect(colour == .white ? brightness(14) >= brightness(34) : brightness(14) > brightness(34))
    }

    @Test func whiteThings() throws {
        let painted = try #require(Recolouring(car(235, 238, 242))).painted(.red)
        #expect(DominantColour.name(of: painted) == .red)
    }

    @Test func thingsWithoutAMainColour() {
        var stripes: [UInt8] = []
        for index in 0..<900 { stripes += [[220, 30, 30, 255], [40, 160, 60, 255], [40, 90, 220, 255]][index % 3] }
        #expect(Recolouring(RGBAImage(width: 30, height: 30, pixels: stripes)) == nil)
        #expect(Recolouring(RGBAImage(width: 2, height: 2, pixels: [UInt8](repeating: 0, count: 16))) == nil)
        #expect(Recolouring(RGBAImage(width: 2, height: 2, pixels: [UInt8](repeating: 255, count: 16))) == nil)
        #expect(Recolouring(RGBAImage(width: 2, height: 2, pixels: [20, 20, 20, 255, 20, 20, 20, 255, 20, 20, 20, 255, 20, 20, 20, 255])) == nil)
    }
}
