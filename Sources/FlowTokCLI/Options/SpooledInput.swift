import Files
import Foundation

/// A file that is read where it lies; of standard input (`-`) or a pipe, a copy of what comes from there.
final class SpooledInput {
    /// Where it can be read.
    let path: String
    /// What it is called in messages.
    let name: String
    private let isCopy: Bool

    /// - Throws: `FileError` where the pipe cannot be read or the copy not be written.
    init(_ path: String) throws {
        let kind = FileIdentity(path: path)?.kind
        isCopy = path == "-" || kind == S_IFIFO || kind == S_IFSOCK || kind == S_IFCHR
        let label = path == "-" ? "standard input" : path
        name = label
        guard isCopy else {
            self.path = path
            return
        }
        let descriptor = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileError.unreadable(path: path, reason: String(cString: strerror(errno))) }
        defer { if descriptor != STDIN_FILENO { close(descriptor) } }
        let copy = FileManager.default.temporaryDirectory.appendingPathComponent("flowtok-input-\(UUID().uuidString)").path
        try AtomicFile.write(to: copy) { stream in
            try InputFile.forEachBlock(of: descriptor, path: label) { try stream.append($0) }
        }
        self.path = copy
    }

    deinit {
        if isCopy { unlink(path) }
    }

    /// Runs `body`, whose errors name the pipe and not the copy.
    func named<Result>(_ body: (_ path: String) throws -> Result) throws -> Result {
        do {
            return try body(path)
        } catch  where isCopy {
            let failure = Failure(error)
            throw Failure(failure.status, named(failure.message))
        }
    }

    /// A message with the name of the pipe in place of the copy's.
    func named(_ message: String) -> String { isCopy ? message.replacing(path, with: name) : message }
}
