import Files
import Foundation
import Images
import TestSupport
import Testing

@Suite("Writing the three formats")
struct FormatTests {
    /// Colours that run into one another.
    private static let smooth: Image = {
        var image = Image(width: 61, height: 47, filled: .black)
        for y in 0..<47 { for x in 0..<61 { image[x, y] = Color(red: UInt8(x * 4), green: UInt8(y * 5), blue: UInt8(255 - x - y)) } }
        return image
    }()

    @Test("what is written is read back", arguments: ImageFormat.allCases)
    func roundTrip(format: ImageFormat) throws {
        let bytes = try Self.smooth.encoded(as: format)
        #expect(ImageFormat(of: bytes) == format)
        let read = try Image.read(data: bytes)
        #expect(read.format == format && read.warnings == [])
        #expect(try read.image.psnr(to: Self.smooth) > (format == .png ? 1000 : 36))
        var sizes: [Int] = []
        for quality in [1, 40, 75, 89, 90, 99] { sizes.append(try Self.smooth.encoded(as: format, quality: quality).count) }
        #expect(format == .png ? Set(sizes).count == 1 : sizes == sizes.sorted() && sizes[0] < sizes[5] / 2)
        for (width, height) in [(1, 1), (3, 2), (17, 1), (1, 40), (256, 256)] {
            let image = Image(width: width, height: height, filled: Color(red: 200, green: 100, blue: 50))
            let back = try Image(data: image.encoded(as: format, quality: 95))
            #expect((back.width, back.height) == (width, height))
            #expect(zip(back.pixels, image.pixels).allSatisfy { abs(Int($0) - Int($1)) <= 5 })
        }
    }

    @Test("a WebP of quality 100 is lossless, transparency included")
    func lossless() throws {
        var random = TestRandom(seed: 8)
        let image = Image(width: 33, height: 20, pixels: random.bytes(33 * 20 * 3))
        #expect(try Image(data: image.encoded(as: .webp, quality: 100)) == image)
        let sprite = RGBAImage(width: 33, height: 20, pixels: random.bytes(33 * 20 * 4))
        let text = [ImageText(keyword: "Description", text: "a sprite")]
        for texts in [[], text] {
            let bytes = try sprite.encoded(as: .webp, quality: 100, text: texts)
            #expect(try RGBAImage(data: bytes) == sprite)
            #expect(try ImageMetadata(data: bytes).texts == texts)
            let lossy = try RGBAImage(data: sprite.encoded(as: .webp, quality: 80, text: texts))
            #expect(zip(lossy.pixels, sprite.pixels).enumerated().allSatisfy { $0.offset % 4 != 3 || $0.element.0 == $0.element.1 })
        }
        let flat = try Image(data: sprite.encoded(as: .jpeg, quality: 100))
        #expect(try flat.psnr(to: sprite.composited(over: .white)) > 30)
    }

    @Test("the extension decides, and PNG where it says nothing")
    func extensions() throws {
        try withTemporaryFolder { folder in
            let expected: [(String, ImageFormat)] = [
                ("a.png", .png), ("a.jpg", .jpeg), ("a.JPEG", .jpeg), ("a.webp", .webp), ("a.WebP", .webp), ("a", .png), ("a.gif", .png),
                ("jpg", .png), (".jpg", .png), ("a.jpg.png", .png),
            ]
            for (name, format) in expected {
                let path = folder + "/" + name
                #expect(ImageFormat.forWriting(to: path) == format, "\(name)")
                try Self.smooth.write(to: path, quality: 70)
                #expect(try Image.read(path: path).format == format)
                #expect(try Image.read(path: path).image.width == 61)
                try RGBAImage(Self.smooth).write(to: path)
                #expect(try RGBAImage.read(path: path).format == format)
            }
            for format in ImageFormat.allCases {
                #expect(ImageFormat(extensionOf: "x." + format.fileExtension) == format)
                #expect(ImageFormat.fileExtensions.contains(format.fileExtension))
            }
        }
    }

    @Test("what cannot be encoded is refused in one line", arguments: ImageFormat.allCases)
    func refused(format: ImageFormat) throws {
        for quality in [0, -1, 101, .max, .min] {
            #expect(refusal { try Self.smooth.encoded(as: format, quality: quality) }.text.contains("expected 1 to 100"))
        }
        let wide = Image(width: 16_385, height: 1, filled: .black)
        #expect(refusal { try wide.encoded(as: format) }.category == .data)
        let widest = Image(width: 16_384, height: 1, filled: .black)
        if format == .webp {
            #expect(refusal { try widest.encoded(as: format) }.text.contains("at most 16383 pixels a side"))
        } else {
            #expect(try Image(data: widest.encoded(as: format)) == widest)
        }
        for keyword in ["", " a", "狐", String(repeating: "k", count: 80)] {
            #expect(throws: ImageError.self) { try Self.smooth.encoded(as: format, text: [ImageText(keyword: keyword, text: "x")]) }
        }
        #expect(throws: ImageError.self) { try Self.smooth.encoded(as: format, text: [ImageText(keyword: "k", text: "nul\0")]) }
    }

    @Test("pipes are read where they are welcome")
    func pipes() throws {
        let folder = try TemporaryFolder()
        let path = folder("pipe")
        #expect(mkfifo(path, 0o600) == 0)
        #expect(refusal { try Image.read(path: path) }.text.contains("is a named pipe"))
        let bytes = try Self.smooth.encodedPNG()
        Thread.detachNewThread {
            let descriptor = open(path, O_WRONLY)
            var sent = 0
            while sent < bytes.count {
                let count = bytes[sent...].withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
                if count <= 0 { break }
                sent += count
            }
            close(descriptor)
        }
        #expect(try Image.read(path: path, pipes: true).image == Self.smooth)
    }
}
