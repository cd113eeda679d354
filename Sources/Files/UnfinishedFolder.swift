import Foundation

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A folder in the making, under a name that nobody looks at. Dropped, it goes; what a process that was killed has left is
/// removed by the next one that makes a folder at the same place.
///
/// For one task at a time.
package final class UnfinishedFolder {
    package let path: String
    private let descriptor: Int32

    /// Makes the folder in `parent`, an empty one being the current folder.
    ///
    /// - Throws: `FileError.unwritable`.
    package init(in parent: String) throws {
        Self.removeLeftovers(in: parent)
        path = FilePath.join(parent, Self.prefix + String(UInt64.random(in: .min ... .max), radix: 36) + Self.suffix)
        guard mkdir(path, 0o777) == 0 else { throw FileError.unwritable(path: path, reason: systemMessage(errno)) }
        descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if descriptor >= 0 { _ = FileLock.take(descriptor) }
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
        FileLock.close(descriptor)
    }

    private static let prefix = ".flowtok-"
    private static let suffix = ".tmp"

    /// Removes the unfinished folders in `parent` that no process holds.
    private static func removeLeftovers(in parent: String) {
        let names = (try? InputFile.names(in: parent.isEmpty ? "." : parent)) ?? []
        for name in names where name.hasPrefix(prefix) && name.hasSuffix(suffix) {
            let path = FilePath.join(parent, name)
            let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            guard descriptor >= 0 else { continue }
            defer { FileLock.close(descriptor) }
            // One that was made this moment may not be locked yet.
            let made = try? FileManager.default.attributesOfItem(atPath: path)[.modificationDate] as? Date
            guard flock(descriptor, LOCK_EX | LOCK_NB) == 0, let made, made.timeIntervalSinceNow < -2 else { continue }
            try? FileManager.default.removeItem(atPath: path)
        }
    }
}
