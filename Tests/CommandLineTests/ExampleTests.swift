import Foundation
import Images
import TestSupport
import Testing

/// The programs of the folder Examples, run as their first lines say, with a model that takes no time.
@Suite struct ExampleTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func run(_ name: String, _ arguments: String...) throws -> String {
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(fileURLWithPath: Tool.path).deletingLastPathComponent().appendingPathComponent("Example" + name)
        process.arguments = arguments
        process.currentDirectoryURL = scratch.url
        process.environment = ProcessInfo.processInfo.environment.merging(["FLOWTOK_MODEL": try TinyModel.path()]) { $1 }
        process.standardOutput = pipe
        try process.run()
        let said = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(said)")
        return said
    }

    @Test func drawing() throws {
        let said = try run("Draw", "a red fox", "fox.png")
        let image = try Image(path: scratch.path("fox.png"))
        #expect(said == "fox.png: \(image.width)×\(image.height) pixels\n")
    }

    @Test func captioningAFolder() throws {
        try scratch.makeFolder("pictures")
        let fox = Image(width: 20, height: 30, filled: Color(hex: 0xE07020))
        for name in ["a.png", "b.jpg", "c.webp"] { try fox.write(to: scratch.path("pictures/" + name)) }
        try scratch.write("no picture", to: "pictures/d.png")
        try scratch.write("no picture", to: "pictures/notes.txt")
        let lines = try run("CaptionFolder", "pictures").split(separator: "\n")
        #expect(lines.map { $0.prefix { $0 != ":" } } == ["a.png", "b.jpg", "c.webp", "d.png"])
        #expect(lines.last?.contains("d.png: ") == true && !scratch.has("pictures/a.txt"))
    }

    @Test func aStreamOfEvents() throws {
        let lines = try run("EventStream", "two dogs", "steps").split(separator: "\n").map(String.init)
        #expect(lines.last == "done" && lines.first?.hasPrefix("step 1 of ") == true)
        let steps = lines.count - 1
        let previews = (1..<steps).filter { $0 % 2 == 0 }.map { "step-\($0).png" }
        #expect(try scratch.names("steps") == (["image.png"] + previews).sorted())
    }

    @Test func fineTuningOnAFolder() throws {
        try scratch.makeFolder("pictures")
        for (name, color) in [("red", 0xE03030), ("blue", 0x3060E0), ("green", 0x30A040)] {
            try Image(width: 24, height: 24, filled: Color(hex: UInt32(color))).write(to: scratch.path("pictures/\(name).png"))
            try scratch.write("a \(name) square\n", to: "pictures/\(name).txt")
        }
        let said = try run("FineTune", "pictures", "mine", "3")
        #expect(said.contains("step 3 of 3") && said.hasSuffix("the model: mine/model\n"))
        let drawn = try Tool.run(["t2i", "a red square", "--model", "mine/model", "-o", "red.png"], in: scratch)
        #expect(drawn.status == 0, "\(drawn.errors)")
        // Once more goes on where the run stands.
        #expect(try run("FineTune", "pictures", "mine", "4").split(separator: "\n").first?.hasPrefix("step 4 of 4") == true)
    }
}
