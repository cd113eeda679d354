import Foundation
import TestSupport
import Testing

/// Outputs that cannot be written are found out before anything is drawn.
@Suite struct OutputTests {
    let scratch: Scratch

    init() throws {
        scratch = try Scratch()
        try scratch.write("not a folder", to: "file")
    }

    private func t2i(_ arguments: String...) throws -> Tool.Result {
        // A model that does not exist would be noticed after the output.
        try Tool.run(["t2i", "a cat", "--model", "nowhere"] + arguments, in: scratch)
    }

    @Test func refusesAFolderThatIsNotThere() throws {
        expectFailure(try t2i("-o", "missing/cat.png"), 66, "missing: no such folder")
    }

    @Test func refusesAFileInPlaceOfAFolder() throws {
        expectFailure(try t2i("-o", "file/cat.png"), 65, "Not a directory")
        expectFailure(try t2i("--count", "2", "-o", "file"), 65, "file: is a file, expected a folder")
        expectFailure(try t2i("--count", "2", "-o", "file/deeper"), 65, "file/deeper: cannot be")
    }

    @Test func refusesNamesThatCannotBe() throws {
        expectFailure(try t2i("-o", ""), 64, "not a file name")
        expectFailure(try t2i("-o", String(repeating: "x", count: 300) + ".png"), 65, "too long")
        expectFailure(try t2i("-o", "cat.gif"), 64, "PNG, JPEG or WebP")
        expectFailure(try t2i("-o", "cats.png", "--count", "3"), 64, "--grid")
        #expect(try scratch.names() == ["file"])
    }

    @Test func refusesAReadOnlyFolder() throws {
        // Not even the superuser can make files there.
        expectFailure(try t2i("-o", "/proc/cat.png"), 65, "/proc: cannot be written")
    }

    @Test func reportsAFullDevice() throws {
        let result = try Tool.run(["t2i", "a cat", "-o", "/dev/full"], in: scratch)
        expectFailure(result, 65, "/dev/full: cannot be written: No space left on device")
    }

    @Test func reportsFullStandardOutput() throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", "exec \"$0\" doctor > /dev/full 2> errors", Tool.path]
        process.currentDirectoryURL = scratch.url
        process.environment = ProcessInfo.processInfo.environment.merging(["FLOWTOK_MODEL": try TinyModel.path()]) { $1 }
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 65)
        #expect(try scratch.text("errors").hasPrefix("flowtok: standard output cannot be written"))
    }

    @Test func leavesNothingBehind() throws {
        _ = try t2i("-o", "cat.png")
        _ = try Tool.run(["t2i", "a cat", "-o", "cat.png"], in: scratch)
        #expect(try scratch.names() == ["cat.png", "file"])
    }

    @Test func replacesAnEarlierPicture() throws {
        #expect(try Tool.run(["t2i", "a cat", "--seed", "1", "-o", "cat.png"], in: scratch).status == 0)
        let first = try scratch.data("cat.png")
        #expect(try Tool.run(["t2i", "a cat", "--seed", "2", "-o", "cat.png"], in: scratch).status == 0)
        #expect(try scratch.data("cat.png") != first)
    }
}
