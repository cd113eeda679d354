import Files
import Foundation
import TestSupport
import Testing

@Suite struct LineLogTests {
    let folder: TemporaryFolder
    var path: String { folder.url.path + "/lines" }

    init() throws { folder = try TemporaryFolder() }

    private func text() throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

    @Test func linesGrow() throws {
        let log = try #require(try LineLog(path: path))
        #expect(log.lines.isEmpty)
        try log.append(["one", "two"])
        try log.append([])
        try log.append(["three"])
        try log.flush()
        #expect(try text() == "one\ntwo\nthree\n")
    }

    @Test(arguments: ["", "part of a l", "\0\0\0\0", "\0\0\n\0"]) func whatIsNoWholeLineGoes(rest: String) throws {
        try folder.write("lines", "one\ntwo\n" + rest)
        let log = try #require(try LineLog(path: path))
        #expect(try log.lines == ["one", "two"] && text() == "one\ntwo\n")
        try log.append(["three"])
        #expect(try text() == "one\ntwo\nthree\n")
    }

    @Test func oneProcessHasIt() throws {
        let log = try #require(try LineLog(path: path))
        let other = try LineLog(path: path)
        withExtendedLifetime(log) { #expect(other == nil) }
        #expect(refusal { try LineLog(path: folder.url.path + "/none/lines") as Any }.text.contains("cannot be written"))
    }
}
