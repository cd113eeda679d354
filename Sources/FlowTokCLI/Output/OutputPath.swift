import Checkpoints
import Files
import Foundation

/// Whether a file can be written, found out before any work is done for it.
enum OutputPath {
    /// Throws where no file could be put at one of the paths: its folder is missing or takes no files, or it is a folder
    /// itself, or an input of the command.
    static func check(files paths: [String]) throws {
        var folders: Set<String> = []
        for path in paths {
            try ProtectedFiles.check(path)
            if let folder = try folder(for: path), folders.insert(folder).inserted { try check(folder: folder) }
        }
    }

    /// The same for one path.
    static func check(file path: String) throws {
        try check(files: [path])
    }

    /// The folder that has to take the file; nil where the path is a device or a pipe, which is written to as it is.
    private static func folder(for path: String) throws -> String? {
        guard !path.isEmpty, !path.hasSuffix("/") else {
            throw Failure(.usage, "the output \"\(path)\" is not a file name")
        }
        if OutputFile(named: path).isStandardOutput { return nil }
        var status = stat()
        if stat(path, &status) == 0 {
            switch status.st_mode & S_IFMT {
            case S_IFDIR: throw Failure(.data, "\(path): is a folder, expected the name of a file to write")
            case S_IFREG: break
            default: return nil
            }
        } else if errno != ENOENT {
            throw unwritable(path, errno)
        }
        return FilePath.folder(of: path)
    }

    /// Throws where a folder is missing or takes no files: read-only, full, or not a folder.
    static func check(folder: String) throws {
        let folder = folder.isEmpty ? "." : folder
        var status = stat()
        guard stat(folder, &status) == 0 else {
            throw errno == ENOENT ? Failure(.missing, "\(folder): no such folder") : unwritable(folder, errno)
        }
        guard status.st_mode & S_IFMT == S_IFDIR else { throw Failure(.data, "\(folder): is a file, expected a folder") }
        // Only writing tells whether there is room.
        let probe = folder + "/.flowtok-" + String(UInt64.random(in: .min ... .max), radix: 36) + ".tmp"
        let descriptor = open(probe, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw unwritable(folder, errno) }
        defer { unlink(probe) }
        let block = [UInt8](repeating: 0, count: 4096)
        let written = write(descriptor, block, block.count)
        let code = errno
        close(descriptor)
        guard written == block.count else { throw unwritable(folder, written < 0 ? code : ENOSPC) }
    }

    /// Makes a folder where there is none, and checks it.
    static func make(folder: String) throws {
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        } catch  where !InputFile.isThere(folder) {
            throw Failure(.data, "\(folder): cannot be made: \(error.systemReason)")
        } catch {}
        try check(folder: folder)
    }

    /// Throws where a name promises a picture of a format that is not written.
    static func checkFormat(_ path: String) throws {
        let suffix = FilePath.suffix(of: path).lowercased()
        if otherPictures.contains(suffix) {
            throw Failure(.usage, "\(path): pictures are written as PNG, JPEG or WebP, expected a name that ends in .png, .jpg or .webp")
        }
    }

    private static let otherPictures: Set = [
        "gif", "bmp", "tif", "tiff", "avif", "heic", "heif", "jxl", "svg", "pdf",
    ]

    private static func unwritable(_ path: String, _ code: Int32) -> Failure {
        Failure(.data, "\(path): cannot be written: \(String(cString: strerror(code)))")
    }
}
