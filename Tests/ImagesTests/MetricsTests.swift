import Foundation
import Images
import Testing

@Suite("PSNR and SSIM")
struct MetricsTests {
    @Test func psnrKnownValues() throws {
        let a = Image(width: 8, height: 4, filled: Color(gray: 100))
        #expect(try a.psnr(to: a) == .infinity)
        let b = Image(width: 8, height: 4, filled: Color(gray: 110))
        #expect(try a.meanSquaredError(to: b) == 100)
        #expect(abs(try a.psnr(to: b) - 28.130803608679105) < 1e-9)
        let black = Image(width: 8, height: 4, filled: .black)
        #expect(try black.psnr(to: Image(width: 8, height: 4, filled: .white)) == 0)
        #expect(throws: ImageError.differentSizes(expected: "8x4", found: "4x8")) {
            try a.psnr(to: Image(width: 4, height: 8, filled: .black))
        }
    }

    @Test func ssimOfConstants() throws {
        let c1 = 6.5025
        for (x, y) in [(0, 255), (100, 110), (7, 7)] {
            let a = Image(width: 12, height: 11, filled: Color(gray: UInt8(x)))
            let b = Image(width: 12, height: 11, filled: Color(gray: UInt8(y)))
            let expected = (2 * Double(x * y) + c1) / (Double(x * x + y * y) + c1)
            #expect(abs(try a.ssim(to: b) - expected) < 1e-9)
        }
    }

    @Test("the definition, window by window")
    func ssimByDefinition() throws {
        var random = TestRandom(seed: 12)
        let width = 17
        let height = 14
        let a = Image(width: width, height: height, pixels: random.bytes(width * height * 3))
        var noisy = a.pixels
        for i in noisy.indices { noisy[i] = UInt8(clamping: Int(noisy[i]) + Int.random(in: -40...40, using: &random)) }
        let b = Image(width: width, height: height, pixels: noisy)

        var total = 0.0
        var windows = 0
        for channel in 0..<3 {
            for top in 0...(height - 11) {
                for left in 0...(width - 11) {
                    var weight = 0.0
                    var sums = [Double](repeating: 0, count: 5)
                    for y in 0..<11 {
                        for x in 0..<11 {
                            let w = exp(-Double((y - 5) * (y - 5) + (x - 5) * (x - 5)) / 4.5)
                            let index = ((top + y) * width + left + x) * 3 + channel
                            let p = Double(a.pixels[index])
                            let q = Double(b.pixels[index])
                            for (i, value) in [p, q, p * p, q * q, p * q].enumerated() { sums[i] += w * value }
                            weight += w
                        }
                    }
                    let m = sums.map { $0 / weight }
                    let numerator = (2 * m[0] * m[1] + 6.5025) * (2 * (m[4] - m[0] * m[1]) + 58.5225)
                    let denominator =
                        (m[0] * m[0] + m[1] * m[1] + 6.5025)
                        * (m[2] - m[0] * m[0] + m[3] - m[1] * m[1] + 58.5225)
                    total += numerator / denominator
                    windows += 1
                }
            }
        }
        let ssim = try a.ssim(to: b)
        #expect(abs(ssim - total / Double(windows)) < 1e-9)
        #expect(ssim > 0.5 && ssim < 1)
        #expect(abs(try a.ssim(to: a) - 1) < 1e-12)
        #expect(abs(try b.ssim(to: a) - ssim) < 1e-12)
    }

    @Test func ssimNeedsAWindow() {
        let small = Image(width: 10, height: 30, filled: .white)
        #expect(throws: ImageError.tooSmall(expected: "11x11", found: "10x30")) { try small.ssim(to: small) }
        #expect(throws: ImageError.self) { try small.ssim(to: Image(width: 30, height: 10, filled: .white)) }
    }
}
