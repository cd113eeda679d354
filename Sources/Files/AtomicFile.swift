public import Foundation

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Writes files whole or not at all: into a temporary file of the same folder, flushed to the disk, put in the target's
/// place, and the folder flushed too. A reader sees the old file or the new one, after a power cut as well.
///
/// A link is followed, so that it goes on pointing at the file. A device or pipe that exists at the path is written to and not
/// replaced, and so is what standard output goes to (`/dev/stdout`, also where that is a file); what goes there is complete
/// before its first byte is sent. A file that is replaced keeps its permissions. A file that `ProtectedFiles` holds is never
/// replaced.
public enum AtomicFile {
    /// Writes `contents` (`Data`, `[UInt8]`) to `path`.
    ///
    /// - Parameter replacing: whether a file that is there is replaced.
    /// - Throws: `FileError.unwritable`, `.replacesInput`, and `.exists` where nothing may be replaced; the old file is
    ///   untouched then.
    public static func write(to path: String, _ contents: some ContiguousBytes, replacing: Bool = true) throws {
        try write(to: path, replacing: replacing) { try $0.append(contents) }
    }

    /// Writes `text` in UTF-8.
    ///
    /// - Throws: as the others do.
    public static func write(to path: String, text: String, replacing: Bool = true) throws {
        try write(to: path, Array(text.utf8), replacing: replacing)
    }

    /// Writes what `body` appends. Should `body` throw, the old file is untouched and the error passed on.
    ///
    /// - Throws: as the others do, and what `body` throws.
    public static func write(to path: String, replacing: Bool = true, streaming body: (AtomicFileStream) throws -> Void) throws {
        let stream = try AtomicFileStream(path: path, replacing: replacing)
        try body(stream)
        try stream.commit()
    }
}

/// A file in the making, invisible under its own name until it is committed. Dropped without that, it leaves nothing; nor does
/// it where the process is killed, on file systems that have files without a name.
///
/// For one task at a time.
public final class AtomicFileStream {
    /// Where the bytes go when they are all there.
    private enum Target {
        /// Put at this path, in this folder.
        case file(path: String, folder: String)
        /// Copied into the device or pipe at the path.
        case device
        /// Copied to an open descriptor of this process.
        case descriptor(Int32)
    }

    private let path: String
    private let target: Target
    private let replacing: Bool
    /// The name of the temporary file; nil where it has none.
    private var temporary: String?
    private var descriptor: Int32 = -1
    /// The number of bytes appended so far.
    public private(set) var byteCount = 0

    /// Creates the temporary file: beside what `path` leads to, or among the system's temporary files for a device.
    ///
    /// - Throws: `FileError.unwritable`, `.replacesInput`, `.exists`.
    package init(path: String, replacing: Bool = true) throws {
        func unwritable(_ reason: String) -> FileError { .unwritable(path: path, reason: reason) }
        guard !path.isEmpty, !path.utf8.contains(0), path.utf8.last != UInt8(ascii: "/") else {
            throw unwritable("not the name of a file")
        }
        self.path = path
        self.replacing = replacing
        var resolved = path
        var permissions: mode_t?
        var isDevice = false
        let open = Self.openStream(at: path)
        var status = stat()
        if open == nil, stat(path, &status) == 0 {
            switch status.st_mode & S_IFMT {
            case S_IFDIR: throw unwritable("it is a folder")
            case S_IFREG:
                try ProtectedFiles.check(path)
                guard replacing else { throw FileError.exists(path: path) }
                permissions = status.st_mode & 0o777
                if let real = realpath(path, nil) {
                    resolved = String(cString: real)
                    free(real)
                }
            default: isDevice = true
            }
        }
        let parent = FilePath.folder(of: resolved)
        let folder = isDevice || open != nil ? NSTemporaryDirectory() : parent.isEmpty ? "." : parent
        target = open.map { .descriptor($0) } ?? (isDevice ? .device : .file(path: resolved, folder: folder))
        let mode: mode_t = isDevice || open != nil ? 0o600 : 0o666
        descriptor = Self.openUnnamed(in: folder, mode: mode)
        if descriptor < 0 {
            let name = Self.temporaryName(in: folder)
            descriptor = Self.system(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode)
            temporary = name
        }
        guard descriptor >= 0 else {
            throw unwritable(errno == ENOENT || errno == ENOTDIR ? "no such folder" : systemMessage(errno))
        }
        if let permissions { fchmod(descriptor, permissions) }
    }

    deinit { discard() }

    /// A name of its own length: one made of the target's could be too long for the file system.
    private static func temporaryName(in folder: String) -> String {
        folder + "/.flowtok-" + String(UInt64.random(in: .min ... .max), radix: 36) + ".tmp"
    }

