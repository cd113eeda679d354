import FlowTok
import Foundation
import Testing

/// The scripts that a fresh checkout starts with; they are not run here, since they would build and test.
@Suite struct ScriptTests {
    static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    @Test(arguments: [
        "Scripts/run", "Scripts/test", "Scripts/build-dataset", "Scripts/release-model", "Scripts/lint", "Scripts/faults", "Scripts/test-kernels",
        "Scripts/test-arm64", "Scripts/test-server", "Scripts/install", "Scripts/uninstall", "Scripts/package-deb", "Scripts/fuzz", "Scripts/setup.sh",
        ".ci/run",
    ])
    func scriptsAreValid(name: String) throws {
        let path = (Self.root / name).path
        #expect(FileManager.default.isExecutableFile(atPath: path) == !name.hasSuffix(".sh"))
        let process = try Process.run(URL(fileURLWithPath: "/bin/bash"), arguments: ["-n", path])
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
    }

    @Test func theChangelogBeginsWithThisVersion() throws {
        let text = try String(contentsOf: Self.root / "CHANGELOG.md", encoding: .utf8)
        #expect(text.split(separator: "\n").first { $0.hasPrefix("## ") }?.hasPrefix("## \(FlowTok.version)") == true)
    }

    @Test func theRunScriptPassesEverythingOn() throws {
        let text = try String(contentsOf: Self.root / "Scripts/run", encoding: .utf8)
        #expect(text.hasSuffix("exec \"$binary\" \"$@\"\n"))
        #expect(try String(contentsOf: Self.root / ".ci/run", encoding: .utf8).contains("exec "))
    }

    private func script(_ name: String, _ arguments: [String]) throws -> (status: Int32, errors: String) {
        let process = Process()
        let pipe = Pipe()
        process.executableURL = Self.root.appendingPathComponent(name)
        process.arguments = arguments
        process.standardError = pipe
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        let errors = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, errors)
    }

    @Test func installingRefusesWhatCannotBe() throws {
        let scratch = try Scratch()
        try scratch.write("a file", to: "file")
        for (arguments, status, message) in [
            (["--prefix", "local"], 64, "--prefix is local, expected an absolute path"), (["--prefix"], 64, "--prefix needs a folder"),
            (["--everything"], 64, "unknown argument --everything"), (["--prefix", scratch.path("file")], 73, "cannot be written"),
        ] as [([String], Int32, String)] {
            let result = try script("Scripts/install", arguments)
            #expect(result.status == status && result.errors.contains(message) && result.errors.split(separator: "\n").count == 1, "\(result.errors)")
        }
    }

    @Test func uninstallingTakesAwayWhatWasInstalledAlone() throws {
        let scratch = try Scratch()
        let target = "there/usr/local"
        for folder in ["bin", "share/flowtok/Models/default", "share/man/man1"] { try scratch.makeFolder("\(target)/\(folder)") }
        let files = ["bin/flowtok", "share/flowtok/Models/default/config.json", "share/man/man1/flowtok.1", "share/flowtok/installed-files"]
        for file in files + ["bin/other", "share/flowtok/mine"] { try scratch.write("x", to: "\(target)/\(file)") }
        let list = "\(target)/share/flowtok/installed-files"
        try scratch.write("mine", to: "outside")
        for bad in ["../../../outside", "/etc/hostname", "bin/../../../../outside"] {
            try scratch.write((files + [bad]).joined(separator: "\n") + "\n", to: list)
            let result = try script("Scripts/uninstall", ["--destdir", scratch.path("there")])
            #expect(result.status == 65 && result.errors.contains("is no file below"), "\(result.errors)")
            #expect(scratch.has("\(target)/bin/flowtok") && scratch.has("outside"))
        }
        try scratch.write(files.joined(separator: "\n") + "\n", to: list)
        #expect(try script("Scripts/uninstall", ["--destdir", scratch.path("there")]).status == 0)
        #expect(try scratch.names("\(target)/bin") == ["other"] && scratch.names("\(target)/share") == ["flowtok"])
        #expect(try scratch.names("\(target)/share/flowtok") == ["mine"])
        let again = try script("Scripts/uninstall", ["--destdir", scratch.path("there")])
        #expect(again.status == 66 && again.errors.contains("nothing is installed"), "\(again.errors)")
    }

    /// The kernels of arm64 against the portable ones, under emulation.
    @Test(.enabled(if: canEmulate, "no clang, aarch64-linux-gnu-gcc and qemu-aarch64 here")) func neonKernelsComputeWhatPortableOnesDo() throws {
        let process = Process()
        let pipe = Pipe()
        process.executableURL = Self.root.appendingPathComponent("Scripts/test-arm64")
        process.standardOutput = pipe
        try process.run()
        let said = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0 && said.contains("neon: "), "\(said)")
    }

    private static let canEmulate = [["clang"], ["aarch64-linux-gnu-gcc"], ["qemu-aarch64", "qemu-aarch64-static"]].allSatisfy { names in
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        return names.contains { name in folders.contains { FileManager.default.isExecutableFile(atPath: "\($0)/\(name)") } }
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
