import Files

/// What people call the things that emoji show: "cup of coffee", with "coffee" and "mug" as other names of it.
///
///     EmojiNames.shared[emoji: "☕️"]?.name      // "cup of coffee"
///     EmojiNames.shared[name: "bunny"]?.concept  // "1f407"
public struct EmojiNames: Sendable {
    /// One thing, however it is drawn.
    public struct Entry: Sendable, Equatable {
        /// Its code points in hexadecimal with "-" between them, without variation selectors: "1f98a".
        public let concept: String
        /// The name that is used for it and for nothing else.
        public let name: String
        /// "a", "an", "the", or "" where the name takes none.
        public let article: String
        /// The name of several of it; nil where there is no such name.
        public let plural: String?
        /// What else it is called; none of these is a name of another entry.
        public let otherNames: [String]
    }

    /// The table that is part of this package.
    public static let shared: EmojiNames = {
        do { return try EmojiNames(table: EmbeddedTable.emojiNames.bytes, file: "emoji-names.tsv") } catch { preconditionFailure("\(error)") }
    }()

    /// The entries in the order of the table.
    public let entries: [Entry]
    private let concepts: [String: Int]
    private let names: [String: Int]

    /// Reads a table in UTF-8: a line for each concept, with five fields between tabs: code points, name, article or "-",
    /// plural or "-", and the other names, separated by "; ".
    ///
    /// - Parameter file: the table's name, for messages.
    /// - Throws: `EmojiNamesError` with the first line that breaks a rule.
    public init(table: some Collection<UInt8>, file: String) throws {
        var entries: [Entry] = []
        var concepts: [String: Int] = [:]
        var names: [String: Int] = [:]
        var lines = table.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        for (index, line) in lines.enumerated() {
            func malformed(_ expected: String, _ found: some StringProtocol) -> EmojiNamesError {
                EmojiNamesError(file: file, line: index + 1, expected: expected, found: String(found.prefix(60)))
            }
            guard let text = String(validating: line, as: UTF8.self) else { throw malformed("UTF-8", "other bytes") }
            let entry = try Self.entry(text, malformed)
            guard concepts.updateValue(index, forKey: entry.concept) == nil else {
                throw malformed("code points of their own", "\(entry.concept) again")
            }
            for name in [entry.name] + entry.otherNames {
                guard names.updateValue(index, forKey: name.lowercased()) == nil else {
                    throw malformed("names that no other line has", "\"\(name)\" again")
                }
            }
            entries.append(entry)
        }
        guard !entries.isEmpty else { throw EmojiNamesError(file: file, line: 1, expected: "a concept", found: "nothing") }
        self.entries = entries
        self.concepts = concepts
        self.names = names
    }

    /// The entry of an emoji given by its code points; variation selectors do not matter.
    public subscript(codePoints codePoints: some Sequence<UInt32>) -> Entry? {
        concepts[Self.concept(codePoints)].map { entries[$0] }
    }

    /// The entry of an emoji as text, "🦊" or "🦊\u{FE0F}".
    public subscript(emoji text: some StringProtocol) -> Entry? {
        self[codePoints: text.unicodeScalars.lazy.map(\.value)]
    }

    /// The entry that has this name, canonical or other, in any case.
    public subscript(name name: some StringProtocol) -> Entry? {
        names[name.lowercased()].map { entries[$0] }
    }

    /// Code points as the table spells them: "1f468-200d-1f9b0".
    public static func concept(_ codePoints: some Sequence<UInt32>) -> String {
        codePoints.filter { $0 != 0xFE0F }.map { String($0, radix: 16) }.joined(separator: "-")
    }

    private static func entry(_ line: String, _ malformed: (String, String) -> EmojiNamesError) throws -> Entry {
        let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
        guard fields.count == 5 else { throw malformed("five fields between tabs", "\(fields.count)") }
        let codePoints = fields[0].split(separator: "-", omittingEmptySubsequences: false).map { UInt32($0, radix: 16) }
        guard !codePoints.contains(nil), codePoints.allSatisfy({ $0.flatMap { Unicode.Scalar($0) } != nil }),
            concept(codePoints.compactMap { $0 }) == fields[0]
        else { throw malformed("code points such as 1f98a, with - between them", "\"\(fields[0])\"") }
        guard ["a", "an", "the", "-"].contains(fields[2]) else { throw malformed("a, an, the or -", "\"\(fields[2])\"") }
        let others = fields[4] == "-" ? [] : fields[4].split(separator: "; ", omittingEmptySubsequences: false).map(String.init)
        for name in [fields[1], fields[3]] + others where !isName(name) {
            throw malformed("a name, or - where it may be missing", "\"\(name)\"")
        }
        guard fields[1] != "-" else { throw malformed("a name", "-") }
        return Entry(
            concept: fields[0], name: fields[1], article: fields[2] == "-" ? "" : fields[2],
            plural: fields[3] == "-" ? nil : fields[3], otherNames: others)
    }

    /// Whether words stand in `text` with single spaces between them.
    private static func isName(_ text: String) -> Bool {
        !text.isEmpty && text.first != " " && text.last != " " && !text.contains("  ") && !text.contains(";")
            && text.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
    }
}

/// A table of names that breaks a rule.
public struct EmojiNamesError: Equatable, Sendable, CategorizedError {
    public let file: String
    /// The line, from 1.
    public let line: Int
    public let expected: String
    public let found: String

    public var category: ErrorCategory { .data }

    public var description: String { "\(FilePath.shown(file)), line \(line): expected \(expected), found \(FilePath.shown(found))" }
}
