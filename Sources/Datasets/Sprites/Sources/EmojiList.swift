import Foundation

/// The picture files of an emoji set and the code points that their names spell.
package struct EmojiFiles: Sendable {
    /// One picture.
    package struct File: Sendable, Equatable {
        package var url: URL
        package var codePoints: [UInt32]
        /// The key of the sprite: `emoji-` and the code points in hexadecimal.
        package var key: String { "emoji-" + codePoints.map { String($0, radix: 16) }.joined(separator: "-") }
        /// Whether the code points carry one of the five skin tones.
        package var hasSkinTone: Bool { codePoints.contains { (0x1f3fb ... 0x1f3ff).contains($0) } && codePoints.count > 1 }
        /// Whether this is the flag of a country (two regional letters) or of a part of one (tags).
        package var isFlag: Bool {
            codePoints.count == 2 && codePoints.allSatisfy { (0x1f1e6 ... 0x1f1ff).contains($0) } || codePoints.contains(0xe007f)
        }
    }

    /// The pictures in the order of their names.
    package var files: [File]
    /// Files whose names spell no code points.
    package var unnamed: [URL]

    /// Lists the PNG files of `folder`: `emoji_u1f98a.png`, `emoji_u1f1ef_1f1f5.png`, or `JP.png` for a flag.
    package init(folder: URL) throws {
        let names: [String]
        do { names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() } catch {
            throw DatasetError.missing(path: folder.path, hint: "install ruby-tanuki-emoji")
        }
        files = []
        unnamed = []
        for name in names where name.hasSuffix(".png") {
            let url = folder.appendingPathComponent(name)
            if let codePoints = Self.codePoints(stem: String(name.dropLast(4))) {
                files.append(File(url: url, codePoints: codePoints))
            } else {
                unnamed.append(url)
            }
        }
    }

    /// The code points that a file's stem spells, nil where it spells none.
    package static func codePoints(stem: String) -> [UInt32]? {
        if stem.utf8.count == 2, stem.utf8.allSatisfy({ (UInt8(ascii: "A") ... UInt8(ascii: "Z")).contains($0) }) {
            return stem.utf8.map { 0x1f1e6 + UInt32($0 - UInt8(ascii: "A")) }
        }
        guard stem.hasPrefix("emoji_u") else { return nil }
        let parts = stem.dropFirst("emoji_u".count).split(separator: "_", omittingEmptySubsequences: false)
        let codePoints = parts.compactMap { UInt32($0, radix: 16) }
        return codePoints.count == parts.count ? codePoints : nil
    }
}

/// The groups of emoji ("Animals & Nature", "animal-mammal") as Unicode's `emoji-test.txt` lists them.
package struct EmojiGroups: Sendable {
    private var groups: [String: (group: String, subgroup: String)] = [:]

    /// Reads the list; a missing list gives no groups, since groups only refine the choice of words.
    package init(contentsOf url: URL) {
        guard let data = try? Data(contentsOf: url) else { return }
        var group = ""
        var subgroup = ""
        for line in String(decoding: data, as: UTF8.self).split(whereSeparator: \.isNewline) {
            if line.hasPrefix("# group: ") { group = String(line.dropFirst(9)) }
            if line.hasPrefix("# subgroup: ") { subgroup = String(line.dropFirst(12)) }
            guard !line.hasPrefix("#"), let semicolon = line.firstIndex(of: ";") else { continue }
            let codePoints = line[..<semicolon].split(separator: " ").compactMap { UInt32($0, radix: 16) }
            groups[Self.key(codePoints)] = (group, subgroup)
        }
    }

    package subscript(codePoints: [UInt32]) -> (group: String, subgroup: String)? {
        groups[Self.key(codePoints)]
    }

    private static func key(_ codePoints: [UInt32]) -> String {
        codePoints.filter { $0 != 0xfe0f }.map { String($0, radix: 16) }.joined(separator: "_")
    }
}
