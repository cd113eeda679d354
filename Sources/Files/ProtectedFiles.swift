import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The files that a program was given to read, which nothing that it writes may replace.
///
/// Every file is written by `AtomicFile`, which asks here last; a program that asks before it begins its work saves its user
/// the time. Files are told apart by what they are and not by how their paths are spelt.
public enum ProtectedFiles {
    private static let paths = Mutex<[FileIdentity: String]>([:])

    /// Protects files from now on; of a folder, the files in it, without those in folders inside it; for `-`, the file that standard
    /// input comes from. What is not there is passed over.
    public static func add(_ files: some Sequence<String>) {
        for path in files {
            guard InputFile.isFolder(path) else {
                protect(path)
                continue
            }
            for name in (try? InputFile.names(in: path)) ?? [] { protect(FilePath.join(path, name)) }
        }
    }

    private static func protect(_ path: String) {
        let path = path == "-" ? "/dev/stdin" : path
        guard let identity = FileIdentity(path: path), identity.kind == S_IFREG else { return }
        paths.withLock { paths in
            if paths[identity] == nil { paths[identity] = path }
        }
    }

    /// Whether `path` leads to a protected file.
    public static func contains(_ path: String) -> Bool {
        input(at: path) != nil
    }

    private static func input(at path: String) -> String? {
        guard let identity = FileIdentity(path: path) else { return nil }
        return paths.withLock { paths in
            guard let input = paths[identity] else { return nil }
            // The number of a file that has gone is given to another one.
            if FileIdentity(path: input) != identity { paths[identity] = nil }
            return paths[identity]
        }
    }

    /// Throws where a file written to `path` would replace one that is protected.
    ///
    /// - Throws: `FileError.replacesInput`.
    public static func check(_ path: String) throws {
        guard let input = input(at: path) else { return }
        throw FileError.replacesInput(path: path, input: input)
    }
}
