import Foundation

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Reads whole files into memory.
public enum InputFile {
    /// The bytes of the file at `path`.
    ///
    /// A regular file is never waited for: a pipe or device is refused unless `pipes` says that one is welcome, so that a
    /// wrong path cannot hang.
    ///
    /// - Parameters:
    ///   - limit: the most bytes that are read.
    ///   - pipes: whether a named pipe or a device (`/dev/stdin`, a shell's `<(…)`) is read to its end.
    /// - Throws: `FileError.missing`, `.unreadable`, `.notRegular`, `.tooLarge`.
    public static func bytes(_ path: String, limit: Int = 1 << 30, pipes: Bool = false) throws -> [UInt8] {
        // A NUL would silently cut the path.
        guard !path.isEmpty, !path.utf8.contains(0) else { throw FileError.missing(path: path) }
        // Without O_NONBLOCK, opening a pipe waits for a writer that may never come.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | (pipes ? 0 : O_NONBLOCK))
        guard descriptor >= 0 else { throw failure(path, errno) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw failure(path, errno) }
        let isRegular = status.st_mode & S_IFMT == S_IFREG
        guard isRegular || pipes && status.st_mode & S_IFMT != S_IFDIR else {
            throw FileError.notRegular(path: path, found: kind(of: status.st_mode))
        }
        let size = isRegular ? Int(status.st_size) : 0
        if size > limit { throw FileError.tooLarge(path: path, bytes: size, limit: limit) }
        return try bytes(of: descriptor, path: path, expecting: size, limit: limit)
    }

    /// Everything that an open descriptor gives.
    ///
    /// - Parameter path: its name in messages.
    /// - Throws: `FileError.unreadable`, `.tooLarge`.
    package static func bytes(of descriptor: Int32, path: String, expecting size: Int = 0, limit: Int = 1 << 30) throws -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(size)
        // One more than expected, so that the end is seen without another round.
        try forEachBlock(of: descriptor, path: path, size: min(max(size + 1, 1 << 16), 1 << 24)) { block in
            result += block
            if result.count > limit { throw FileError.tooLarge(path: path, bytes: result.count, limit: limit) }
        }
        return result
    }

    /// Hands everything that an open descriptor gives to `body`, a block of at most `size` bytes at a time.
    ///
    /// - Parameter path: its name in messages.
    /// - Throws: `FileError.unreadable`; what `body` throws.
    package static func forEachBlock(
        of descriptor: Int32, path: String, size: Int = 1 << 20, _ body: (ArraySlice<UInt8>) throws -> Void
    ) throws {
        var block = [UInt8](repeating: 0, count: size)
        while true {
            let count = block.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw failure(path, errno) }
            if count == 0 { return }
            try body(block[..<count])
        }
    }

    /// Why `path` could not be opened or read.
    static func failure(_ path: String, _ code: Int32) -> FileError {
        switch code {
        case ENOENT, ENOTDIR: .missing(path: path)
        case EISDIR: .notRegular(path: path, found: "a folder")
        default: .unreadable(path: path, reason: systemMessage(code))
        }
    }

    /// What a mode names, with its article.
    static func kind(of mode: mode_t) -> String {
        switch mode & S_IFMT {
        case S_IFREG: "a file"
        case S_IFDIR: "a folder"
        case S_IFIFO: "a named pipe"
        case S_IFSOCK: "a socket"
        case S_IFCHR, S_IFBLK: "a device"
        default: "a special file"
        }
    }
}

extension InputFile {
    /// Whether anything lies at `path`.
    public static func isThere(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

    /// Whether `path` leads to a folder.
    public static func isFolder(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
    }

    /// The names in a folder, in byte order, which is the same in every language. Names that are not UTF-8 are left out.
    ///
    /// - Throws: `FileError.unreadable`.
    public static func names(in folder: String) throws -> [String] {
        guard let stream = opendir(folder) else { throw FileError.unreadable(path: folder, reason: systemMessage(errno)) }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(validatingCString: $0) }
            }
            if let name, name != ".", name != ".." { names.append(name) }
        }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// The paths of the files in a folder and in the folders inside it, relative to the folder and in the order of their
    /// names. Links are followed, hidden files and folders are not.
    ///
    /// - Throws: `FileError.unreadable`.
    package static func tree(of folder: String) throws -> [String] {
        var found: [String] = []
        // A link may lead to a folder that holds it.
        func walk(_ path: String, _ prefix: String, _ above: Set<FileIdentity>) throws {
            guard let identity = FileIdentity(path: path), !above.contains(identity) else { return }
            for name in try names(in: path) where !name.hasPrefix(".") {
                let inside = FilePath.join(path, name)
                if isFolder(inside) {
                    try walk(inside, prefix + name + "/", above.union([identity]))
                } else {
                    found.append(prefix + name)
                }
            }
        }
        guard FileIdentity(path: folder) != nil else { throw FileError.missing(path: folder) }
        try walk(folder, "", [])
        return found
    }

    /// The file's name without folders and without what follows its last point.
    public static func stem(_ path: String) -> String {
        FilePath.withoutSuffix(FilePath.name(of: path))
    }
}

extension Error {
    /// Why the system refused, without Foundation's sentence around it.
    package var systemReason: String {
        let underlying = (self as NSError).userInfo[NSUnderlyingErrorKey] as? NSError
        return (underlying ?? self as NSError).localizedDescription
    }
}
