import Files

/// Prompts as people type them, each with the emoji that show what is asked for.
public struct EverydayPrompts: Sendable {
    let entries: [(prompt: String, concepts: [String])]

    /// Reads lines of a prompt, a tab, and code points of emoji such as `1f693 1f694`; `#` begins a comment line.
    ///
    /// - Throws: `FileError.missing`, or `.malformed` with the number of the line.
    public init(path: String) throws {
        let text = String(decoding: try InputFile.bytes(path, limit: 1 << 20), as: UTF8.self)
        entries = try text.split(whereSeparator: \.isNewline).enumerated().compactMap { index, line in
            guard !line.hasPrefix("#"), !line.allSatisfy(\.isWhitespace) else { return nil }
            let parts = line.split(separator: "\t", maxSplits: 1)
            let concepts = parts.count > 1 ? parts[1].split(separator: " ").map(String.init) : []
            guard !concepts.isEmpty, concepts.allSatisfy({ $0.allSatisfy { $0.isHexDigit || $0 == "-" } }) else {
                throw FileError.malformed(path: path, reason: "line \(index + 1): expected a prompt, a tab and code points such as 1f98a")
            }
            return (String(parts[0]), concepts)
        }
    }
}
