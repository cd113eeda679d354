import Files

/// The lines of a byte-pair merges file: a version line, then one pair of tokens a line.
struct MergeFile {
    struct Merge {
        let left: [UInt8]
        let right: [UInt8]
        let line: Int
    }

    let merges: [Merge]
    let file: String

    /// Reads `count` merges, or all that the file has. Lines beyond `count` are not looked at: the
    /// published file has more lines than CLIP uses.
    ///
    /// - Throws: `FileError`, `VocabularyError.malformed`.
    init(path: String, count: Int?) throws {
        var bytes = try InputFile.bytes(path, limit: 1 << 28)
        if Gzip.isPacked(bytes) { bytes = try Gzip.unpack(bytes, path: path, limit: 1 << 28) }
        var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        func malformed(_ line: Int, _ expected: String, _ found: String) -> VocabularyError {
            .malformed(file: path, place: "line \(line)", expected: expected, found: found)
        }
        let first = String(decoding: lines.first?.prefix(80) ?? [], as: UTF8.self)
        guard first.contains("#version") else {
            throw malformed(1, "a #version line", first.isEmpty ? "nothing" : "'\(first)'")
        }
        let wanted = count ?? lines.count - 1
        guard lines.count > wanted else {
            throw VocabularyError.malformed(
                file: path, place: "whole file", expected: "\(wanted) merges after the version line",
                found: "\(lines.count - 1)")
        }
        merges = try (1..<wanted + 1).map { index in
            let parts = lines[index].split { $0 == 0x20 || $0 == 0x09 || $0 == 0x0d }
            guard parts.count == 2 else {
                throw malformed(index + 1, "two tokens", "'\(String(decoding: lines[index].prefix(80), as: UTF8.self))'")
            }
            return Merge(left: Array(parts[0]), right: Array(parts[1]), line: index + 1)
        }
        file = path
    }

    func malformed(_ merge: Merge, _ expected: String, _ found: String) -> VocabularyError {
        .malformed(file: file, place: "line \(merge.line)", expected: expected, found: found)
    }
}
