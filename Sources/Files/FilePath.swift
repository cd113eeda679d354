/// Parts of paths, as text. Foundation's `deletingLastPathComponent` of a string ends the process where the path is a
/// single character.
public enum FilePath {
    /// The folder of a path: "a/b" of "a/b/c", "/" of "/a", and nothing where the path is a name alone.
    public static func folder(of path: String) -> String {
        let slash = UInt8(ascii: "/")
        var bytes = Array(path.utf8)[...]
        while bytes.count > 1, bytes.last == slash { bytes.removeLast() }
        guard let last = bytes.lastIndex(of: slash) else { return "" }
        bytes = bytes[..<last]
        while bytes.last == slash { bytes.removeLast() }
        return bytes.isEmpty ? "/" : String(decoding: bytes, as: UTF8.self)
    }

    /// A path as messages show it: on one line, whatever characters its name has.
    public static func shown(_ path: String) -> String {
        guard !path.isEmpty else { return "\"\"" }
        return path.unicodeScalars.reduce(into: "") { line, scalar in
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator:
                line += "\\u{\(String(scalar.value, radix: 16))}"
            default: line.unicodeScalars.append(scalar)
            }
        }
    }
}
