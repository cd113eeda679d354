import Checkpoints
import Files
import Testing

@Suite struct FilePathTests {
    @Test(arguments: [
        ("a/b/c", "a/b"), ("/a", "/"), ("a", ""), ("", ""), ("/", "/"), ("//a", "/"), ("a//b", "a"), ("a/b/", "a"),
        ("./n", "."), ("é", ""), ("../x", ".."),
    ])
    func folders(path: String, folder: String) {
        #expect(FilePath.folder(of: path) == folder)
    }
}
