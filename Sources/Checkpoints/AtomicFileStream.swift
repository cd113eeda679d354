public import Foundation

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A file in the making, invisible under its own name until it is committed. Dropped without that, it leaves nothing.
///
/// For one task at a time.
public final class AtomicFileStream {
    private let path: String
    private let folder: String
    private let temporary: String
    private var descriptor: Int32
    /// The number of bytes appended so far.
    public private(set) var byteCount = 0

    /// Creates the temporary file beside `path`.
    init(path: String) throws {
        self.path = path
        let parent = FilePath.folder(of: path)
        folder = parent.isEmpty ? "." : parent
        // A name of its own length: one made of the target's could be too long for the file system.
        let random = String(UInt64.random(in: .min ... .max), radix: 36)
        temporary = folder + "/.flowtok-" + random + ".tmp"
        descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw failure("create a temporary file beside it", errno) }
        // A file that is replaced keeps its permissions.
        var status = stat()
        if stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG { fchmod(descriptor, status.st_mode & 0o777) }
    }

    deinit { discard() }

    /// Appends `contents`.
    ///
    /// - Throws: `CheckpointError.unwritableFile`.
    public func append(_ contents: some ContiguousBytes) throws {
        try contents.withUnsafeBytes { try append($0) }
    }

    /// Appends `bytes`.
    ///
    /// - Throws: `CheckpointError.unwritableFile`.
    public func append(_ bytes: UnsafeRawBufferPointer) throws {
        try write(bytes, at: byteCount)
        byteCount += bytes.count
    }

    /// Writes `bytes` at an offset, within what was appended or past it.
    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws {
        guard descriptor >= 0 else { throw failure("write", EBADF) }
        var done = 0
        while done < bytes.count {
            // The length is bounded: Linux writes at most 2 GiB at a time.
            let step = pwrite(descriptor, bytes.baseAddress! + done, min(bytes.count - done, 1 << 30), off_t(offset + done))
            if step < 0, errno == EINTR { continue }
            guard step > 0 else { throw failure("write", step < 0 ? errno : ENOSPC) }
            done += step
        }
    }

    /// Flushes the file to the disk and puts it in the target's place.
    func commit() throws {
        guard descriptor >= 0 else { throw failure("write", EBADF) }
        guard fsync(descriptor) == 0 else { throw failure("flush", errno) }
        let closed = close(descriptor)
        descriptor = -1
        guard closed == 0, rename(temporary, path) == 0 else {
            let code = errno
            unlink(temporary)
            throw failure("put the new file in its place", code)
        }
        // The rename is in the folder, which has its own place on the disk. Some file systems cannot flush folders;
        // the file is in place all the same.
        let folderDescriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if folderDescriptor >= 0 {
            fsync(folderDescriptor)
            close(folderDescriptor)
        }
    }

    private func discard() {
        guard descriptor >= 0 else { return }
        close(descriptor)
        descriptor = -1
        unlink(temporary)
    }

    private func failure(_ operation: String, _ code: Int32) -> CheckpointError {
        .unwritableFile(path: path, operation: operation, reason: systemMessage(code))
    }
}
