import Foundation
import Images
import TestSupport
import Testing

@Suite("Texts in the three formats")
struct MetadataTests {
    private static let image = Image(width: 5, height: 3, filled: .white)

    private static let texts = [
        ImageText(keyword: "Software", text: "flowtok"),
        ImageText(keyword: "Description", text: "a red fox, 赤い狐 🦊"),
        ImageText(keyword: "parameters", text: "a red fox, 赤い狐 🦊\nSteps: 20, Sampler: Euler, CFG scale: 2.0"),
        ImageText(keyword: "flowtok", text: "{\"seed\":18446744073709551615,\"a\":\"\\\"/\\\\\"}"),
        ImageText(keyword: "Título", text: "línea uno\nline two\ttab\r\n"),
        ImageText(keyword: "Author", text: " spaces around "),
        ImageText(keyword: "Description", text: "the same name again"),
        ImageText(keyword: "Copyright", text: ""),
        ImageText(keyword: "decomposed", text: "e\u{301}"),
    ]

    @Test("come back in order, whatever the format", arguments: ImageFormat.allCases)
    func roundTrip(format: ImageFormat) throws {
        for texts in [Self.texts, Array(Self.texts.reversed()), [], [Self.texts[1]], [Self.texts[4]]] {
            let bytes = try Self.image.encoded(as: format, text: texts)
            let read = try ImageMetadata(data: bytes)
            #expect(read.format == format && read.warnings == [])
            #expect(read.texts == texts)
            #expect(read.texts.map { Array($0.text.utf8) } == texts.map { Array($0.text.utf8) })
            #expect(try Image.read(data: bytes).warnings == [])
            try withTemporaryFolder { folder in
                try Self.image.write(to: folder + "/a." + format.fileExtension, text: texts)
                #expect(try ImageMetadata(path: folder + "/a." + format.fileExtension).texts == texts)
            }
        }
        let read = try ImageMetadata(data: Self.image.encoded(as: format, text: Self.texts))
        #expect(read["Software"] == "flowtok" && read["none"] == nil)
    }

    @Test("long texts fit where the format has room")
    func long() throws {
        let long = [ImageText(keyword: "parameters", text: String(repeating: "long 狐 ", count: 100_000))]
        for format in [ImageFormat.png, .webp] {
            #expect(try ImageMetadata(data: Self.image.encoded(as: format, text: long)).texts == long)
        }
        let refused = refusal { try Self.image.encoded(as: .jpeg, text: long) }
        #expect(refused.text.contains("\"parameters\"") && refused.text.contains("expected at most 65527 in a JPEG"))
        // What the settings say again makes room for them.
        for prompt in [String(repeating: "狐", count: 21_845), String(repeating: "fox ", count: 16_000)] {
            let settings = ImageText(keyword: "parameters", text: prompt + "\nSteps: 8")
            let texts = [ImageText(keyword: "Software", text: "flowtok"), ImageText(keyword: "Description", text: prompt), settings]
            let kept = try ImageMetadata(data: Self.image.encoded(as: .jpeg, text: texts + [ImageText(keyword: "flowtok", text: prompt)])).texts
            #expect(kept == [texts[0], settings])
        }
        let fits = [ImageText(keyword: "Comment", text: String(repeating: "x", count: 65_000))]
        #expect(try ImageMetadata(data: Self.image.encoded(as: .jpeg, text: fits)).texts == fits)
    }

    /// The UserComment of `bytes` where a program of the field writes it: in the second directory, in UTF-16.
    private static func block(comment: [UInt8], bigEndian: Bool) -> [UInt8] {
        func number(_ value: Int, _ count: Int) -> [UInt8] {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
            return bigEndian ? bytes.reversed() : bytes
        }
        let first = exifBlock([(0x8769, 4, 1, number(26, 4))], bigEndian: bigEndian)
        return first + number(1, 2) + number(0x9286, 2) + number(7, 2) + number(comment.count, 4) + number(44, 4) + number(0, 4) + comment
    }

