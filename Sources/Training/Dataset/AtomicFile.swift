import Foundation

/// Files that appear whole or not at all.
package enum AtomicFile {
    /// Writes `data` to `url`: a temporary file in the same folder, fsync, rename, then fsync of the folder.
    ///
    /// - Throws: `DatasetError.unwritable`; the temporary file is removed.
    package static func write(_ data: Data, to url: URL) throws {
        let folder = url.deletingLastPathComponent()
        let temporary = folder.appendingPathComponent(".\(url.lastPathComponent).\(ProcessInfo.processInfo.processIdentifier).tmp")
        let descriptor = open(temporary.path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw failure(url) }
        var done = false
        defer { if !done { unlink(temporary.path) } }
        do {
            defer { close(descriptor) }
            try data.withUnsafeBytes { bytes in
                var offset = 0
                while offset < bytes.count {
                    let written = Foundation.write(descriptor, bytes.baseAddress?.advanced(by: offset), bytes.count - offset)
                    if written < 0 {
                        if errno == EINTR { continue }
                        throw failure(url)
                    }
                    offset += written
                }
            }
            guard fsync(descriptor) == 0 else { throw failure(url) }
        }
        guard rename(temporary.path, url.path) == 0 else { throw failure(url) }
        done = true
        // Without this the new name itself may be lost when the power goes.
        let directory = open(folder.path, O_RDONLY | O_CLOEXEC)
        if directory >= 0 {
            fsync(directory)
            close(directory)
        }
    }

    private static func failure(_ url: URL) -> DatasetError {
        .unwritable(path: url.path, reason: String(cString: strerror(errno)))
    }
}
