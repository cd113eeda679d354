#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Writing to descriptors that may be closed, full, or read by nobody any more. Foundation's handles end the process there.
package enum StandardStream {
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
