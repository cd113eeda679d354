import Foundation

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A file of lines that grows at its end, for one process at a time. Whoever is killed leaves whole lines and perhaps a part of
/// one, which the next one removes.
///
/// For one task at a time.
package final class LineLog {
    private let path: String
    private let descriptor: Int32
    /// The bytes of the whole lines.
    private var length = 0
    /// The lines that were there.
    package private(set) var lines: [String] = []

    /// Opens the file, or makes it.
    ///
    /// - Returns: nil where another process has it.
    /// - Throws: `FileError`.
    package init?(path: String) throws {
        try ProtectedFiles.check(path)
        self.path = path
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw FileError.unwritable(path: path, reason: systemMessage(errno)) }
        guard FileLock.take(descriptor) else { return nil }
        let bytes = try InputFile.bytes(of: descriptor, path: path, limit: 8 << 30)
        var start = 0
        // What a power cut leaves of a line may be zeros.
        while let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")), !bytes[start..<end].contains(0) {
            lines.append(String(decoding: bytes[start..<end], as: UTF8.self))
            start = end + 1
        }
        length = start
        if start < bytes.count { try cut() }
    }

    deinit { FileLock.close(descriptor) }

    private func cut() throws {
        guard ftruncate(descriptor, off_t(length)) == 0 else { throw FileError.unwritable(path: path, reason: systemMessage(errno)) }
    }

    /// Appends lines: all of them, or none.
    ///
    /// - Throws: `FileError.unwritable`.
    package func append(_ lines: [String]) throws {
        let bytes = Array(lines.map { $0 + "\n" }.joined().utf8)
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes { pwrite(descriptor, $0.baseAddress! + done, bytes.count - done, off_t(length + done)) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                let code = count < 0 ? errno : ENOSPC
                try? cut()
                throw FileError.unwritable(path: path, reason: systemMessage(code))
            }
            done += count
        }
        length += bytes.count
    }

    /// Flushes the lines to the disk.
    ///
    /// - Throws: `FileError.unwritable`.
    package func flush() throws {
        guard fsync(descriptor) == 0 else { throw FileError.unwritable(path: path, reason: systemMessage(errno)) }
    }
}
