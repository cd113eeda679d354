#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Locks of open files and folders that other processes respect. A lock goes with its process, however that ends; file systems
/// without locks do without.
package enum FileLock {
    /// Takes the lock of an open file or folder, without waiting.
    ///
    /// - Returns: false where somebody else has it.
    package static func take(_ descriptor: Int32) -> Bool {
        flock(descriptor, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK
    }

    /// Gives the lock back and closes the file.
    package static func close(_ descriptor: Int32) {
        guard descriptor >= 0 else { return }
        // Closing alone would not give it back where another thread starts a program just now: until that runs, it shares
        // every open file.
        _ = flock(descriptor, LOCK_UN)
        systemClose(descriptor)
    }
}

private func systemClose(_ descriptor: Int32) {
    _ = close(descriptor)
}
