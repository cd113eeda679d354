import Foundation

/// Named byte tensors of a safetensors file, read with the little that these tests need.
struct ReferenceFile {
    struct Entry {
        let shape: [Int]
        let bytes: [UInt8]
    }

    /// Where the reference files lie: `FLOWTOK_REFERENCE`, or `shared/reference` beside the package.
    static let folder: URL = {
        if let path = ProcessInfo.processInfo.environment["FLOWTOK_REFERENCE"] { return URL(filePath: path) }
        var package = URL(filePath: #filePath)
        for _ in 0..<3 { package.deleteLastPathComponent() }
        // A checkout may lie one folder deeper than the package usually does.
        let beside = package.deletingLastPathComponent()
        let candidates = [beside, beside.deletingLastPathComponent()].map { $0.appending(path: "shared/reference") }
        return candidates.first { FileManager.default.fileExists(atPath: $0.path) } ?? candidates[0]
    }()

    static func exists(_ name: String) -> Bool {
        FileManager.default.fileExists(atPath: folder.appending(path: name).path)
    }

    let entries: [String: Entry]

    init(_ name: String) throws {
        let data = try [UInt8](Data(contentsOf: Self.folder.appending(path: name)))
        let headerSize = data[0..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
        let header = try JSONSerialization.jsonObject(with: Data(data[8..<8 + headerSize])) as? [String: [String: Any]]
        var entries: [String: Entry] = [:]
        for (name, entry) in header ?? [:] {
            guard let shape = entry["shape"] as? [Int], let offsets = entry["data_offsets"] as? [Int] else { continue }
            let start = 8 + headerSize
            entries[name] = Entry(shape: shape, bytes: Array(data[start + offsets[0]..<start + offsets[1]]))
        }
        self.entries = entries
    }

    func bytes(_ name: String) throws -> Entry {
        guard let entry = entries[name] else { throw CocoaError(.fileReadCorruptFile) }
        return entry
    }

    func floats(_ name: String) throws -> [Float] {
        let bytes = try bytes(name).bytes
        return bytes.withUnsafeBytes { raw in
            (0..<bytes.count / 4).map {
                Float(bitPattern: UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self)))
            }
        }
    }
}
