import Files
import Foundation
import Images
import Testing
import TestSupport

@Suite("Bad input")
struct BadFilesTests {
    static let good = PNGBuilder(
        width: 7, height: 5, samples: (0..<105).map { $0 * 2 },
        chunks: [("tEXt", Array("Title".utf8) + [0] + Array("x".utf8))]
    ).bytes

    /// The message of the error that reading throws; it must be one line.
    func message(_ path: String) -> String {
        do {
            _ = try Image(path: path)
            return "no error"
        } catch {
            #expect(!"\(error)".contains("\n"))
            #expect("\(error)".hasPrefix(path))
            #expect(error.localizedDescription == "\(error)")
            return "\(error)"
        }
    }

    @Test func missing() throws {
        try withTemporaryFolder { folder in
            #expect(throws: FileError.missing(path: folder + "/none.png")) { try Image(path: folder + "/none.png") }
            try put(Self.good, at: folder + "/a.png")
            #expect(throws: FileError.missing(path: folder + "/a.png/b")) { try Image(path: folder + "/a.png/b") }
            #expect(throws: FileError.missing(path: "")) { try Image(path: "") }
            #expect(throws: FileError.missing(path: folder + "/a.png\0x")) { try Image(path: folder + "/a.png\0x") }
            #expect(message(folder + "/none.png").contains("no such file"))
        }
    }

    @Test func foldersAndPipes() throws {
        try withTemporaryFolder { folder in
            #expect(message(folder).contains("is a folder, expected a file"))
            mkfifo(folder + "/pipe", 0o600)
            #expect(message(folder + "/pipe").contains("is a named pipe, expected a file"))
        }
    }

    @Test("other formats are named", arguments: [
        ([0xFF, 0xD8, 0xFF, 0xE0, 0, 16], "is a JPEG file"),
        (Array("GIF89a....".utf8), "is a GIF file"),
        (Array("RIFF....WEBPVP8 ".utf8), "is a WebP file"),
        (Array("BM....".utf8) + [0, 0, 0, 0, 54], "is a BMP file"),
        ([0x49, 0x49, 0x2A, 0, 8, 0], "is a TIFF file"),
        (Array("....ftypavif".utf8), "is a AVIF file"),
        (Array("%PDF-1.7".utf8), "is a PDF file"),
        (Array("version https://git-lfs.github.com/spec/v1\n".utf8), "is a Git LFS pointer"),
        (Array("Hello, I am not a picture.\n".utf8), "is a text file"),
        (Array(String(repeating: "é漢", count: 300).utf8), "is a text file"),
        ([], "is empty"),
        ([0x89], "breaks off"),
        ([0x89, 0x50, 0x4E, 0x47, 10, 26, 10, 0], "changed in transfer"),
        ([1, 2, 3, 0, 0xFF], "is not a PNG"),
    ] as [([UInt8], String)])
    func foreign(bytes: [UInt8], words: String) throws {
        try withTemporaryFolder { folder in
            try put(bytes, at: folder + "/picture.png")
            let message = message(folder + "/picture.png")
            #expect(message.contains(words))
            #expect(message.contains("flowtok reads PNG"))
        }
    }

