import Files
import Foundation
import Images
import TestSupport
import Testing

@Suite("Writing files")
struct WritingTests {
    let image = Image(width: 3, height: 2, filled: Color(red: 1, green: 2, blue: 3))

    func contents(_ folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    }

    @Test func writesAndReplaces() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/a.png"
            try put([1], at: path)
            try image.write(to: path)
            #expect(try Image(path: path) == image)
            #expect(try contents(folder) == ["a.png"])
            try RGBAImage(image).write(to: folder + "/b.png")
            #expect(try RGBAImage(path: folder + "/b.png") == RGBAImage(image))
        }
    }

    @Test("nothing is left where writing fails")
    func failures() throws {
        try withTemporaryFolder { folder in
            for path in [folder, folder + "/none/a.png", folder + "/", folder + "/new/", "", folder + "/a\0.png"] {
                #expect(throws: FileError.self, "\(path)") { try image.write(to: path) }
            }
            let long = folder + "/" + String(repeating: "n", count: 300)
            #expect(throws: FileError.self) { try image.write(to: long) }
            #expect(throws: ImageError.self) {
                try image.write(to: folder + "/a.png", text: [ImageText(keyword: "", text: "")])
            }
            try put([1], at: folder + "/file")
            #expect(throws: FileError.self) { try image.write(to: folder + "/file/a.png") }
            #expect(try contents(folder) == ["file"])
            #expect {
                try image.write(to: folder + "/none/a.png")
            } throws: {
                "\($0)" == "\(folder)/none/a.png: cannot be written: no such folder"
            }
        }
    }

    @Test("a folder without permission", .enabled(if: getuid() != 0, "the superuser may write anywhere"))
    func unwritableFolder() throws {
        try withTemporaryFolder { folder in
            chmod(folder, 0o500)
            #expect(throws: FileError.self) { try image.write(to: folder + "/a.png") }
            let left = try contents(folder)
            #expect(left.isEmpty)
            chmod(folder, 0o700)
        }
    }

    @Test("the kernel's own folder cannot be written by anyone")
    func kernelFolder() {
        #expect(throws: FileError.self) { try image.write(to: "/proc/flowtok.png") }
    }

    @Test("a full device is an error, and stays a device")
    func fullDevice() {
        #expect(throws: FileError.self) { try image.write(to: "/dev/full") }
        #expect(throws: Never.self) { try image.write(to: "/dev/null") }
        var status = stat()
        #expect(stat("/dev/null", &status) == 0 && status.st_mode & S_IFMT == S_IFCHR)
    }

    @Test("a link goes on pointing at its file")
    func links() throws {
        try withTemporaryFolder { folder in
            try put([1], at: folder + "/real.png")
            symlink(folder + "/real.png", folder + "/link.png")
            try image.write(to: folder + "/link.png")
            #expect(try Image(path: folder + "/real.png") == image)
            #expect(try FileManager.default.destinationOfSymbolicLink(atPath: folder + "/link.png") == folder + "/real.png")
        }
    }

    @Test("names of full length, spaces and other alphabets")
    func names() throws {
        try withTemporaryFolder { folder in
            for name in [String(repeating: "n", count: 251) + ".png", "a b.png", "狐 🦊.png"] {
                try image.write(to: folder + "/" + name)
                #expect(try Image(path: folder + "/" + name) == image)
            }
        }
    }

    @Test("too large to be read again is too large to be written")
    func tooLarge() {
        let wide = Image(width: 16_385, height: 1, filled: .black)
        #expect(throws: ImageError.self) { try wide.encodedPNG() }
    }
}
