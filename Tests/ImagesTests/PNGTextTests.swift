import Images
import TestSupport
import Testing

@Suite("Text in PNG files")
struct PNGTextTests {
    let image = Image(width: 2, height: 2, filled: .black)

    @Test("text of any alphabet comes back in order")
    func roundTrip() throws {
        let texts = [
            ImageText(keyword: "prompt", text: "a red fox"),
            ImageText(keyword: "Author", text: "Zoë Ångström, ½ £"),
            ImageText(keyword: "Título", text: "línea uno\nline two\ttab\r\n"),
            ImageText(keyword: "caption", text: "赤い狐が雪の中に立っている"),
            ImageText(keyword: "emoji", text: "🦊❄️ 👩‍👩‍👧"),
            ImageText(keyword: "decomposed", text: "e\u{301}"),
            ImageText(keyword: "control", text: "\u{1}\u{7F}\u{85}"),
            ImageText(keyword: "empty", text: ""),
            ImageText(keyword: "prompt", text: "the same name again"),
            ImageText(keyword: String(repeating: "k", count: 79), text: String(repeating: "long ", count: 10_000)),
        ]
        let bytes = try image.encodedPNG(text: texts)
        let back = try ImageMetadata(data: bytes).texts
        #expect(back == texts)
        // Equality of strings forgives normalisation; the file must not.
        #expect(back.map { Array($0.text.utf8) } == texts.map { Array($0.text.utf8) })
        #expect(try Image(png: bytes) == image)
        try withTemporaryFolder { folder in
            try image.write(to: folder + "/t.png", text: texts)
            #expect(try ImageMetadata(path: folder + "/t.png").texts == texts)
        }
        let sprite = try RGBAImage(image).encodedPNG(text: texts)
        #expect(try ImageMetadata(data: sprite).texts == texts)
    }

    @Test("Latin-1 goes into tEXt and the rest into iTXt")
    func kinds() throws {
        func kind(_ text: String) throws -> String {
            let bytes = try image.encodedPNG(text: [ImageText(keyword: "k", text: text)])
            return String(decoding: bytes[37..<41], as: UTF8.self)
        }
        #expect(try kind("plain ÿ") == "tEXt")
        #expect(try kind("ł") == "iTXt")
        #expect(try kind("🦊") == "iTXt")
    }

    @Test("compressed texts, texts after the pixels, and no text")
    func foreignTexts() throws {
        var builder = PNGBuilder(width: 1, height: 1, samples: [1, 2, 3])
        #expect(try ImageMetadata(data: builder.bytes).texts == [])
        builder.chunks = [
            ("zTXt", Array("Comment".utf8) + [0, 0] + PNGBuilder.zlib([0x66, 0xF6])),
            (
                "iTXt",
                Array("Title".utf8) + [0, 1, 0] + Array("ja".utf8) + [0] + Array("題".utf8) + [0]
                    + PNGBuilder.zlib(Array("狐".utf8))
            ),
        ]
        builder.trailing = [("tEXt", Array("Last".utf8) + [0] + [0xE9])]
        #expect(
            try ImageMetadata(data: builder.bytes).texts == [
                ImageText(keyword: "Comment", text: "fö"), ImageText(keyword: "Title", text: "狐"),
                ImageText(keyword: "Last", text: "é"),
            ])
    }

    @Test("malformed or oversized texts are passed over with a warning, and no matter for pixels")
    func malformed() throws {
        let bomb = PNGBuilder.zlib([UInt8](repeating: 65, count: ImageText.maximumLength + 1))
        let fits = PNGBuilder.zlib([UInt8](repeating: 65, count: ImageText.maximumLength))
        let bad: [(String, [UInt8])] = [
            ("tEXt", Array("no separator".utf8)), ("tEXt", [0, 65]), ("tEXt", []),
            ("tEXt", [UInt8](repeating: 65, count: 80) + [0]),
            ("zTXt", [65, 0]), ("zTXt", [65, 0, 1] + PNGBuilder.zlib([65])), ("zTXt", [65, 0, 0, 1, 2, 3]),
            ("zTXt", [65, 0, 0] + PNGBuilder.zlib([65]).dropLast(5)), ("zTXt", [65, 0, 0] + bomb),
            ("iTXt", [65, 0, 0, 0, 0]), ("iTXt", [65, 0, 2, 0, 0, 0, 65]), ("iTXt", [65, 0, 0, 0, 0, 0, 0xFF]),
            ("iTXt", [65, 0, 1, 0, 0, 0] + bomb),
        ]
        for chunk in bad {
            let builder = PNGBuilder(width: 1, height: 1, samples: [1, 2, 3], chunks: [chunk])
            let read = try ImageMetadata(data: builder.bytes, name: "a.png")
            #expect(read.texts == [] && read.warnings.count == 1, "\(chunk.0) \(chunk.1.prefix(8))")
            #expect(read.warnings.first?.hasPrefix("a.png: a malformed \(chunk.0) chunk") == true)
            #expect(try Image(png: builder.bytes).pixels == [1, 2, 3])
        }
        var many = PNGBuilder(width: 1, height: 1, samples: [1, 2, 3])
        many.chunks = [("zTXt", [65, 0, 0] + fits)]
        #expect(try ImageMetadata(data: many.bytes).texts.map(\.text.utf8.count) == [ImageText.maximumLength])
        let chunk = PNGBuilder.chunk("zTXt", [65, 0, 0] + fits)
        let start = Array(many.bytes.prefix(33))
        let seventeen = start + Array(repeatElement(chunk, count: 17).joined()) + many.bytes[33...]
        let read = try ImageMetadata(data: seventeen)
        #expect(read.texts.count == 16 && read.warnings.count == 1)
        // Texts that unpack to too much are not tried again and again.
        let bombs = start + Array(repeatElement(PNGBuilder.chunk("zTXt", [65, 0, 0] + bomb), count: 40).joined()) + many.bytes[33...]
        #expect(try ImageMetadata(data: bombs).texts == [])
    }

    @Test(
        "what a PNG cannot say is refused",
        arguments: [
            ("", "x"), (" a", "x"), ("a ", "x"), ("a  b", "x"), ("狐", "x"), ("a\n", "x"), ("k", "nul\0"),
            (String(repeating: "k", count: 80), "x"), ("k", String(repeating: "x", count: ImageText.maximumLength + 1)),
        ])
    func refused(keyword: String, text: String) {
        #expect(throws: ImageError.self) { try image.encodedPNG(text: [ImageText(keyword: keyword, text: text)]) }
    }
}
