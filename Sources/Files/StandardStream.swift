#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Writing to descriptors that may be closed, full, or read by nobody any more. Foundation's handles end the process there.
package enum StandardStream {
    /// Makes the three streams safe, before anything else is opened.
    ///
    /// Where one is closed, the next file that is opened would take its place, and what is printed would go into it: a
    /// descriptor takes the place that refuses what the stream is for. A reader that has gone, and a file that may not grow
    /// further, become errors of the call that writes, and end nobody.
    package static func prepare() {
        for (descriptor, mode) in [(STDIN_FILENO, O_WRONLY), (STDOUT_FILENO, O_RDONLY), (STDERR_FILENO, O_RDONLY)] {
            // The lowest free number is taken, which is this one.
            if fcntl(descriptor, F_GETFD) < 0, errno == EBADF { _ = open("/dev/null", mode) }
        }
        signal(SIGPIPE, SIG_IGN)
        signal(SIGXFSZ, SIG_IGN)
    }

    /// Whether a stream takes what is written to it, as far as its descriptor tells.
    package static func isWritable(_ descriptor: Int32) -> Bool {
        let flags = fcntl(descriptor, F_GETFL)
        return flags >= 0 && flags & O_ACCMODE != O_RDONLY
    }

    /// Writes all of `text`.
    ///
    /// - Returns: why it could not, as an error number; nil where everything was taken.
    package static func write(_ text: String, to descriptor: Int32) -> Int32? {
        Array(text.utf8).withUnsafeBytes { write($0[...], to: descriptor) }
    }

    /// Writes all of `bytes`.
    ///
    /// - Returns: why it could not, as an error number; nil where everything was taken.
    package static func write(_ bytes: Slice<UnsafeRawBufferPointer>, to descriptor: Int32) -> Int32? {
        var rest = UnsafeRawBufferPointer(rebasing: bytes)
        while !rest.isEmpty {
            let count = Self.system(descriptor, rest.baseAddress, min(rest.count, 1 << 30))
            if count < 0 && (errno == EINTR || errno == EAGAIN) {
                if errno == EAGAIN {
                    // Somebody made the stream non-blocking: wait until it takes more.
                    var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    poll(&request, 1, 1000)
                }
                continue
            }
            if count <= 0 { return count < 0 ? errno : EIO }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
        return nil
    }

    /// Writes all of `bytes`.
    ///
    /// - Throws: `FileError.unwritable` with `path` as its name.
    package static func write(_ bytes: Slice<UnsafeRawBufferPointer>, to descriptor: Int32, path: String) throws {
        if let code = write(bytes, to: descriptor) { throw FileError.unwritable(path: path, reason: systemMessage(code)) }
    }

    private static func system(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
        #if canImport(Glibc)
        Glibc.write(descriptor, bytes, count)
        #elseif canImport(Musl)
        Musl.write(descriptor, bytes, count)
        #elseif canImport(Darwin)
        Darwin.write(descriptor, bytes, count)
        #endif
    }
}
