import Foundation

/// The nouns of WordNet, and enough of the other words to tell English from what is not.
///
/// Only `index.*` and `data.noun` are read. See `wndb(5WN)` for the format.
package struct WordNet: Sendable {
    /// A noun's meaning.
    package struct Synset: Sendable {
        /// The lemmas, the most usual first, with spaces for underscores.
        package var lemmas: [String]
        /// The lexicographer's file: 5 animals, 6 artefacts, 13 food, 18 people, 20 plants, …
        package var field: Int
        /// Offsets of the broader meanings.
        package var hypernyms: [Int]
    }

    private var nouns: [String: [Int]] = [:]
    /// Nouns that WordNet's tagged texts use at least once.
    private var used: Set<String> = []
    private var otherWords: Set<String> = []
    private let data: Data

    /// Reads the dictionary files in `folder`.
    package init(folder: URL) throws {
        func read(_ name: String) throws -> Data {
            let url = folder.appendingPathComponent(name)
            guard FileManager.default.fileExists(atPath: url.path) else {
                throw DatasetError.missing(path: url.path, hint: "install wordnet-base")
            }
            do { return try Data(contentsOf: url) } catch {
                throw DatasetError.unreadable(path: url.path, reason: error.localizedDescription)
            }
        }
        data = try read("data.noun")
        for line in try read("index.noun").split(separator: UInt8(ascii: "\n")) where line.first != UInt8(ascii: " ") {
            // lemma pos synset_cnt p_cnt [ptr…] sense_cnt tagsense_cnt offset…
            let fields = line.split(separator: UInt8(ascii: " "))
            guard fields.count > 4, let senses = Self.integer(fields[2]), fields.count >= senses else { continue }
            let offsets = fields.suffix(senses).compactMap(Self.integer)
            guard offsets.count == senses else {
                throw DatasetError.badRecord(
                    path: folder.appendingPathComponent("index.noun").path, reason: "a broken line: \(String(decoding: line.prefix(60), as: UTF8.self))")
            }
            nouns[Self.lemma(fields[0])] = offsets
            if let tagged = Self.integer(fields[fields.count - senses - 1]), tagged > 0 { used.insert(Self.lemma(fields[0])) }
        }
        for name in ["index.verb", "index.adj", "index.adv"] {
            for line in try read(name).split(separator: UInt8(ascii: "\n")) where line.first != UInt8(ascii: " ") {
                guard let space = line.firstIndex(of: UInt8(ascii: " ")) else { continue }
                otherWords.insert(Self.lemma(line[..<space]))
            }
        }
    }

    private static func integer(_ bytes: Data) -> Int? {
        var value = 0
        for byte in bytes {
            guard byte >= 48, byte <= 57 else { return nil }
            value = value * 10 + Int(byte - 48)
        }
        return bytes.isEmpty ? nil : value
    }

    private static func lemma(_ bytes: Data) -> String {
        String(decoding: bytes, as: UTF8.self).replacingOccurrences(of: "_", with: " ")
    }

    /// Whether `word` (lower-case, singular, spaces between words) is a noun.
    package func isNoun(_ word: String) -> Bool { nouns[word] != nil }

    /// Whether running text uses `noun`, as opposed to dictionaries alone ("emmet" for an ant).
    package func isUsed(_ noun: String) -> Bool { used.contains(noun) }

    /// Whether `word` is English: a noun, verb, adjective or adverb, inflected or not.
    package func isWord(_ word: String) -> Bool {
        if nouns[word] != nil || otherWords.contains(word) { return true }
        for (ending, replacement) in Self.endings where word.hasSuffix(ending) && word.count > ending.count + 2 {
            let stem = word.dropLast(ending.count) + replacement
            if nouns[String(stem)] != nil || otherWords.contains(String(stem)) { return true }
            // "running", "spotted": a doubled last letter.
            if replacement.isEmpty, stem.last == stem.dropLast().last, otherWords.contains(String(stem.dropLast())) { return true }
        }
        return false
    }

    private static let endings: [(String, String)] = [
        ("s", ""), ("es", ""), ("ies", "y"), ("ing", ""), ("ing", "e"), ("ed", ""), ("ed", "e"), ("er", ""), ("est", ""), ("ves", "f"), ("'s", ""),
        ("men", "man"),
    ]

    /// The noun that `word` is the plural of, by rule; nil where it is no plural.
    package func singular(_ word: String) -> String? {
        let irregular = [
            "people": "person", "men": "man", "women": "woman", "children": "child", "feet": "foot", "teeth": "tooth", "mice": "mouse", "geese": "goose",
            "leaves": "leaf", "knives": "knife", "wolves": "wolf",
        ]
        if let noun = irregular[word] { return noun }
        guard word.hasSuffix("s"), !word.hasSuffix("ss"), !word.hasSuffix("us"), !word.hasSuffix("is"), word.count > 3 else { return nil }
        for (ending, replacement) in [("ies", "y"), ("s", ""), ("es", "")] where word.hasSuffix(ending) {
            let noun = word.dropLast(ending.count) + replacement
            if nouns[String(noun)] != nil { return String(noun) }
        }
        return nil
    }

    /// The most usual meaning of `noun` in the first of `fields` that has one, otherwise its first meaning where that is a thing one can draw.
    package func meaning(of noun: String, preferring fields: [Int]) -> Synset? {
        guard let senses = nouns[noun] else { return nil }
        // An instance (a person's or a place's name) is not what a picture of a thing shows.
        let meanings = senses.prefix(5).compactMap { synset(at: $0) }.filter { $0.lemmas.first?.first?.isUppercase != true }
        for field in fields {
            if let meaning = meanings.first(where: { $0.field == field }) { return meaning }
        }
        return meanings.first.flatMap { Self.drawable.contains($0.field) ? $0 : nil }
    }

    /// Lexicographer files of things that have a look: animals, artefacts, bodies, food, objects, phenomena, people, plants, shapes, substances.
    private static let drawable: Set<Int> = [5, 6, 8, 13, 17, 18, 19, 20, 25, 27]

    /// The meaning at `offset` of `data.noun`.
    package func synset(at offset: Int) -> Synset? {
        guard offset >= 0, offset < data.count else { return nil }
        let start = data.startIndex + offset
        guard let end = data[start...].firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        // offset lex_filenum ss_type w_cnt word lex_id [word lex_id…] p_cnt [ptr…] | gloss
        let fields = data[start..<end].split(separator: UInt8(ascii: " "), maxSplits: 400)
        guard fields.count > 6, let field = Self.integer(fields[1]),
            let words = Int(String(decoding: fields[3], as: UTF8.self), radix: 16), fields.count > 4 + 2 * words,
            let pointers = Self.integer(fields[4 + 2 * words])
        else { return nil }
        let lemmas = (0..<words).map { Self.lemma(fields[4 + 2 * $0]) }
        var hypernyms: [Int] = []
        for pointer in 0..<pointers {
            let at = 5 + 2 * words + 4 * pointer
            guard at + 2 < fields.count else { break }
            if fields[at].elementsEqual([UInt8(ascii: "@")]), let target = Self.integer(fields[at + 1]) { hypernyms.append(target) }
        }
        return Synset(lemmas: lemmas, field: field, hypernyms: hypernyms)
    }

    /// Every broader meaning of `synset`, nearest first, up to `depth` steps.
    package func broader(than synset: Synset, depth: Int = 9) -> [Synset] {
        var result: [Synset] = []
        var frontier = synset.hypernyms
        var seen: Set<Int> = []
        for _ in 0..<depth {
            var next: [Int] = []
            for offset in frontier where seen.insert(offset).inserted {
                guard let synset = self.synset(at: offset) else { continue }
                result.append(synset)
                next += synset.hypernyms
            }
            frontier = next
        }
        return result
    }
}
