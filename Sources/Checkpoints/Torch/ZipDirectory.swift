/// Reads the central directory of a zip archive and checks every local header against it.
struct ZipDirectory {
    let bytes: UnsafeRawBufferPointer
    let path: String

    /// The place of the central directory.
    private struct Location: Equatable {
        var entries: UInt64
        var size: UInt64
        var offset: UInt64
    }

    /// One central header.
    private struct Header {
        var name: String
        var rawName: UnsafeRawBufferPointer
        var flags: UInt16
        var method: UInt16
        var checksum: UInt32
        var storedCount: UInt64
        var count: UInt64
        var localOffset: UInt64
    }

    private static let endSize = 22
    private static let locatorSize = 20
    private static let wideEndSize = 56
    /// Deflate's speed hints, sizes that follow the data, and UTF-8 names; encryption and patches are elsewhere.
    private static let knownFlags: UInt16 = 0x080e
    private static let sizesFollow: UInt16 = 0x0008

    func entries() throws -> [ZipArchive.Entry] {
        let (location, directoryEnd) = try locate()
        guard let offset = Int(exactly: location.offset), let size = Int(exactly: location.size),
            offset <= directoryEnd, size == directoryEnd - offset
        else { throw failure("central directory", "it does not end where the end record begins") }
        guard location.entries <= UInt64(Limits.archiveEntries) else {
            throw CheckpointError.limitExceeded(
                path: path, quantity: "records in the archive", limit: Limits.archiveEntries,
                found: Int(clamping: location.entries))
        }
        let directory = UnsafeRawBufferPointer(rebasing: bytes[offset..<directoryEnd])
        var cursor = ByteCursor(directory, path: path, part: "central directory of the archive", origin: offset)
        var entries: [ZipArchive.Entry] = []
        var ranges: [Range<Int>] = []
        for _ in 0..<Int(location.entries) {
            let header = try centralHeader(&cursor)
            let (entry, range) = try checkLocalHeader(of: header, directoryStart: offset)
            entries.append(entry)
            ranges.append(range)
        }
        guard cursor.remaining == 0 else { throw failure("central directory", "it holds more than its records") }
        ranges.sort { $0.lowerBound < $1.lowerBound }
        for (first, second) in zip(ranges, ranges.dropFirst()) where first.upperBound > second.lowerBound {
            throw failure("offset \(second.lowerBound)", "two records overlap")
        }
        return entries
    }

    private func failure(_ record: String, _ reason: String) -> CheckpointError {
        .malformedArchive(path: path, record: record, reason: reason)
    }

    // MARK: End records

    /// The central directory's place, and the offset at which it must end.
    private func locate() throws -> (Location, end: Int) {
        guard bytes.count >= Self.endSize else {
            throw CheckpointError.truncated(
                path: path, part: "archive", offset: 0, needed: Self.endSize, available: bytes.count)
        }
        // Archives of tensors carry no comment, so the end record is the file's last 22 bytes and nowhere else.
        let endStart = bytes.count - Self.endSize
        var cursor = ByteCursor(bytes, from: endStart, path: path, part: "end record of the archive")
        guard try cursor.integer(UInt32.self) == 0x0605_4b50 else {
            throw failure("end of file", "expected the end record of a zip archive; the file may be cut short")
        }
        let disk = try cursor.integer(UInt16.self)
        let directoryDisk = try cursor.integer(UInt16.self)
        let entriesHere = try cursor.integer(UInt16.self)
        let entries = try cursor.integer(UInt16.self)
        let size = try cursor.integer(UInt32.self)
        let offset = try cursor.integer(UInt32.self)
        guard try cursor.integer(UInt16.self) == 0 else { throw failure("end record", "expected no comment") }
        guard disk == directoryDisk, disk == 0 || disk == .max, entriesHere == entries else {
            throw failure("end record", "expected an archive in one part")
        }
        let narrow = Location(entries: UInt64(entries), size: UInt64(size), offset: UInt64(offset))
        guard let (wide, wideStart) = try locateWide(before: endStart) else {
            guard disk == 0 else { throw failure("end record", "expected an archive in one part") }
            return (narrow, endStart)
        }
        guard entries == .max || narrow.entries == wide.entries, size == .max || narrow.size == wide.size,
            offset == .max || narrow.offset == wide.offset
        else { throw failure("end record", "its two forms contradict each other") }
        return (wide, wideStart)
    }

