import Files
import Foundation

/// A file that is read where it lies; of standard input (`-`) or a pipe, a copy of what comes from there.
final class SpooledInput {
    let path: String
    private let isCopy: Bool

    /// - Throws: `FileError` where the pipe cannot be read or the copy not be written.
    init(_ path: String) throws {
        let kind = FileIdentity(path: path)?.kind
        isCopy = path == "-" || kind == S_IFIFO || kind == S_IFSOCK || kind == S_IFCHR
        guard isCopy else {
            self.path = path
            return
        }
        let bytes = try path == "-" ? InputFile.bytes(of: STDIN_FILENO, path: "standard input") : InputFile.bytes(path, pipes: true)
        self.path = FileManager.default.temporaryDirectory.appendingPathComponent("flowtok-input-\(UUID().uuidString)").path
        try AtomicFile.write(to: self.path, bytes)
    }

    deinit {
        if isCopy { unlink(path) }
    }
}
