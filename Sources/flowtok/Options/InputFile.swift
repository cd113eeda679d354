import Foundation

/// Files and folders that a command reads.
enum InputFile {
    /// The bytes of a file, which may be a pipe such as a shell's `<(…)`.
    static func data(_ path: String) throws -> Data {
        guard isThere(path) else { throw Failure(.missing, "\(path): no such file") }
        guard !isFolder(path) else { throw Failure(.data, "\(path): is a folder, expected a file") }
        do {
            let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
            defer { try? file.close() }
            return try file.readToEnd() ?? Data()
        } catch {
            throw Failure(.data, "\(path): cannot be read: \(error.reason)")
        }
    }

    static func isThere(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

    static func isFolder(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
    }

    /// The names in a folder, in byte order.
    static func names(in folder: String) throws -> [String] {
        do {
            return try FileManager.default.contentsOfDirectory(atPath: folder).sorted(by: precedesInBytes)
        } catch {
            throw Failure(.data, "\(folder): cannot be read: \(error.reason)")
        }
    }

    /// The file's name without folders and without what follows its last point.
    static func stem(_ path: String) -> String {
        ((path as NSString).lastPathComponent as NSString).deletingPathExtension
    }
}

/// The order of bytes, which is the same in every language.
func precedesInBytes(_ a: String, _ b: String) -> Bool {
    a.utf8.lexicographicallyPrecedes(b.utf8)
}

extension Error {
    /// Why the system refused, without Foundation's sentence around it.
    var reason: String {
        let underlying = (self as NSError).userInfo[NSUnderlyingErrorKey] as? NSError
        return (underlying ?? self as NSError).localizedDescription
    }
}
