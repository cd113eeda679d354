import Foundation
import TextTokenizers

/// An emoji by its code points, without variation selectors, which file names and lists keep or drop as they like.
package struct EmojiCode: Sendable, Hashable {
    package let codePoints: [UInt32]

    package init(_ codePoints: [UInt32]) {
        self.codePoints = codePoints.filter { $0 != 0xFE0F }
    }

    /// The code points that a file's stem spells, "1f44d-1f3fb"; nil where it spells none.
    package init?(stem: String) {
        let parts = stem.split(separator: "-", omittingEmptySubsequences: false).map { UInt32($0, radix: 16) }
        let codePoints = parts.compactMap { $0 }
        guard codePoints.count == parts.count, codePoints.allSatisfy({ Unicode.Scalar($0) != nil }) else { return nil }
        self.init(codePoints)
    }

    /// How a sprite's description spells it: "1f44d-1f3fb".
    package var concept: String { EmojiNames.concept(codePoints) }

    /// Whether it carries one of the five skin tones.
    package var hasSkinTone: Bool { codePoints.count > 1 && codePoints.contains(where: Self.isSkinTone) }

    /// The same without skin tones.
    package var withoutSkinTones: EmojiCode { EmojiCode(codePoints.filter { !Self.isSkinTone($0) }) }

    /// Whether this is the flag of a country (two regional letters) or of a part of one (tags).
    package var isFlag: Bool {
        codePoints.count == 2 && codePoints.allSatisfy { (0x1F1E6...0x1F1FF).contains($0) } || codePoints.contains(0xE007F)
    }

    private static func isSkinTone(_ codePoint: UInt32) -> Bool { SkinTone(rawValue: codePoint) != nil }
}

/// Unicode's list of emoji, `emoji-test.txt`: their groups and short names.
package struct EmojiList: Sendable {
    package struct Entry: Sendable, Equatable {
        /// "Animals & Nature".
        package var group: String
        /// "animal-mammal".
        package var subgroup: String
        /// The short name, as CLDR of the same year has it.
        package var name: String
    }

    private var entries: [EmojiCode: Entry] = [:]
    private var codes: [String: EmojiCode] = [:]

    /// - Throws: `DatasetError.missing`, `.unreadable`, `.badRecord`.
    package init(contentsOf url: URL) throws {
        guard FileManager.default.fileExists(atPath: url.path) else {
            throw DatasetError.missing(path: url.path, hint: "install unicode-data (Scripts/build-dataset does)")
        }
        let data: Data
        do { data = try Data(contentsOf: url) } catch {
            throw DatasetError.unreadable(path: url.path, reason: error.localizedDescription)
        }
        var group = ""
        var subgroup = ""
        for line in String(decoding: data, as: UTF8.self).split(whereSeparator: \.isNewline) {
            if line.hasPrefix("# group: ") { group = String(line.dropFirst(9)) }
            if line.hasPrefix("# subgroup: ") { subgroup = String(line.dropFirst(12)) }
            // 1F98A ; fully-qualified # 🦊 E3.0 fox
            guard !line.hasPrefix("#"), let semicolon = line.firstIndex(of: ";"), let hash = line[semicolon...].firstIndex(of: "#") else { continue }
            let code = EmojiCode(line[..<semicolon].split(separator: " ").compactMap { UInt32($0, radix: 16) })
            let name = line[hash...].split(separator: " ").dropFirst(3).joined(separator: " ")
            guard !name.isEmpty, entries[code] == nil else { continue }
            entries[code] = Entry(group: group, subgroup: subgroup, name: name)
            codes[name] = code
        }
        guard !entries.isEmpty else {
            throw DatasetError.badRecord(path: url.path, reason: "no emoji in it, expected lines such as \"1F98A ; fully-qualified # 🦊 E3.0 fox\"")
        }
    }

    package subscript(code: EmojiCode) -> Entry? { entries[code] }

    /// The emoji of a short name.
    package func code(named name: String) -> EmojiCode? { codes[name] }
}
