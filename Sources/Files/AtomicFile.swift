public import Foundation

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Writes files whole or not at all: into a temporary file of the same folder, flushed to the disk, renamed over the
/// target, and the folder flushed too. A reader sees the old file or the new one, after a power cut as well.
///
/// A link is followed, so that it goes on pointing at the file. A device or pipe that exists at the path (`/dev/stdout`) is
/// written to and not replaced; what goes there is complete before its first byte is sent. A file that is replaced keeps its
/// permissions.
public enum AtomicFile {
    /// Writes `contents` (`Data`, `[UInt8]`) to `path`, replacing what is there.
    ///
    /// - Throws: `FileError.unwritable`; the old file is untouched then.
    public static func write(to path: String, _ contents: some ContiguousBytes) throws {
        try write(to: path) { try $0.append(contents) }
    }

    /// Writes `text` in UTF-8.
    ///
    /// - Throws: `FileError.unwritable`; the old file is untouched then.
    public static func write(to path: String, text: String) throws {
        try write(to: path, Array(text.utf8))
    }

    /// Writes what `body` appends. Should `body` throw, the old file is untouched and the error passed on.
    ///
    /// - Throws: `FileError.unwritable`, and what `body` throws.
    public static func write(to path: String, streaming body: (AtomicFileStream) throws -> Void) throws {
        let stream = try AtomicFileStream(path: path)
        try body(stream)
        try stream.commit()
    }
}

/// A file in the making, invisible under its own name until it is committed. Dropped without that, it leaves nothing.
///
/// For one task at a time.
public final class AtomicFileStream {
    /// Where the bytes go when they are all there.
    private enum Target {
        /// Renamed to this path, in this folder.
        case file(path: String, folder: String)
        /// Copied into the device or pipe.
        case device
    }

    private let path: String
    private let target: Target
    private let temporary: String
    private var descriptor: Int32
    /// The number of bytes appended so far.
    public private(set) var byteCount = 0

    /// Creates the temporary file: beside what `path` leads to, or among the system's temporary files for a device.
    ///
    /// - Throws: `FileError.unwritable`.
    package init(path: String) throws {
        func unwritable(_ reason: String) -> FileError { .unwritable(path: path, reason: reason) }
        guard !path.isEmpty, !path.utf8.contains(0), path.utf8.last != UInt8(ascii: "/") else {
            throw unwritable("not the name of a file")
        }
        self.path = path
        var resolved = path
        var permissions: mode_t?
        var isDevice = false
        var status = stat()
        if stat(path, &status) == 0 {
            switch status.st_mode & S_IFMT {
            case S_IFDIR: throw unwritable("it is a folder")
            case S_IFREG:
                permissions = status.st_mode & 0o777
                if let real = realpath(path, nil) {
                    resolved = String(cString: real)
                    free(real)
                }
            default: isDevice = true
            }
        }
        let parent = FilePath.folder(of: resolved)
        let folder = isDevice ? NSTemporaryDirectory() : parent.isEmpty ? "." : parent
        target = isDevice ? .device : .file(path: resolved, folder: folder)
        // A name of its own length: one made of the target's could be too long for the file system.
        let random = String(UInt64.random(in: .min ... .max), radix: 36)
        temporary = folder + "/.flowtok-" + random + ".tmp"
        descriptor = open(temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, isDevice ? 0o600 : 0o666)
        guard descriptor >= 0 else {
            throw unwritable(errno == ENOENT || errno == ENOTDIR ? "no such folder" : systemMessage(errno))
        }
        if let permissions { fchmod(descriptor, permissions) }
    }

    deinit { discard() }

    /// Appends `contents`.
    ///
    /// - Throws: `FileError.unwritable`.
    public func append(_ contents: some ContiguousBytes) throws {
        try contents.withUnsafeBytes { try append($0) }
    }

    /// Appends `bytes`.
    ///
    /// - Throws: `FileError.unwritable`.
    public func append(_ bytes: UnsafeRawBufferPointer) throws {
        try write(bytes, at: byteCount)
        byteCount += bytes.count
    }

    /// Writes `bytes` at an offset, within what was appended or past it.
    package func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws {
        guard descriptor >= 0 else { throw failure(EBADF) }
        var done = 0
        while done < bytes.count {
            // The length is bounded: Linux writes at most 2 GiB at a time.
            let step = pwrite(descriptor, bytes.baseAddress! + done, min(bytes.count - done, 1 << 30), off_t(offset + done))
            if step < 0, errno == EINTR { continue }
            guard step > 0 else { throw failure(step < 0 ? errno : ENOSPC) }
            done += step
        }
    }

    /// Flushes the file to the disk and puts it in the target's place, or copies it into the device.
    package func commit() throws {
        guard descriptor >= 0 else { throw failure(EBADF) }
        switch target {
        case .device:
            try copyToDevice()
            discard()
        case .file(let path, let folder):
            guard fsync(descriptor) == 0 else { throw failure(errno) }
            let closed = close(descriptor)
            descriptor = -1
            guard closed == 0, rename(temporary, path) == 0 else {
                let code = errno
                unlink(temporary)
                throw failure(code)
            }
            // The rename is in the folder, which has its own place on the disk. Some file systems cannot flush folders;
            // the file is in place all the same.
            let folderDescriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            if folderDescriptor >= 0 {
                fsync(folderDescriptor)
                close(folderDescriptor)
            }
        }
    }

    private func copyToDevice() throws {
        let device = open(path, O_WRONLY | O_CLOEXEC)
        guard device >= 0 else { throw failure(errno) }
        defer { close(device) }
        var block = [UInt8](repeating: 0, count: 1 << 20)
        var offset = 0
        while true {
            let count = block.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, off_t(offset)) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure(errno) }
            if count == 0 { return }
            try block.withUnsafeBytes { try StandardStream.write($0.prefix(count), to: device, path: path) }
            offset += count
        }
    }

    private func discard() {
        guard descriptor >= 0 else { return }
        close(descriptor)
        descriptor = -1
        unlink(temporary)
    }

    private func failure(_ code: Int32) -> FileError {
        .unwritable(path: path, reason: systemMessage(code))
    }
}
