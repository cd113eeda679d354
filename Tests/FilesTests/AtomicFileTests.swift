import Files
import Foundation
import TestSupport
import Testing

@Suite struct AtomicFileTests {
    private struct Interruption: Error {}

    @Test func writesAndReplaces() throws {
        let folder = try TemporaryFolder()
        let path = folder("note.txt")
        try AtomicFile.write(to: path, text: "one")
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "one")
        try AtomicFile.write(to: path, Data([1, 2, 3]))
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data([1, 2, 3]))
        try AtomicFile.write(to: path, [UInt8]())
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)).isEmpty)
        try AtomicFile.write(to: path) { stream in
            try stream.append([UInt8](repeating: 7, count: 100_000))
            try stream.append(Data([8]))
            #expect(stream.byteCount == 100_001)
        }
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)).count == 100_001)
        #expect(folder.files == ["note.txt"])
    }

    @Test func aFailureLeavesTheOldFile() throws {
        let folder = try TemporaryFolder()
        let path = folder("note.txt")
        try AtomicFile.write(to: path, text: "old")
        #expect(throws: Interruption.self) {
            try AtomicFile.write(to: path) { stream in
                try stream.append([1, 2, 3] as [UInt8])
                throw Interruption()
            }
        }
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "old")
        #expect(folder.files == ["note.txt"])
    }

    @Test func keepsPermissions() throws {
        let folder = try TemporaryFolder()
        let path = folder("secret")
        try AtomicFile.write(to: path, text: "a")
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
        try AtomicFile.write(to: path, text: "b")
        let permissions = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        #expect(permissions == 0o600)
    }

    @Test func unwritablePlaces() throws {
        let folder = try TemporaryFolder()
        #expect(throws: FileError.unwritable(path: folder("none/x"), reason: "no such folder")) {
            try AtomicFile.write(to: folder("none/x"), text: "a")
        }
        try FileManager.default.createDirectory(atPath: folder("taken"), withIntermediateDirectories: false)
        #expect(throws: FileError.unwritable(path: folder("taken"), reason: "it is a folder")) {
            try AtomicFile.write(to: folder("taken"), text: "a")
        }
        for name in ["", "a\0b", "taken/"] {
            #expect(throws: FileError.self) { try AtomicFile.write(to: name, text: "a") }
        }
        #expect(folder.files == ["taken"])
    }

    @Test func linksArePointedThrough() throws {
        let folder = try TemporaryFolder()
        try AtomicFile.write(to: folder("real"), text: "a")
        try FileManager.default.createSymbolicLink(atPath: folder("link"), withDestinationPath: "real")
        try AtomicFile.write(to: folder("link"), text: "b")
        #expect(try String(contentsOfFile: folder("real"), encoding: .utf8) == "b")
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: folder("link")) == "real")
        #expect(folder.files == ["link", "real"])
    }

    @Test func devicesAreWrittenTo() throws {
        try AtomicFile.write(to: "/dev/null", text: "a")
        #expect(throws: FileError.self) { try AtomicFile.write(to: "/dev/full", text: "a") }
        // Linux refuses to write there with ENOSPC; the device is still one.
        var status = stat()
        #expect(stat("/dev/full", &status) == 0 && status.st_mode & S_IFMT == S_IFCHR)
    }

    @Test func longNames() throws {
        let folder = try TemporaryFolder()
        let name = String(repeating: "n", count: 255)
        try AtomicFile.write(to: folder(name), text: "a")
        #expect(folder.files == [name])
    }

    @Test func newFilesReplaceNothing() throws {
        let folder = try TemporaryFolder()
        try AtomicFile.write(to: folder("new"), text: "a", replacing: false)
        #expect(throws: FileError.exists(path: folder("new"))) { try AtomicFile.write(to: folder("new"), text: "b", replacing: false) }
        // One that came while the file was made is kept too.
        #expect(throws: FileError.exists(path: folder("late"))) {
            try AtomicFile.write(to: folder("late"), replacing: false) { stream in
                try stream.append([1, 2, 3] as [UInt8])
                try AtomicFile.write(to: folder("late"), text: "first")
            }
        }
        #expect(try String(contentsOfFile: folder("new"), encoding: .utf8) == "a")
        #expect(try String(contentsOfFile: folder("late"), encoding: .utf8) == "first")
        #expect(folder.files == ["late", "new"])
    }

    @Test func protectedFilesStay() throws {
        let folder = try TemporaryFolder()
        try folder.write("input", "a")
        try folder.write("folder/inside", "b")
        try FileManager.default.createSymbolicLink(atPath: folder("link"), withDestinationPath: "input")
        try FileManager.default.linkItem(atPath: folder("input"), toPath: folder("hard"))
        ProtectedFiles.add([folder("input"), folder("folder"), folder("none")])
        for name in ["input", "./input", "folder/../input", "link", "hard", "folder/inside"] {
            #expect(throws: FileError.self) { try AtomicFile.write(to: folder(name), text: "x") }
            #expect(refusal { try ProtectedFiles.check(folder(name)) }.category == .usage)
        }
        try AtomicFile.write(to: folder("folder/new"), text: "c")
        try AtomicFile.write(to: folder("none"), text: "d")
        #expect(try String(contentsOfFile: folder("input"), encoding: .utf8) == "a")
        #expect(try String(contentsOfFile: folder("folder/inside"), encoding: .utf8) == "b")
    }

    @Test func unfinishedFoldersGo() throws {
        let folder = try TemporaryFolder()
        try folder.write(".flowtok-left.tmp/half", "a")
        try FileManager.default.setAttributes([.modificationDate: Date(timeIntervalSinceNow: -60)], ofItemAtPath: folder(".flowtok-left.tmp"))
        do {
            let first = try UnfinishedFolder(in: folder.url.path)
            let second = try UnfinishedFolder(in: folder.url.path)
            #expect(folder.files.count == 2 && first.path != second.path)
        }
        #expect(folder.files.isEmpty)
    }
}
