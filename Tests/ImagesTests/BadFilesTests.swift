import Files
import Foundation
import Images
import TestSupport
import Testing

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

    @Test(
        "other formats are named",
        arguments: [
            (Array("GIF89a....".utf8), "is a GIF file, expected a PNG, JPEG or WebP picture: convert it with `convert 'picture.gif[0]'"),
            (Array("BM....".utf8) + [0, 0, 0, 0, 54], "is a BMP file, expected a PNG, JPEG or WebP picture: convert it with `convert p"),
            ([0x49, 0x49, 0x2A, 0, 8, 0], "is a TIFF file"),
            (Array("....ftypavif".utf8), "is an AVIF file"),
            (Array("....ftypheic".utf8), "heif-convert"),
            (Array("....ftypisom".utf8), "is a video"),
            ([0xFF, 0x0A, 1, 2], "is a JPEG XL file"),
            (Array("P6\n2 2\n255\n".utf8), "is a Netpbm file"),
            (Array("%PDF-1.7".utf8), "is a PDF file, expected a PNG, JPEG or WebP picture: convert it with `pdftoppm"),
            (Array("<svg xmlns=\"http://www.w3.org/2000/svg\">".utf8), "is an SVG drawing"),
            (Array("\n<!DOCTYPE html><title>404</title>".utf8), "is an HTML page"),
            (Array("version https://git-lfs.github.com/spec/v1\n".utf8), "`git lfs pull`"),
            ([0x1F, 0x8B, 8, 0], "is compressed by gzip"),
            (Array("RIFF....WAVEfmt ".utf8), "begins as a WebP"),
            (Array("Hello, I am not a picture.\n".utf8), "is a text file"),
            (Array(String(repeating: "é漢", count: 300).utf8), "is a text file"),
            ([], "is empty"),
            ([0x89], "breaks off"),
            ([0x89, 0x50, 0x4E, 0x47, 10, 26, 10, 0], "changed in transfer"),
            ([1, 2, 3, 0, 0xFF], "is no picture that is known here"),
        ] as [([UInt8], String)])
    func foreign(bytes: [UInt8], words: String) throws {
        try withTemporaryFolder { folder in
            try put(bytes, at: folder + "/picture.png")
            let message = message(folder + "/picture.png")
            #expect(message.contains(words))
            #expect(!message.contains("magick "))
            #expect(throws: ImageError.self) { try ImageMetadata(path: folder + "/picture.png") }
        }
    }

    @Test("cut at every byte: an error where pixels are missing, and a warning where only the end is")
    func truncated() throws {
        let whole = try Image(png: Self.good)
        for count in 0..<Self.good.count {
            let cut = Array(Self.good.prefix(count))
            if count >= Self.good.count - 12 {
                let read = try Image.read(data: cut, name: "a.png")
                #expect(read.image == whole)
                #expect(read.warnings == ["a.png: the IEND chunk at the end is missing"])
            } else {
                #expect(throws: ImageError.self, "cut to \(count) bytes") { try Image(data: cut) }
                #expect(throws: ImageError.self, "cut to \(count) bytes") { try Image(png: cut) }
            }
            let texts = try? ImageMetadata(data: cut)
            #expect((texts == nil) == (count < 8))
            #expect(texts?.warnings.isEmpty != true)
        }
        let half = Array(Self.good.prefix(Self.good.count / 2))
        #expect(
            throws: ImageError.corrupt(
                .png, file: "PNG data", reason: "the data ends early, after \(half.count) bytes")
        ) { try Image(png: half) }
    }

    @Test("too many pixels, by the header alone", arguments: [(20_000, 20_000), (16_385, 1), (1, 16_385), (16_384, 4097)])
    func tooLarge(width: Int, height: Int) throws {
        let bytes = PNGBuilder.signature + PNGBuilder.chunk("IHDR", PNGBuilder(width: width, height: height).header)
        #expect(throws: ImageError.tooManyPixels(file: "PNG data", width: width, height: height)) { try Image(png: bytes) }
        // The same behind another chunk, where libpng refuses what is too long for it in its own words.
        let behind = PNGBuilder.signature + PNGBuilder.chunk("teXt", []) + bytes[8...] + PNGBuilder.chunk("IDAT", [])
        #expect(throws: ImageError.self) { try Image(png: behind) }
        try withTemporaryFolder { folder in
            try put(bytes, at: folder + "/big.png")
            #expect(
                message(folder + "/big.png").hasSuffix(
                    ": \(width)x\(height) pixels; expected at most 16384 a side and 67108864 in all"))
        }
    }

    @Test func impossibleHeaders() {
        for (offset, value) in [(3, 0), (7, 0), (0, 0x80), (8, 3), (9, 5), (10, 1), (11, 1), (12, 2)] {
            var header = PNGBuilder(width: 7, height: 5).header
            header[offset] = UInt8(value)
            let bytes =
                PNGBuilder.signature + PNGBuilder.chunk("IHDR", header)
                + Self.good[33...]
            #expect(throws: ImageError.self) { try Image(png: bytes) }
        }
    }

    @Test("a wrong checksum is an error in what the pixels take, and elsewhere a warning")
    func checksums() throws {
        let whole = try Image(png: Self.good)
        var offset = 8
        var chunks = 0
        var warned: [String] = []
        while offset < Self.good.count {
            let length = Self.good[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) }
            offset += 12 + length
            var bad = Self.good
            bad[offset - 1] ^= 1
            chunks += 1
            let name = String(decoding: bad[offset - length - 8..<offset - length - 4], as: UTF8.self)
            if name == "IHDR" || name == "IDAT" {
                #expect(throws: ImageError.self) { try Image(png: bad) }
                continue
            }
            let read = try Image.read(data: bad, name: "a.png")
            #expect(read.image == whole)
            #expect(read.warnings == ["a.png: the checksum of its \(name) chunk is wrong: passed over"])
            warned.append(name)
        }
        #expect(chunks == 4 && warned == ["tEXt", "IEND"])
    }

    @Test("what is no picture data is passed over, and told")
    func tolerated() throws {
        let whole = try Image(png: Self.good)
        func read(_ chunks: [(String, [UInt8])], after end: [UInt8] = []) throws -> [String] {
            let builder = PNGBuilder(width: 7, height: 5, samples: (0..<105).map { $0 * 2 }, chunks: chunks)
            let read = try Image.read(data: builder.bytes + end, name: "a.png")
            #expect(read.image == whole && read.format == .png)
            return read.warnings
        }
        #expect(try read([]) == [])
        #expect(try read([], after: [1, 2, 3]) == ["a.png: 3 bytes after the end are passed over"])
        #expect(try read([("acTL", PNGBuilder.bigEndian(2) + PNGBuilder.bigEndian(0))]) == ["a.png: an animation: its first picture is read"])
        #expect(try read([("eXIf", [1, 2, 3])]) == ["a.png: its Exif block is damaged: passed over"])
        #expect(try read([("tRNS", [1, 2, 3, 4, 5, 6, 7])]).count == 1)
        // An iCCP chunk that would unpack to much, and nonsense in chunks that libraries are known to trip over.
        let bomb = PNGBuilder.zlib([UInt8](repeating: 0, count: 1 << 20))
        #expect(try read([("iCCP", Array("p".utf8) + [0, 0] + bomb), ("gAMA", []), ("pHYs", [9]), ("sPLT", []), ("hIST", [1])]) == [])
    }

    @Test("checksums in every place of the pixels, where they come in several chunks")
    func severalChunks() throws {
        let builder = PNGBuilder(width: 7, height: 5, samples: (0..<105).map { $0 * 2 })
        let whole = builder.bytes
        let data = Array(whole[41..<whole.count - 16])
        let frame = Array(whole.prefix(33))
        let end = Array(whole.suffix(12))
        for cut in [1, 5, data.count - 5, data.count - 4, data.count - 1] {
            let parts = [Array(data.prefix(cut)), Array(data.dropFirst(cut))]
            let chunks = parts.map { PNGBuilder.chunk("IDAT", $0) }
            #expect(try Image(png: frame + chunks[0] + chunks[1] + end) == Image(png: whole))
            // A text between them is against the standard and harms nobody.
            let text = PNGBuilder.chunk("tEXt", [65, 0, 65])
            #expect(try Image(png: frame + chunks[0] + text + chunks[1] + end) == Image(png: whole))
            var bad = parts[1]
            bad[bad.count - 1] ^= 1
            #expect(throws: ImageError.self, "cut at \(cut)") {
                try Image(png: frame + chunks[0] + PNGBuilder.chunk("IDAT", bad) + end)
            }
            #expect(throws: ImageError.self) { try Image(png: frame + chunks[0] + end) }
        }
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
            .encodedPNG(text: [ImageText(keyword: "a", text: "b")])
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
                _ = try? ImageMetadata(data: bytes)
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
