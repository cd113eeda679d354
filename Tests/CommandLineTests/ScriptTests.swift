import Foundation
import Testing

/// The scripts that a fresh checkout starts with; they are not run here, since they would build and test.
@Suite struct ScriptTests {
    static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    @Test(arguments: ["Scripts/run", "Scripts/test", "Scripts/build-dataset", "Scripts/release-model", "Scripts/setup.sh", ".ci/run"])
    func scriptsAreValid(name: String) throws {
        let path = (Self.root / name).path
        #expect(FileManager.default.isExecutableFile(atPath: path) == !name.hasSuffix(".sh"))
        let process = try Process.run(URL(fileURLWithPath: "/bin/bash"), arguments: ["-n", path])
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
    }

    @Test func theRunScriptPassesEverythingOn() throws {
        let text = try String(contentsOf: Self.root / "Scripts/run", encoding: .utf8)
        #expect(text.hasSuffix("exec \"$binary\" \"$@\"\n"))
        #expect(try String(contentsOf: Self.root / ".ci/run", encoding: .utf8).contains("exec "))
    }

    @Test func missingSwiftIsSaidInOneLine() throws {
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(fileURLWithPath: "/bin/bash")
        process.arguments = ["-c", "source \"$0\"; PATH=/nowhere; set_up", (Self.root / "Scripts/setup.sh").path]
        process.standardError = pipe
        try process.run()
        let errors = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 69)
        #expect(errors.hasPrefix("flowtok: no swift in PATH") && errors.split(separator: "\n").count == 1)
    }
}