    @Test("cut at every byte")
    func truncated() {
        for count in 0..<Self.good.count {
            let cut = Array(Self.good.prefix(count))
            #expect(throws: ImageError.self, "cut to \(count) bytes") { try Image(png: cut) }
            #expect(throws: ImageError.self, "cut to \(count) bytes") { try Image.text(ofPNG: cut) }
        }
        let half = Array(Self.good.prefix(Self.good.count / 2))
        #expect(throws: ImageError.corruptPNG(
            file: "PNG data", reason: "the data ends early, after \(half.count) bytes")) { try Image(png: half) }
    }

    @Test("too many pixels, by the header alone", arguments: [(20_000, 20_000), (16_385, 1), (1, 16_385), (16_384, 4097)])
    func tooLarge(width: Int, height: Int) throws {
        let bytes = PNGBuilder.signature + PNGBuilder.chunk("IHDR", PNGBuilder(width: width, height: height).header)
        #expect(throws: ImageError.tooManyPixels(file: "PNG data", width: width, height: height)) { try Image(png: bytes) }
        try withTemporaryFolder { folder in
            try put(bytes, at: folder + "/big.png")
            #expect(message(folder + "/big.png").hasSuffix(
                ": \(width)x\(height) pixels; expected at most 16384 a side and 67108864 in all"))
        }
    }

    @Test func impossibleHeaders() {
        for (offset, value) in [(3, 0), (7, 0), (0, 0x80), (8, 3), (9, 5), (10, 1), (11, 1), (12, 2)] {
            var header = PNGBuilder(width: 7, height: 5).header
            header[offset] = UInt8(value)
            let bytes = PNGBuilder.signature + PNGBuilder.chunk("IHDR", header)
                + Self.good[33...]
            #expect(throws: ImageError.self) { try Image(png: bytes) }
        }
    }

    @Test("a wrong checksum anywhere is an error, in text too")
    func checksums() {
        var offset = 8
        var chunks = 0
        while offset < Self.good.count {
            let length = Self.good[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) }
            offset += 12 + length
            var bad = Self.good
            bad[offset - 1] ^= 1
            #expect(throws: ImageError.self) { try Image(png: bad) }
            chunks += 1
        }
        #expect(chunks == 4)
    }

    @Test("missing pixels, wrong compression, missing palette")
    func damagedContent() {
        var builder = PNGBuilder(width: 7, height: 5, samples: (0..<105).map { $0 })
        let frame = PNGBuilder.signature + PNGBuilder.chunk("IHDR", builder.header)
        let end = PNGBuilder.chunk("IEND", [])
        let stream = PNGBuilder.zlib([UInt8](repeating: 0, count: 22 * 5))
        #expect(throws: Never.self) { try Image(png: frame + PNGBuilder.chunk("IDAT", stream) + end) }
        var badSum = stream
        badSum[badSum.count - 1] ^= 1
        for data in [PNGBuilder.zlib([UInt8](repeating: 0, count: 22 * 4)), [], [1, 2, 3], Array(stream.dropFirst(2))] {
            #expect(throws: ImageError.self) { try Image(png: frame + PNGBuilder.chunk("IDAT", data) + end) }
        }
        #expect(throws: ImageError.self) { try Image(png: frame + PNGBuilder.chunk("IDAT", badSum) + end) }
        #expect(throws: ImageError.self) { try Image(png: frame + end) }
        builder = PNGBuilder(width: 1, height: 1, colorType: 3, samples: [0])
        #expect(throws: ImageError.self) { try Image(png: builder.bytes) }
    }

    @Test("flipped bytes never trap")
    func flips() throws {
        var random = TestRandom(seed: 11)
        var builder = PNGBuilder(width: 9, height: 6, bitDepth: 4, colorType: 3, isInterlaced: true)
        builder.samples = (0..<54).map { $0 % 16 }
        builder.chunks = [
            ("PLTE", random.bytes(48)), ("tRNS", random.bytes(16)),
            ("zTXt", Array("Comment".utf8) + [0, 0] + PNGBuilder.zlib(Array("compressed".utf8))),
            ("iTXt", Array("Note".utf8) + [0, 1, 0] + [0, 0] + PNGBuilder.zlib(Array("漢字".utf8))),
        ]
        let written = try Image(width: 20, height: 20, pixels: random.bytes(1200))
            .encodedPNG(text: [PNGText(keyword: "a", text: "b")])
        for original in [builder.bytes, written] {
            for round in 0..<4000 {
                var bytes = original
                for _ in 0..<(1 + round % 4) {
                    bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
                }
                // Half of them with checksums put right, so that the damage gets past the first gate.
                if round % 2 == 0 { repairChecksums(&bytes) }
                _ = try? Image(png: bytes)
                _ = try? RGBAImage(png: bytes)
                _ = try? Image.text(ofPNG: bytes)
            }
        }
    }

    private func repairChecksums(_ bytes: inout [UInt8]) {
        var offset = 8
        while offset + 12 <= bytes.count {
            let length = bytes[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) }
            guard length <= bytes.count - offset - 12 else { return }
            let end = offset + 8 + length
            bytes.replaceSubrange(end..<end + 4, with: PNGBuilder.bigEndian(Int(PNGBuilder.crc(Array(bytes[offset + 4..<end])))))
            offset = end + 4
        }
    }
}
