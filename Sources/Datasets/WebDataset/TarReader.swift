import Foundation

/// Reads WebDataset shards: plain files of a POSIX tar archive (ustar, with pax or GNU long names), in order.
///
/// The archive is treated as a stranger's: links, devices, absolute names, names with `..` and sizes over the limits
/// are refused, and the checksum of every header is checked.
public struct TarReader: Sequence, IteratorProtocol {
    private let path: String
    private let bytes: Data
    private let limits: TarLimits
    private var offset = 0
    private var files = 0
    private var failure: DatasetError?
    private var ended = false
    /// Whether the mark of an archive's end was met. Some writers leave it out, and so does a copy that was cut off between two
    /// files.
    package private(set) var isTerminated = false

    /// Opens the archive at `url`; its bytes are mapped, not read.
    public init(contentsOf url: URL, limits: TarLimits = TarLimits()) throws {
        guard FileManager.default.fileExists(atPath: url.path) else {
            throw DatasetError.missing(path: url.path, hint: "a tar shard was expected here")
        }
        let bytes: Data
        do {
            bytes = try Data(contentsOf: url, options: .mappedIfSafe)
        } catch {
            throw DatasetError.unreadable(path: url.path, reason: error.localizedDescription)
        }
        try self.init(bytes, path: url.path, limits: limits)
    }

    /// Reads an archive held in memory; `path` is only for messages.
    public init(_ bytes: Data, path: String, limits: TarLimits = TarLimits()) throws {
        self.path = path
        self.bytes = bytes
        self.limits = limits
        guard bytes.count <= limits.archiveBytes else {
            throw DatasetError.badArchive(path: path, offset: 0, reason: "\(bytes.count) bytes, at most \(limits.archiveBytes) are read")
        }
    }

    /// The next file as a sequence gives it; a fault ends the sequence. Prefer ``nextEntry()`` or ``entries()``.
    public mutating func next() -> TarEntry? {
        do {
            return try nextEntry()
        } catch let error as DatasetError {
            failure = error
        } catch {
            failure = .unreadable(path: path, reason: error.localizedDescription)
        }
        ended = true
        return nil
    }

    /// All files of the archive.
    public func entries() throws -> [TarEntry] {
        var reader = self
        var entries: [TarEntry] = []
        while let entry = try reader.nextEntry() { entries.append(entry) }
        return entries
    }

    /// The next file, nil at the archive's end.
    ///
    /// - Throws: `DatasetError.badArchive` with the offset of the offending header.
    public mutating func nextEntry() throws -> TarEntry? {
        try nextFile().map { TarEntry(name: $0.name, data: slice($0.range.lowerBound, $0.range.count)) }
    }

    /// The next file's name and where its bytes are, counted from the archive's first; nil at the archive's end.
    ///
    /// - Throws: `DatasetError.badArchive` with the offset of the offending header.
    mutating func nextFile() throws -> (name: String, range: Range<Int>)? {
        if let failure { throw failure }
        if ended { return nil }
        var longName: String?
        var paxSize: Int?
        while true {
            let header = offset
            // Some writers leave out the two zero blocks of the end.
            if header == bytes.count { ended = true; return nil }
            guard bytes.count - header >= TarFormat.block else { throw bad(header, "the file ends inside a header") }
            if isZeroBlock(header) {
                ended = true
                isTerminated = true
                return nil
            }
            try checkSum(header)
            let size = try paxSize ?? number(header, 124, 12, "size")
            guard size <= limits.fileBytes else { throw bad(header, "an entry of \(size) bytes, at most \(limits.fileBytes) are read") }
            let start = header + TarFormat.block
            guard size <= bytes.count - start else { throw bad(header, "an entry of \(size) bytes, of which \(bytes.count - start) are there") }
            let padded = (size + TarFormat.block - 1) / TarFormat.block * TarFormat.block
            offset = Swift.min(start + padded, bytes.count)
            let kind = byte(header + 156)
            switch kind {
            case UInt8(ascii: "0"), 0, UInt8(ascii: "7"):
                let name = try longName ?? self.name(header)
                if let objection = TarFormat.objection(to: name) { throw bad(header, objection) }
                // Old archives mark a folder by its slash alone.
                if name.hasSuffix("/") { longName = nil; paxSize = nil; continue }
                files += 1
                guard files <= limits.files else { throw bad(header, "more than \(limits.files) files") }
                return (TarFormat.normalised(name), start..<start + size)
            case UInt8(ascii: "5"):
                longName = nil
                paxSize = nil
            case UInt8(ascii: "x"):
                let records = try paxRecords(start, size)
                longName = records["path"] ?? longName
                if let text = records["size"] {
                    guard let value = Int(text), value >= 0 else { throw bad(header, "the pax size \(text)") }
                    paxSize = value
                }
            case UInt8(ascii: "g"):
                // Global pax records carry comments and times; nothing here uses them.
                _ = try paxRecords(start, size)
            case UInt8(ascii: "L"):
                let text = slice(start, size).prefix { $0 != 0 }
                guard let name = String(validating: text, as: UTF8.self) else { throw bad(header, "a long name that is not UTF-8") }
                longName = name
            case UInt8(ascii: "1"), UInt8(ascii: "2"), UInt8(ascii: "K"):
                throw bad(header, "a link; only plain files are read")
            default:
                throw bad(header, "an entry of type \(kind); only plain files are read")
            }
        }
    }

