import Files
import Foundation

/// The thousand classes of ImageNet's challenge, which class-conditional generators are trained on.
public enum ImageNetClasses {
    /// A class: its number, its WordNet 3.0 synset and the words for it, the most usual first.
    public struct Entry: Sendable, Hashable {
        public let number: Int
        /// For example `n02099601`.
        public let synset: String
        /// For example `["tabby", "tabby cat"]`.
        public let names: [String]

        /// The first of the names.
        public var name: String { names[0] }

        /// All names in a line, as lists of the classes write them.
        public var line: String { names.joined(separator: ", ") }
    }

    /// All classes by number.
    public static let all: [Entry] = EmbeddedTable.imageNetClasses.lines.enumerated().map { number, line in
        let (synset, words) = (line.prefix(9), line.dropFirst(10))
        return Entry(
            number: number, synset: String(synset),
            names: words.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) })
    }

    /// The class that a user means by a number ("207"), a synset ("n02099601"), a name ("golden retriever") or all names.
    /// Capitals and hyphens need not agree; where a name has several classes, the one written the same way counts, and
    /// then the one whose first name it is.
    ///
    /// - Throws: `GeneratorError.unknownClass` with names that come close, `ambiguousClass` with all that are meant.
    public static func find(_ text: String) throws -> Entry {
        let given = text.trimmingCharacters(in: .whitespacesAndNewlines)
        if let number = Int(given) {
            guard all.indices.contains(number) else { throw GeneratorError.unknownClass(given, similar: []) }
            return all[number]
        }
        let wanted = plain(given)
        if let entry = all.first(where: { $0.synset == wanted || ($0.names.count > 1 && plain($0.line) == wanted) }) {
            return entry
        }
        var found = all.filter { $0.names.contains { plain($0) == wanted } }
        for narrowed in [found.filter { $0.names.contains(given) }, found.filter { plain($0.name) == wanted }]
        where found.count > 1 {
            let both = found.filter(narrowed.contains)
            if !both.isEmpty { found = both }
        }
        guard let entry = found.first else {
            throw GeneratorError.unknownClass(given, similar: similar(to: wanted))
        }
        guard found.count == 1 else { throw GeneratorError.ambiguousClass(given, classes: found.map(describe)) }
        return entry
    }

    /// Small letters, single spaces for whatever separates words.
    private static func plain(_ name: String) -> String {
        name.lowercased().split { $0.isWhitespace || $0 == "_" || $0 == "-" }.joined(separator: " ")
    }

    private static func describe(_ entry: Entry) -> String {
        "\(entry.number) (\(entry.line), \(entry.number < animals ? "an animal" : "a thing"))"
    }

    /// The first classes are animals, all others are not.
    private static let animals = 398

    /// Up to five names that hold all words given, or else that differ in few letters.
    private static func similar(to wanted: String) -> [String] {
        guard !wanted.isEmpty else { return [] }
        let words = wanted.split(separator: " ")
        func label(_ entry: Entry, _ name: String) -> String { "\(name) (\(entry.number))" }
        let holding = all.compactMap { entry in
            entry.names.first { name in
                let parts = plain(name).split(separator: " ")
                return words.allSatisfy(parts.contains)
            }.map { label(entry, $0) }
        }
        if !holding.isEmpty { return Array(holding.prefix(5)) }
        let allowed = wanted.count < 5 ? 1 : 2
        let near = all.compactMap { entry in
            entry.names.map { (distance: distance(wanted, plain($0)), label: label(entry, $0)) }
                .min { $0.distance < $1.distance }
        }
        .filter { $0.distance <= allowed }
        .sorted { $0.distance < $1.distance }
        return near.prefix(5).map(\.label)
    }

    /// The letters to insert, drop or replace to make one text of the other (Levenshtein).
    private static func distance(_ a: String, _ b: String) -> Int {
        let (a, b) = (Array(a.utf8), Array(b.utf8))
        // Texts of very different lengths are far apart whatever they hold.
        guard abs(a.count - b.count) <= 2 else { return .max }
        var row = Array(0...b.count)
        for (i, letter) in a.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, other) in b.enumerated() {
                let replaced = diagonal + (letter == other ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(replaced, row[j] + 1, diagonal + 1)
            }
        }
        return row[b.count]
    }
}