    /// The zip64 end record, where there is one.
    private func locateWide(before endStart: Int) throws -> (Location, start: Int)? {
        guard endStart >= Self.locatorSize else { return nil }
        let locatorStart = endStart - Self.locatorSize
        var cursor = ByteCursor(bytes, from: locatorStart, path: path, part: "zip64 end record")
        guard try cursor.integer(UInt32.self) == 0x0706_4b50 else { return nil }
        let disk = try cursor.integer(UInt32.self)
        let offset = try cursor.integer(UInt64.self)
        let disks = try cursor.integer(UInt32.self)
        guard disk == 0, disks <= 1, locatorStart >= Self.wideEndSize,
            let start = Int(exactly: offset), start == locatorStart - Self.wideEndSize
        else { throw failure("zip64 end record", "it is not where its locator says") }
        cursor = ByteCursor(bytes, from: start, path: path, part: "zip64 end record")
        guard try cursor.integer(UInt32.self) == 0x0606_4b50, try cursor.integer(UInt64.self) == UInt64(Self.wideEndSize - 12)
        else { throw failure("zip64 end record", "it is not where its locator says") }
        _ = try cursor.take(4)
        let disksAgree = try cursor.integer(UInt64.self) == 0
        let entriesHere = try cursor.integer(UInt64.self)
        let entries = try cursor.integer(UInt64.self)
        let size = try cursor.integer(UInt64.self)
        guard disksAgree, entriesHere == entries else {
            throw failure("zip64 end record", "expected an archive in one part")
        }
        return (Location(entries: entries, size: size, offset: try cursor.integer(UInt64.self)), start)
    }

    // MARK: Headers

    private func centralHeader(_ cursor: inout ByteCursor) throws -> Header {
        let start = cursor.offset
        guard try cursor.integer(UInt32.self) == 0x0201_4b50 else {
            throw failure("offset \(start)", "expected a central header")
        }
        _ = try cursor.take(4)
        let flags = try cursor.integer(UInt16.self)
        let method = try cursor.integer(UInt16.self)
        _ = try cursor.take(4)
        let checksum = try cursor.integer(UInt32.self)
        let storedCount = try cursor.integer(UInt32.self)
        let count = try cursor.integer(UInt32.self)
        let nameCount = Int(try cursor.integer(UInt16.self))
        let extraCount = Int(try cursor.integer(UInt16.self))
        let commentCount = Int(try cursor.integer(UInt16.self))
        let disk = try cursor.integer(UInt16.self)
        _ = try cursor.take(6)
        let localOffset = try cursor.integer(UInt32.self)
        let rawName = try cursor.take(nameCount)
        let extra = try cursor.take(extraCount)
        _ = try cursor.take(commentCount)
        let name = try checkedName(rawName, at: start)
        guard disk == 0 else { throw failure(name, "expected an archive in one part") }
        var header = Header(
            name: name, rawName: rawName, flags: flags, method: method, checksum: checksum,
            storedCount: UInt64(storedCount), count: UInt64(count), localOffset: UInt64(localOffset))
        if count == .max || storedCount == .max || localOffset == .max {
            var wide = try wideFields(in: extra, record: name)
            if count == .max { header.count = try wide.integer(UInt64.self) }
            if storedCount == .max { header.storedCount = try wide.integer(UInt64.self) }
            if localOffset == .max { header.localOffset = try wide.integer(UInt64.self) }
        }
        return header
    }

    private func checkedName(_ raw: UnsafeRawBufferPointer, at offset: Int) throws -> String {
        guard raw.count <= Limits.nameBytes else {
            throw CheckpointError.limitExceeded(
                path: path, quantity: "bytes in the name of a record", limit: Limits.nameBytes, found: raw.count)
        }
        guard let name = String(validating: raw, as: UTF8.self), !name.isEmpty else {
            throw failure("offset \(offset)", "expected a record's name in UTF-8")
        }
        let isUnsafe = raw.contains { $0 < 0x20 || $0 == UInt8(ascii: "\\") || $0 == 0x7f }
        let parts = name.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard !isUnsafe, !name.hasPrefix("/"), !parts.contains(where: { $0.elementsEqual("..".utf8) }) else {
            throw failure(name, "expected a relative name without '..'")
        }
        return name
    }