    // MARK: Fields

    private func bad(_ offset: Int, _ reason: String) -> DatasetError {
        .badArchive(path: path, offset: offset, reason: reason)
    }

    private func byte(_ offset: Int) -> UInt8 { bytes[bytes.startIndex + offset] }

    private func slice(_ offset: Int, _ count: Int) -> Data {
        let start = bytes.startIndex + offset
        return Data(bytes[start..<start + count])
    }

    private func isZeroBlock(_ offset: Int) -> Bool {
        let start = bytes.startIndex + offset
        return bytes[start..<start + TarFormat.block].allSatisfy { $0 == 0 }
    }

    private func text(_ header: Int, _ field: Int, _ length: Int) throws -> String {
        let start = bytes.startIndex + header + field
        let raw = bytes[start..<start + length].prefix { $0 != 0 }
        guard let text = String(validating: raw, as: UTF8.self) else { throw bad(header, "a name that is not UTF-8") }
        return text
    }

    private func name(_ header: Int) throws -> String {
        let name = try text(header, 0, 100)
        guard try text(header, 257, 5) == "ustar" else { return name }
        let prefix = try text(header, 345, 155)
        // GNU's own format keeps times where ustar keeps the prefix; its magic has a space after "ustar".
        guard byte(header + 262) == 0, !prefix.isEmpty else { return name }
        return prefix + "/" + name
    }

    /// An octal field, or the base-256 form that large sizes use.
    private func number(_ header: Int, _ field: Int, _ length: Int, _ what: String) throws -> Int {
        if byte(header + field) & 0x80 != 0 {
            var value = Int(byte(header + field) & 0x7f)
            for index in 1..<length {
                guard value <= Int.max >> 8 else { throw bad(header, "the \(what) overflows") }
                value = value << 8 | Int(byte(header + field + index))
            }
            return value
        }
        var value = 0
        var digits = 0
        for index in 0..<length {
            let character = byte(header + field + index)
            if character == 0 || character == UInt8(ascii: " ") {
                if digits > 0 { break }
                continue
            }
            guard character >= UInt8(ascii: "0"), character <= UInt8(ascii: "7") else { throw bad(header, "the \(what) is not octal") }
            value = value << 3 | Int(character - UInt8(ascii: "0"))
            digits += 1
        }
        return value
    }

    private func checkSum(_ header: Int) throws {
        var sum = 0
        for index in 0..<TarFormat.block {
            sum += (148..<156).contains(index) ? 32 : Int(byte(header + index))
        }
        let stored = try number(header, 148, 8, "checksum")
        guard sum == stored else { throw bad(header, "checksum \(stored) expected, \(sum) found") }
    }

    /// The records "<length> <key>=<value>\n" of a pax header.
    private func paxRecords(_ start: Int, _ size: Int) throws -> [String: String] {
        guard size <= 1 << 20 else { throw bad(start, "a pax header of \(size) bytes") }
        var records: [String: String] = [:]
        var rest = slice(start, size)[...]
        while let first = rest.first, first != 0 {
            guard let space = rest.firstIndex(of: UInt8(ascii: " ")),
                let length = Int(String(decoding: rest[rest.startIndex..<space], as: UTF8.self)),
                length > space - rest.startIndex + 1, length <= rest.count
            else { throw bad(start, "a broken pax record") }
            let end = rest.startIndex + length
            let record = rest[(space + 1)..<(end - 1)]
            guard rest[end - 1] == UInt8(ascii: "\n"), let equals = record.firstIndex(of: UInt8(ascii: "=")),
                let key = String(validating: record[record.startIndex..<equals], as: UTF8.self),
                let value = String(validating: record[(equals + 1)...], as: UTF8.self)
            else { throw bad(start, "a broken pax record") }
            records[key] = value
            rest = rest[end...]
        }
        return records
    }
}
