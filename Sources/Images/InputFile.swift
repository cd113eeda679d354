import Foundation

/// The most bytes of a file that are read: an uncompressed 16-bit RGBA picture of `Image.maximumPixels`, and then some.
private let maximumFileSize = 1 << 30

/// The bytes of the regular file at `path`.
///
/// The file is opened once and never waited for: a pipe is refused rather than read, so a wrong path cannot hang.
func readFile(_ path: String) throws(ImageError) -> [UInt8] {
    func unreadable(_ reason: String) -> ImageError { .unreadableFile(file: path, reason: reason) }
    // A NUL would silently cut the path.
    guard !path.isEmpty, !path.utf8.contains(0) else { throw .missingFile(file: path) }
    let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    if descriptor < 0 {
        if errno == ENOENT || errno == ENOTDIR { throw .missingFile(file: path) }
        throw unreadable(String(cString: strerror(errno)))
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw unreadable(String(cString: strerror(errno))) }
    let kind = status.st_mode & S_IFMT
    if kind == S_IFDIR { throw unreadable("it is a folder") }
    if kind != S_IFREG { throw unreadable("it is not a regular file") }
    let size = Int(status.st_size)
    if size > maximumFileSize { throw unreadable("\(size) bytes, more than the \(maximumFileSize) that are read") }

    var failure: Int32 = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
        count = 0
        while count < size {
            let got = read(descriptor, buffer.baseAddress! + count, size - count)
            if got < 0 && errno == EINTR { continue }
            if got < 0 { failure = errno }
            if got <= 0 { break }
            count += got
        }
    }
    if failure != 0 { throw unreadable(String(cString: strerror(failure))) }
    return bytes
}
