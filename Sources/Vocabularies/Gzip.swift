import CZlib

/// Unpacking of gzip files.
enum Gzip {
    /// A vocabulary is a few megabytes; whatever unpacks to more is no vocabulary.
    private static let limit = 1 << 28

    static func isPacked(_ bytes: [UInt8]) -> Bool { bytes.starts(with: [0x1f, 0x8b]) }

    /// - Throws: `VocabularyError.malformed`.
    static func unpack(_ bytes: [UInt8], file: String) throws -> [UInt8] {
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
            throw VocabularyError.malformed(file: file, place: "whole file", expected: "a gzip file", found: found)
        }
        defer { cz_free(unpacked) }
        return Array(UnsafeBufferPointer(start: unpacked, count: count))
    }
}