    @Test("UserComment of other programs, in either order of bytes", arguments: [true, false], [true, false])
    func comments(blockIsBigEndian: Bool, textIsBigEndian: Bool) throws {
        let text = "a fox\nSteps: 20, Sampler: Euler a, CFG scale: 7"
        let units = text.utf16.flatMap { textIsBigEndian ? [UInt8($0 >> 8), UInt8($0 & 255)] : [UInt8($0 & 255), UInt8($0 >> 8)] }
        let block = Self.block(comment: Array("UNICODE\0".utf8) + units, bigEndian: blockIsBigEndian)
        for format in ImageFormat.allCases {
            let bytes = inserting(exif: block, into: try Self.image.encoded(as: format), format)
            #expect(try ImageMetadata(data: bytes).texts == [ImageText(keyword: "parameters", text: text)])
        }
        let mark: [UInt8] = textIsBigEndian ? [0xFE, 0xFF] : [0xFF, 0xFE]
        let kanji = "狐".utf16.flatMap { textIsBigEndian ? [UInt8($0 >> 8), UInt8($0 & 255)] : [UInt8($0 & 255), UInt8($0 >> 8)] }
        let marked = Self.block(comment: Array("UNICODE\0".utf8) + mark + kanji, bigEndian: blockIsBigEndian)
        let read = try ImageMetadata(data: inserting(exif: marked, into: Self.image.encoded(as: .jpeg), .jpeg))
        #expect(read.texts == [ImageText(keyword: "Comment", text: "狐")])
    }

    @Test("remarks of cameras")
    func cameras() throws {
        func texts(_ comment: [UInt8]) throws -> [ImageText] {
            let bytes = inserting(exif: Self.block(comment: comment, bigEndian: false), into: try Self.image.encoded(as: .jpeg), .jpeg)
            return try ImageMetadata(data: bytes).texts
        }
        #expect(try texts(Array("ASCII\0\0\0in the garden\0\0\0".utf8)) == [ImageText(keyword: "Comment", text: "in the garden")])
        #expect(try texts(Array("ASCII\0\0\0                ".utf8)) == [])
        #expect(try texts([UInt8](repeating: 0, count: 8)) == [])
        #expect(try texts([1, 2, 3]) == [])
        #expect(try texts(Array("JIS\0\0\0\0\0abc".utf8)) == [])
        // A comment segment of a JPEG.
        let jpeg = try Self.image.encoded(as: .jpeg)
        let commented = [0xFF, 0xD8, 0xFF, 0xFE, 0, 7] + Array("hello".utf8) + jpeg[2...]
        #expect(try ImageMetadata(data: commented).texts == [ImageText(keyword: "Comment", text: "hello")])
    }

    @Test("a chunk's own texts come before those of Exif")
    func both() throws {
        let block = Self.block(comment: Array("UNICODE\0".utf8) + "Steps: 1".utf16.flatMap { [0, UInt8($0 & 255)] }, bigEndian: true)
        let own = [ImageText(keyword: "parameters", text: "mine")]
        let bytes = inserting(exif: block, into: try Self.image.encodedPNG(text: own), .png)
        #expect(try ImageMetadata(data: bytes).texts == own)
    }
}

@Suite("Parameters of generated pictures")
struct GenerationParametersTests {
    @Test("samples of other programs")
    func samples() throws {
        let plain = try #require(
            GenerationParameters(
                parsing: """
                    a red fox, (snow:1.2), <lora:fox:0.8>
                    on two lines: yes
                    Negative prompt: blurry, bad
                    ugly
                    Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 965400086, Size: 512x512, Model hash: 3eddf31755, Model: foo

                    """))
        #expect(plain.prompt == "a red fox, (snow:1.2), <lora:fox:0.8>\non two lines: yes")
        #expect(plain.negativePrompt == "blurry, bad\nugly")
        #expect(plain.fields.map(\.name) == ["Steps", "Sampler", "CFG scale", "Seed", "Size", "Model hash", "Model"])
        #expect(plain.fields.map(\.value) == ["20", "Euler a", "7", "965400086", "512x512", "3eddf31755", "foo"])