    /// The zip64 extra field: the wide forms of those sizes that the header left saturated, in a fixed order.
    private func wideFields(in extra: UnsafeRawBufferPointer, record: String) throws -> ByteCursor {
        var cursor = ByteCursor(extra, path: path, part: "extra fields of record \(quoted(record))")
        var found: ByteCursor?
        while cursor.remaining > 0 {
            let kind = try cursor.integer(UInt16.self)
            let field = try cursor.take(Int(try cursor.integer(UInt16.self)))
            guard kind == 1 else { continue }
            guard found == nil else { throw failure(record, "its sizes are given twice") }
            found = ByteCursor(field, path: path, part: "zip64 sizes of record \(quoted(record))")
        }
        guard let found else { throw failure(record, "its sizes are missing") }
        return found
    }

    /// The entry that a central header describes, and the bytes of the file that it takes, header included.
    private func checkLocalHeader(
        of header: Header, directoryStart: Int
    ) throws -> (ZipArchive.Entry, Range<Int>) {
        guard header.flags & ~Self.knownFlags == 0 else {
            let isEncrypted = header.flags & 0x2041 != 0
            throw failure(header.name, isEncrypted ? "it is encrypted" : "it has unknown flags")
        }
        guard header.method == 0 || header.method == 8 else {
            throw failure(header.name, "expected it stored or deflated, found compression method \(header.method)")
        }
        guard header.method == 8 || header.storedCount == header.count else {
            throw failure(header.name, "it is stored, but its two sizes differ")
        }
        guard let start = Int(exactly: header.localOffset), start <= directoryStart,
            let storedCount = Int(exactly: header.storedCount), let count = Int(exactly: header.count)
        else { throw failure(header.name, "it lies outside the archive") }
        let space = UnsafeRawBufferPointer(rebasing: bytes[0..<directoryStart])
        var cursor = ByteCursor(space, from: start, path: path, part: "record \(quoted(header.name))")
        guard try cursor.integer(UInt32.self) == 0x0403_4b50 else {
            throw failure(header.name, "expected a local header at offset \(start)")
        }
        _ = try cursor.take(2)
        let flags = try cursor.integer(UInt16.self)
        let method = try cursor.integer(UInt16.self)
        _ = try cursor.take(4)
        let checksum = try cursor.integer(UInt32.self)
        let localStored = try cursor.integer(UInt32.self)
        let localCount = try cursor.integer(UInt32.self)
        let nameCount = Int(try cursor.integer(UInt16.self))
        let extraCount = Int(try cursor.integer(UInt16.self))
        let name = try cursor.take(nameCount)
        let extra = try cursor.take(extraCount)
        guard flags == header.flags, method == header.method, name.elementsEqual(header.rawName) else {
            throw failure(header.name, "its local header contradicts the central one")
        }
        var wideStored = UInt64(localStored)
        var wideCount = UInt64(localCount)
        if localStored == .max || localCount == .max {
            var wide = try wideFields(in: extra, record: header.name)
            if localCount == .max { wideCount = try wide.integer(UInt64.self) }
            if localStored == .max { wideStored = try wide.integer(UInt64.self) }
        }
        // Where the sizes follow the data, the local header leaves them zero.
        let mayBeZero = flags & Self.sizesFollow != 0
        guard checksum == header.checksum || (mayBeZero && checksum == 0),
            wideStored == header.storedCount || (mayBeZero && wideStored == 0),
            wideCount == header.count || (mayBeZero && wideCount == 0)
        else { throw failure(header.name, "its local header contradicts the central one") }
        let dataStart = cursor.position
        _ = try cursor.take(storedCount)
        let entry = ZipArchive.Entry(
            name: header.name, isDeflated: method == 8, checksum: header.checksum, storedCount: storedCount,
            count: count, offset: dataStart)
        return (entry, start..<cursor.position)
    }
}
