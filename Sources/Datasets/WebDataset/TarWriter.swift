import Files
import Foundation

/// Writes plain files as a ustar archive whose bytes depend on names and contents alone.
///
/// Times, owners and modes are fixed, so that the same sprites give the same shard. Nothing reaches the disk before
/// ``write(to:)``, which writes the whole archive or nothing.
public struct TarWriter {
    private var bytes = Data()
    private var names: Set<String> = []

    public init() {}

    /// The number of bytes so far, without the end marker.
    public var count: Int { bytes.count }

    /// Adds a file.
    ///
    /// - Throws: `DatasetError.badArchive` for an unsafe, repeated or too long name.
    public mutating func append(_ name: String, _ data: Data) throws {
        func bad(_ reason: String) -> DatasetError { .badArchive(path: name, offset: bytes.count, reason: reason) }
        if let objection = TarFormat.objection(to: name) { throw bad(objection) }
        guard names.insert(name).inserted else { throw bad("a second file of the same name") }
        guard let (prefix, short) = Self.split(name) else { throw bad("a name too long for ustar") }
        guard data.count < 1 << 33 else { throw bad("\(data.count) bytes do not fit a ustar entry") }
        var header = [UInt8](repeating: 0, count: TarFormat.block)
        func put(_ text: String, _ at: Int) {
            for (index, byte) in text.utf8.enumerated() { header[at + index] = byte }
        }
        func octal(_ value: Int, _ digits: Int) -> String {
            let text = String(value, radix: 8)
            return String(repeating: "0", count: digits - text.utf8.count) + text
        }
        put(short, 0)
        put(octal(0o644, 7), 100)
        put(octal(0, 7), 108)
        put(octal(0, 7), 116)
        put(octal(data.count, 11), 124)
        put(octal(0, 11), 136)
        put("        ", 148)
        put("0", 156)
        put("ustar\u{0}00", 257)
        put("root", 265)
        put("root", 297)
        put(prefix, 345)
        put(octal(header.reduce(0) { $0 + Int($1) }, 6) + "\u{0} ", 148)
        bytes.append(contentsOf: header)
        bytes.append(data)
        let rest = data.count % TarFormat.block
        if rest > 0 { bytes.append(Data(count: TarFormat.block - rest)) }
    }

    /// The bytes that have come since the last time, for whoever writes them away on the way.
    package mutating func drain() -> Data {
        defer { bytes = Data() }
        return bytes
    }

    /// The finished archive.
    public func finished() -> Data {
        bytes + Data(count: 2 * TarFormat.block)
    }

    /// Writes the finished archive to `url`, whole or not at all.
    public func write(to url: URL) throws {
        try AtomicFile.write(to: url.path, finished())
    }

    /// The name as ustar keeps it: up to 155 bytes of folders and up to 100 of the rest.
    private static func split(_ name: String) -> (prefix: String, name: String)? {
        if name.utf8.count <= 100 { return ("", name) }
        var slash = name.endIndex
        while let index = name[..<slash].lastIndex(of: "/") {
            let prefix = name[..<index]
            let rest = name[name.index(after: index)...]
            if rest.utf8.count > 100 { return nil }
            if prefix.utf8.count <= 155 { return (String(prefix), String(rest)) }
            slash = index
        }
        return nil
    }
}
