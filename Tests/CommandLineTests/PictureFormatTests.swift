import Foundation
import Images
import Testing

/// The three formats through the commands.
@Suite struct PictureFormatTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func run(_ arguments: String..., input: Data = Data()) throws -> Tool.Result {
        try Tool.run(arguments, in: scratch, input: input)
    }

    @Test func drawsAndReadsBackEveryFormat() throws {
        for (name, format) in [("fox.jpg", ImageFormat.jpeg), ("fox.webp", .webp), ("fox.png", .png)] {
            let drawn = try run("t2i", "a red fox", "--seed", "7", "-o", name)
            #expect(drawn.status == 0, "\(drawn.errors)")
            #expect(try Image.read(path: scratch.path(name)).format == format)
            let read = try run("info", name)
            #expect(read.status == 0 && read.errors.isEmpty)
            #expect(read.lines.contains("prompt:      a red fox") && read.lines.contains("seed:        7"))
            #expect(try run("i2t", name).status == 0)
            #expect(try run("tokenize", name, "-o", "tokens.safetensors").status == 0)
            #expect(try run("reconstruct", name, "-o", "again." + name).status == 0)
            #expect(try Image.read(path: scratch.path("again." + name)).format == format)
        }
        expectFailure(try run("t2i", "a cat", "-o", "cats.webp", "--count", "3"), 64, "a name without .webp")
        expectFailure(try run("reconstruct", "fox.png", "-o", "again.gif"), 64, "PNG, JPEG or WebP")
    }

    @Test func aLongPromptSpoilsNoJPEG() throws {
        // 21,000 characters of three bytes each, in UTF-16 under a JPEG's limit.
        let prompt = String(repeating: "狐", count: 21_000)
        try scratch.write(prompt, to: "long.txt")
        let drawn = try run("t2i", "--prompt-file", "long.txt", "--seed", "7", "--steps", "2", "-o", "long.jpg")
        #expect(drawn.status == 0 && !drawn.errors.contains("without its prompt"), "\(drawn.errors)")
        #expect(try run("info", "long.jpg").lines.contains("prompt:      " + prompt))
        let again = try run("t2i", "--from", "long.jpg", "-o", "again.jpg")
        #expect(again.status == 0, "\(again.errors)")
        #expect(try scratch.data("again.jpg") == scratch.data("long.jpg"))
        // Longer than any JPEG holds: the picture is there all the same.
        try scratch.write((0..<40).map { "\(prompt.prefix(2000)) \($0)" }.joined(separator: "\n"), to: "many.txt")
        let grid = try run("t2i", "--prompt-file", "many.txt", "--grid", "--steps", "1", "-o", "grid.jpg")
        #expect(grid.status == 0 && grid.errors.contains("grid.jpg: is written without its prompt and settings"), "\(grid.errors)")
        #expect(try Image.read(path: scratch.path("grid.jpg")).format == .jpeg)
    }

    @Test func readsAPictureFromAPipe() throws {
        let image = Image(width: 40, height: 40, filled: .white)
        try image.write(to: scratch.path("a.webp"))
        let expected = try run("i2t", "a.webp")
        for format in ImageFormat.allCases {
            let bytes = Data(try image.encoded(as: format))
            #expect(try run("i2t", "-", input: bytes).output == expected.output)
            #expect(try run("reconstruct", "/dev/stdin", input: bytes).status == 0)
        }
        expectFailure(try run("i2t", "-"), 65, "standard input: is empty")
        expectFailure(try run("info", "-", input: Data("a cat".utf8)), 65, "standard input: is a text file")
    }

    @Test func reportsWhatIsWrongBesideThePixels() throws {
        let bytes = try Image(width: 40, height: 40, filled: .white).encodedPNG()
        try scratch.write(Data(bytes.dropLast(12)), to: "a.png")
        let result = try run("i2t", "a.png")
        #expect(result.status == 0 && result.lines.count == 1)
        #expect(result.errors == "flowtok: warning: a.png: the IEND chunk at the end is missing\n")
    }

    @Test func showsTheSettingsOfOtherPrograms() throws {
        let text = "a cat\nNegative prompt: blurry\nSteps: 20, Sampler: Euler a, CFG scale: 7, Model hash: 3eddf31755"
        let image = Image(width: 2, height: 2, filled: .white)
        try image.write(to: scratch.path("a.jpg"), text: [ImageText(keyword: "parameters", text: text)])
        let result = try run("info", "a.jpg")
        #expect(result.status == 0)
        for line in ["prompt:      a cat", "negative:    blurry", "Steps: 20", "Sampler: Euler a", "Model hash: 3eddf31755"] {
            #expect(result.lines.contains(line), "\(result.output)")
        }
    }
}