        let rich = try #require(
            GenerationParameters(
                parsing: #"""
                    fox
                    Steps: 28, Sampler: DPM++ 2M Karras, Hashes: {"model": "e3b0", "lora:x, y": "1:2"}, Lora hashes: "fox: 1a, snow: 2b", ControlNet 0: "Module: canny, Weight: 1", Civitai resources: [{"type":"checkpoint","n":1},{"a":"]"}], TI: "say \"hi\"", junk, Version: v1.9.4
                    """#))
        #expect(rich["Sampler"] == "DPM++ 2M Karras")
        #expect(rich["Hashes"] == #"{"model": "e3b0", "lora:x, y": "1:2"}"#)
        #expect(rich["Lora hashes"] == "fox: 1a, snow: 2b")
        #expect(rich["ControlNet 0"] == "Module: canny, Weight: 1")
        #expect(rich["Civitai resources"] == #"[{"type":"checkpoint","n":1},{"a":"]"}]"#)
        #expect(rich["TI"] == #"say "hi""#)
        #expect(rich["Version"] == "v1.9.4" && rich["junk"] == nil && rich.negativePrompt.isEmpty)

        let further = try #require(GenerationParameters(parsing: "fox\r\nSteps: 2, Sampler: Heun, Seed: 1\r\nTemplate: a {b}\r\n"))
        #expect(further.prompt == "fox" && further["Template"] == "a {b}" && further["Seed"] == "1")
        #expect(GenerationParameters(parsing: "Steps: 2, Sampler: Heun, Seed: 1")?.prompt == "")
        #expect(GenerationParameters(parsing: "Negative prompt: x\nSteps: 2, Sampler: Heun, Seed: 1")?.negativePrompt == "x")
    }

    @Test(
        "texts without settings",
        arguments: [
            "", "\n\n", "a red fox", "a cat\nSampler: DDIM", "a cat\nstyle: anime, mood: calm", "see: this\nthat",
            "a: b, c: d, e: f\nand a last line", ":::,,,", "{\"prompt\": \"json\", \"steps\": 3}",
        ])
    func none(text: String) {
        #expect(GenerationParameters(parsing: text) == nil)
    }

    @Test("what is written is read back")
    func roundTrip() throws {
        let value = GenerationParameters(
            prompt: "two\nlines, with: colons", negativePrompt: "also\ntwo",
            fields: [
                .init("Steps", "20"), .init("Sampler", "Euler"), .init("CFG scale", "2.0"), .init("Seed", "7"), .init("Size", "128x128"),
                .init("Model", "a, b: \"c\"\nd/e"), .init("Empty", ""), .init("Spaces", " x "), .init("List", "[1"), .init("Quote", "\"q"),
                .init("Tags", "赤い狐 🦊"),
            ])
        #expect(GenerationParameters(parsing: value.text) == value)
        #expect(
            value.text.hasPrefix(
                "two\nlines, with: colons\nNegative prompt: also\ntwo\nSteps: 20, Sampler: Euler, CFG scale: 2.0, Seed: 7, Size: 128x128, Model: \"a, b"))
    }

    @Test("any text is safe")
    func random() {
        var random = TestRandom(seed: 2)
        let pieces = ["Steps", ": ", ",", "\"", "\\", "[", "]", "{", "}", "\n", "\r\n", "1", " ", "Negative prompt:", "é", "🦊", "a", ":"]
        for _ in 0..<3000 {
            let text = (0..<Int.random(in: 0...30, using: &random)).map { _ in pieces.randomElement(using: &random)! }.joined()
            if let read = GenerationParameters(parsing: text) { #expect(read.fields.count >= 3) }
        }
    }
}