    /// A file without a name, which goes with the process; -1 where the system has none or could not name it later.
    private static func openUnnamed(in folder: String, mode: mode_t) -> Int32 {
        #if os(Linux)
        // The value of __O_TMPFILE, which the C library's header spells in a way that is not imported.
        let descriptor = system(folder, O_RDWR | 0o20_000_000 | O_DIRECTORY | O_CLOEXEC, mode)
        guard descriptor >= 0 else { return -1 }
        guard access(name(of: descriptor), F_OK) == 0 else {
            close(descriptor)
            return -1
        }
        return descriptor
        #else
        return -1
        #endif
    }

    /// The path by which Linux knows an open file.
    private static func name(of descriptor: Int32) -> String { "/proc/self/fd/\(descriptor)" }

    private static func system(_ path: String, _ flags: Int32, _ mode: mode_t) -> Int32 { open(path, flags, mode) }

    /// Standard output or standard error where `path` leads to the same file, pipe or socket. What is written there through
    /// another descriptor could go over what they have written.
    private static func openStream(at path: String) -> Int32? {
        guard let identity = FileIdentity(path: path), [S_IFREG, S_IFIFO, S_IFSOCK].contains(identity.kind) else { return nil }
        return [STDOUT_FILENO, STDERR_FILENO].first { FileIdentity(descriptor: $0) == identity }
    }

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

    /// Flushes the file to the disk, so that little can go wrong when it is committed.
    package func flush() throws {
        guard descriptor >= 0 else { throw failure(EBADF) }
        guard fsync(descriptor) == 0 else { throw failure(errno) }
    }

    /// Flushes the file to the disk and puts it in the target's place, or copies it into the device.
    package func commit() throws {
        defer { discard() }
        guard descriptor >= 0 else { throw failure(EBADF) }
        switch target {
        case .device:
            let device = open(path, O_WRONLY | O_CLOEXEC)
            guard device >= 0 else { throw failure(errno) }
            defer { close(device) }
            try copy(to: device)
        case .descriptor(let stream): try copy(to: stream)
        case .file(let path, let folder):
            try flush()
            // What lies there may have changed while the file was made.
            try ProtectedFiles.check(path)
            try replacing ? replace(path, in: folder) : create(path, in: folder)
            // The name is in the folder, which has its own place on the disk. Some file systems cannot flush folders; the
            // file is in place all the same.
            let folderDescriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            if folderDescriptor >= 0 {
                fsync(folderDescriptor)
                close(folderDescriptor)
            }
        }
    }

    /// Puts the file at `path`, in place of what is there.
    private func replace(_ path: String, in folder: String) throws {
        if temporary == nil {
            if link(to: path) { return }
            try name(in: folder)
        }
        guard let name = temporary else { return }
        guard rename(name, path) == 0 else { throw failure(errno) }
        temporary = nil
    }

    /// Gives the file a temporary name. Where a file system has files without a name and cannot give them one, a copy has it.
    private func name(in folder: String) throws {
        let name = Self.temporaryName(in: folder)
        if !link(to: name) {
            let copy = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
            guard copy >= 0 else { throw failure(errno) }
            defer { close(copy) }
            temporary = name
            var status = stat()
            if fstat(descriptor, &status) == 0 { fchmod(copy, status.st_mode & 0o777) }
            try self.copy(to: copy)
            guard fsync(copy) == 0 else { throw failure(errno) }
        }
        temporary = name
    }

    /// Puts the file at `path` where nothing is there.
    private func create(_ path: String, in folder: String) throws {
        if link(to: path) { return }
        if errno != EEXIST, temporary == nil {
            try name(in: folder)
            if link(to: path) { return }
        }
        if errno == EEXIST { throw FileError.exists(path: self.path) }
        // Some file systems have no links: the name is taken first, and then the file put there.
        guard let name = temporary, [EPERM, EOPNOTSUPP, ENOSYS].contains(errno) else { throw failure(errno) }
        let place = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        guard place >= 0 else { throw errno == EEXIST ? FileError.exists(path: self.path) : failure(errno) }
        close(place)
        guard rename(name, path) == 0 else { throw failure(errno) }
        temporary = nil
    }

    /// Gives the file another name; false, with `errno`, where that cannot be.
    private func link(to path: String) -> Bool {
        let (source, flags) = temporary.map { ($0, Int32(0)) } ?? (Self.name(of: descriptor), Int32(AT_SYMLINK_FOLLOW))
        return linkat(AT_FDCWD, source, AT_FDCWD, path, flags) == 0
    }

    private func copy(to device: Int32) throws {
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
        if descriptor >= 0 { close(descriptor) }
        descriptor = -1
        if let temporary { unlink(temporary) }
        temporary = nil
    }

    private func failure(_ code: Int32) -> FileError {
        .unwritable(path: path, reason: systemMessage(code))
    }
}
