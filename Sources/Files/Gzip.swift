import CZlib

/// Unpacking of gzip files.
public enum Gzip {
    /// Whether the bytes begin as gzip does.
    public static func isPacked(_ bytes: some Collection<UInt8>) -> Bool { bytes.starts(with: [0x1f, 0x8b]) }

    /// The bytes of a gzip file, of one member or several end to end.
    ///
    /// - Parameters:
    ///   - path: the file's name in messages.
    ///   - limit: the most bytes that are unpacked.
    /// - Throws: `FileError.malformed`.
    public static func unpack(_ bytes: [UInt8], path: String, limit: Int = 1 << 30) throws -> [UInt8] {
        var unpacked: UnsafeMutablePointer<UInt8>?
        var count = 0
        let result = cz_gunzip(bytes, bytes.count, limit, &unpacked, &count)
        guard result == CZ_DONE else {
            let found =
                switch result {
                case CZ_TRUNCATED: "a truncated one"
                case CZ_TOO_LARGE: "one that unpacks to more than \(limit) bytes"
                case CZ_NO_MEMORY: "one that there is no memory for"
                default: "a corrupt one"
                }
            throw FileError.malformed(path: path, reason: "expected a gzip file, found \(found)")
        }
        defer { cz_free(unpacked) }
        return Array(UnsafeBufferPointer(start: unpacked, count: count))
    }
}
