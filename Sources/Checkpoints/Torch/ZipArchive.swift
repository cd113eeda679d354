import CZlib
import Files

/// The table of contents of a zip archive, read as strictly as the files of PyTorch allow: one archive, no comment, no
/// encryption, no overlapping or duplicate records, and local headers that agree with the central ones. Where readers
/// differ on a zip file, one of them is being fooled; such files are refused.
struct ZipArchive: Sendable {
    struct Entry: Sendable {
        let name: String
        let isDeflated: Bool
        let checksum: UInt32
        let storedCount: Int
        let count: Int
        /// Where the stored bytes begin in the file.
        let offset: Int
    }

    let contents: MappedFile
    let entries: [Entry]
    private let index: [String: Int]

    subscript(name: String) -> Entry? { index[name].map { entries[$0] } }

    init(_ contents: MappedFile) throws {
        self.contents = contents
        contents.expectScatteredReads(true)
        defer { contents.expectScatteredReads(false) }
        entries = try contents.withBytes { try ZipDirectory(bytes: $0, path: contents.path).entries() }
        var index: [String: Int] = [:]
        for (position, entry) in entries.enumerated() {
            guard index.updateValue(position, forKey: entry.name) == nil else {
                throw CheckpointError.duplicateName(path: contents.path, name: entry.name)
            }
        }
        self.index = index
    }

    /// Calls `body` with the bytes of a record after checking its CRC-32, inflating it where it is deflated.
    ///
    /// - Parameter limit: the most bytes that the record may have.
    func withVerifiedBytes<Result>(
        of entry: Entry, limit: Int, _ body: (UnsafeRawBufferPointer) throws -> Result
    ) throws -> Result {
        guard entry.count <= limit else {
            throw CheckpointError.limitExceeded(
                path: contents.path, quantity: "bytes in record \(quoted(entry.name))", limit: limit, found: entry.count)
        }
        let stored = UnsafeRawBufferPointer(start: contents.pointer(at: entry.offset), count: entry.storedCount)
        return try withExtendedLifetime(contents) {
            guard entry.isDeflated else {
                try check(cz_crc32(0, stored.baseAddress, stored.count), of: entry)
                return try body(stored)
            }
            let inflated = UnsafeMutableRawBufferPointer.allocate(byteCount: max(entry.count, 1), alignment: 16)
            defer { inflated.deallocate() }
            guard cz_inflate_exactly(inflated.baseAddress, entry.count, stored.baseAddress, stored.count) == 0 else {
                throw CheckpointError.malformedArchive(
                    path: contents.path, record: entry.name,
                    reason: "expected compressed data that inflates to exactly \(entry.count) bytes")
            }
            let bytes = UnsafeRawBufferPointer(rebasing: inflated[0..<entry.count])
            try check(cz_crc32(0, bytes.baseAddress, bytes.count), of: entry)
            return try body(bytes)
        }
    }

    /// Throws where the bytes of an uncompressed record do not have its checksum.
    func verify(_ entry: Entry) throws {
        try withVerifiedBytes(of: entry, limit: Int.max) { _ in }
    }

    private func check(_ found: UInt32, of entry: Entry) throws {
        guard found == entry.checksum else {
            throw CheckpointError.checksumMismatch(
                path: contents.path, record: entry.name, expected: entry.checksum, found: found)
        }
    }
}
