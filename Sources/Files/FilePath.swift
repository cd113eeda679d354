/// Parts of paths, as text. Foundation's `deletingLastPathComponent` of a string ends the process where the path is a
/// single character.
public enum FilePath {
    private static let slash = UInt8(ascii: "/")
    private static let point = UInt8(ascii: ".")

    /// The folder of a path: "a/b" of "a/b/c", "/" of "/a", and nothing where the path is a name alone.
    public static func folder(of path: String) -> String {
        var bytes = Array(path.utf8)[...]
        while bytes.count > 1, bytes.last == slash { bytes.removeLast() }
        guard let last = bytes.lastIndex(of: slash) else { return "" }
        bytes = bytes[..<last]
        while bytes.last == slash { bytes.removeLast() }
        return bytes.isEmpty ? "/" : String(decoding: bytes, as: UTF8.self)
    }

    /// The last part of a path: "c" of "a/b/c" and of "a/b/c/"; nothing of "/".
    public static func name(of path: String) -> String {
        var bytes = Array(path.utf8)[...]
        while bytes.last == slash { bytes.removeLast() }
        if let last = bytes.lastIndex(of: slash) { bytes = bytes[(last + 1)...] }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// What follows the last point of a name, as it is spelt: "png" of "a/b.png". Nothing of ".png", "a." and "a. b".
    public static func suffix(of path: String) -> String {
        let name = Array(name(of: path).utf8)
        guard let last = name.lastIndex(of: point), name[..<last].contains(where: { $0 != point }) else { return "" }
        let suffix = name[(last + 1)...]
        return suffix.contains(UInt8(ascii: " ")) ? "" : String(decoding: suffix, as: UTF8.self)
    }

    /// The path without its suffix and the point before it: "a/b" of "a/b.png".
    public static func withoutSuffix(_ path: String) -> String {
        let suffix = suffix(of: path)
        var bytes = Array(path.utf8)
        while bytes.count > 1, bytes.last == slash { bytes.removeLast() }
        guard !suffix.isEmpty else { return String(decoding: bytes, as: UTF8.self) }
        return String(decoding: bytes.dropLast(suffix.utf8.count + 1), as: UTF8.self)
    }

    /// The path of a file in a folder; an empty folder is the current one.
    public static func join(_ folder: String, _ name: String) -> String {
        folder.isEmpty ? name : folder.utf8.last == slash ? folder + name : folder + "/" + name
    }

    /// The path of a file as seen from a folder above it; itself where the folder is not above it.
    public static func relative(_ path: String, to folder: String) -> String {
        let prefix = join(folder, "")
        if folder.isEmpty || folder == "." { return path }
        return path.hasPrefix(prefix) ? String(path.dropFirst(prefix.count)) : path
    }

    /// The path with `mark` before its suffix: "a/b-2.png" of "a/b.png".
    public static func marked(_ path: String, _ mark: String) -> String {
        let suffix = suffix(of: path)
        return withoutSuffix(path) + mark + (suffix.isEmpty ? "" : "." + suffix)
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
