import Foundation

/// Writes `bytes` to `path` whole or not at all: to a temporary file in the same folder, to the disk, then renamed.
///
/// A link is followed, so that it goes on pointing at the file. A device or pipe that exists at the path (`/dev/stdout`)
/// is written to and not replaced.
func writeFile(_ bytes: [UInt8], to path: String) throws(ImageError) {
    func unwritable(_ reason: String) -> ImageError { .unwritableFile(file: path, reason: reason) }
    guard !path.isEmpty, !path.utf8.contains(0) else { throw unwritable("not a file name") }
    var target = path
    var status = stat()
    if stat(path, &status) == 0 {
        switch status.st_mode & S_IFMT {
        case S_IFDIR:
            throw unwritable("it is a folder")
        case S_IFREG:
            if let resolved = realpath(path, nil) {
                target = String(cString: resolved)
                free(resolved)
            }
        default:
            let reason = writeAll(bytes, to: open(path, O_WRONLY | O_CLOEXEC), synchronizing: false)
            if let reason { throw unwritable(reason) }
            return
        }
    }

    let slash = target.utf8.lastIndex(of: UInt8(ascii: "/"))
    let folder = slash.map { String(target[...$0]) } ?? "./"
    if target.hasSuffix("/") { throw unwritable("no such folder") }
    // The name does not grow with the target's, which may already be as long as the file system allows.
    let temporary = folder + ".flowtok-" + String(UInt64.random(in: 0...UInt64.max), radix: 36) + ".tmp"
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    if descriptor < 0 {
        throw unwritable(errno == ENOENT ? "no such folder: \(folder)" : String(cString: strerror(errno)))
    }
    var reason = writeAll(bytes, to: descriptor, synchronizing: true)
    if reason == nil, rename(temporary, target) != 0 { reason = String(cString: strerror(errno)) }
    if let reason {
        unlink(temporary)
        throw unwritable(reason)
    }
    // The rename is on the disk once its folder is. Some file systems cannot do this; the file is whole either way.
    let directory = open(folder, O_RDONLY | O_CLOEXEC)
    if directory >= 0 {
        fsync(directory)
        close(directory)
    }
}

/// Writes everything and closes the descriptor. Returns why it failed, nil where it did not.
private func writeAll(_ bytes: [UInt8], to descriptor: Int32, synchronizing: Bool) -> String? {
    guard descriptor >= 0 else { return String(cString: strerror(errno)) }
    var failure: Int32 = 0
    bytes.withUnsafeBytes { buffer in
        var written = 0
        while written < buffer.count {
            let count = write(descriptor, buffer.baseAddress! + written, buffer.count - written)
            if count < 0 && errno == EINTR { continue }
            if count <= 0 {
                failure = count < 0 ? errno : EIO
                return
            }
            written += count
        }
    }
    if failure == 0 && synchronizing && fsync(descriptor) != 0 { failure = errno }
    if close(descriptor) != 0 && failure == 0 { failure = errno }
    return failure == 0 ? nil : String(cString: strerror(failure))
}
