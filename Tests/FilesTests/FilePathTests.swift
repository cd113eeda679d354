import Checkpoints
import Files
import Foundation
import TestSupport
import Testing

@Suite struct FilePathTests {
    @Test(arguments: [
        ("a/b/c", "a/b"), ("/a", "/"), ("a", ""), ("", ""), ("/", "/"), ("//a", "/"), ("a//b", "a"), ("a/b/", "a"),
        ("./n", "."), ("é", ""), ("../x", ".."),
    ])
    func folders(path: String, folder: String) {
        #expect(FilePath.folder(of: path) == folder)
    }

    @Test(arguments: [
        ("a/b.png", "b.png", "png", "a/b"), ("b.tar.gz", "b.tar.gz", "gz", "b.tar"), (".png", ".png", "", ".png"), ("a.", "a.", "", "a."),
        ("", "", "", ""), ("/", "", "", "/"), ("a", "a", "", "a"), (".", ".", "", "."), ("..", "..", "", ".."), ("a.b/", "a.b", "b", "a"),
        ("a.b/c", "c", "", "a.b/c"), ("Mr. Fox", "Mr. Fox", "", "Mr. Fox"), ("//x.y", "x.y", "y", "//x"),
    ]) func partsOfPaths(path: String, name: String, suffix: String, rest: String) {
        #expect(FilePath.name(of: path) == name)
        #expect(FilePath.suffix(of: path) == suffix)
        #expect(FilePath.withoutSuffix(path) == rest)
    }

    @Test func pathsOfSeveralParts() {
        #expect(FilePath.join("", "a") == "a" && FilePath.join("b", "a") == "b/a" && FilePath.join("b/", "a") == "b/a")
        #expect(FilePath.marked("b/a.png", "-2") == "b/a-2.png" && FilePath.marked("a", "-2") == "a-2")
    }

    @Test func treesFollowLinksAndEnd() throws {
        let folder = try TemporaryFolder()
        for name in ["b", "a/c", "a/deep/d", ".hidden/e"] { try folder.write(name, "x") }
        try FileManager.default.createSymbolicLink(atPath: folder("a/up"), withDestinationPath: "..")
        try FileManager.default.createSymbolicLink(atPath: folder("link"), withDestinationPath: "a/deep")
        #expect(try InputFile.tree(of: folder.url.path) == ["a/c", "a/deep/d", "b", "link/d"])
        #expect(throws: FileError.self) { try InputFile.tree(of: folder("none")) }
    }
}
