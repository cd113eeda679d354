import Images
import Testing

struct PNGKind: CustomTestStringConvertible, Sendable {
    let colorType: Int
    let bitDepth: Int
    let isInterlaced: Bool
    let hasTRNS: Bool

    var testDescription: String {
        "type \(colorType), \(bitDepth) bits\(isInterlaced ? ", interlaced" : "")\(hasTRNS ? ", tRNS" : "")"
    }

    static let all: [PNGKind] = {
        let depths = [0: [1, 2, 4, 8, 16], 2: [8, 16], 3: [1, 2, 4, 8], 4: [8, 16], 6: [8, 16]]
        var kinds: [PNGKind] = []
        for (colorType, depths) in depths.sorted(by: { $0.key < $1.key }) {
            for bitDepth in depths {
                for isInterlaced in [false, true] {
                    for hasTRNS in colorType < 4 ? [false, true] : [false] {
                        kinds.append(
                            PNGKind(colorType: colorType, bitDepth: bitDepth, isInterlaced: isInterlaced, hasTRNS: hasTRNS))
                    }
                }
            }
        }
        return kinds
    }()
}

@Suite("Every kind of PNG")
struct PNGKindsTests {
    @Test("decodes to the colours that were put in", arguments: PNGKind.all)
    func decodes(kind: PNGKind) throws {
        for (width, height) in [(13, 9), (1, 1), (3, 5)] {
            var random = TestRandom(seed: UInt64(kind.colorType * 100 + kind.bitDepth))
            var builder = PNGBuilder(
                width: width, height: height, bitDepth: kind.bitDepth, colorType: kind.colorType,
                isInterlaced: kind.isInterlaced)
            let top = 1 << kind.bitDepth
            builder.samples = (0..<width * height * builder.channels).map { _ in Int.random(in: 0..<top, using: &random) }
            let palette = random.bytes(3 * min(top, 256))
            let paletteAlpha = random.bytes(min(top, 7))
            // A colour that occurs, so that transparency by key shows.
            let key = Array(builder.samples[0..<builder.channels])
            if kind.colorType == 3 { builder.chunks.append(("PLTE", palette)) }
            if kind.hasTRNS {
                let data = kind.colorType == 3 ? paletteAlpha : key.flatMap { [UInt8($0 >> 8), UInt8($0 & 255)] }
                builder.chunks.append(("tRNS", data))
            }

            func to8(_ sample: Int) -> UInt8 { UInt8((Double(sample) * 255 / Double(top - 1)).rounded()) }
            var expected: [UInt8] = []
            for pixel in 0..<width * height {
                let samples = Array(builder.samples[pixel * builder.channels..<(pixel + 1) * builder.channels])
                let keyed: UInt8 = kind.hasTRNS && samples == key ? 0 : 255
                switch kind.colorType {
                case 0: expected += [to8(samples[0]), to8(samples[0]), to8(samples[0]), keyed]
                case 2: expected += samples.map(to8) + [keyed]
                case 3:
                    let index = samples[0]
                    expected += palette[3 * index..<3 * index + 3]
                    expected.append(kind.hasTRNS && index < paletteAlpha.count ? paletteAlpha[index] : 255)
                case 4: expected += [to8(samples[0]), to8(samples[0]), to8(samples[0]), to8(samples[1])]
                default: expected += samples.map(to8)
                }
            }
            let sprite = try RGBAImage(png: builder.bytes)
            #expect(sprite == RGBAImage(width: width, height: height, pixels: expected))

            var overWhite: [UInt8] = []
            for pixel in 0..<width * height {
                let alpha = Double(expected[4 * pixel + 3]) / 255
                for channel in 0..<3 {
                    overWhite.append(UInt8((Double(expected[4 * pixel + channel]) * alpha + 255 * (1 - alpha)).rounded()))
                }
            }
            #expect(try Image(png: builder.bytes) == Image(width: width, height: height, pixels: overWhite))
        }
    }

    @Test("gamma and other side chunks do not change pixels")
    func ignoresGamma() throws {
        var builder = PNGBuilder(width: 2, height: 1, samples: [10, 20, 30, 200, 210, 220])
        let plain = try Image(png: builder.bytes)
        builder.chunks = [("gAMA", PNGBuilder.bigEndian(100_000)), ("abCd", [1, 2, 3]), ("bKGD", [0, 1, 0, 2, 0, 3])]
        #expect(try Image(png: builder.bytes) == plain)
        #expect(plain.pixels == [10, 20, 30, 200, 210, 220])
    }

    @Test("what is written is read back, whatever the size", arguments: [(1, 1), (3, 2), (64, 64), (129, 70), (16_384, 1)])
    func roundTrip(width: Int, height: Int) throws {
        var random = TestRandom(seed: 5)
        let image = Image(width: width, height: height, pixels: random.bytes(width * height * 3))
        #expect(try Image(png: image.encodedPNG()) == image)
        let sprite = RGBAImage(width: width, height: height, pixels: random.bytes(width * height * 4))
        #expect(try RGBAImage(png: sprite.encodedPNG()) == sprite)
        #expect(try RGBAImage(png: image.encodedPNG()) == RGBAImage(image))
    }
}
