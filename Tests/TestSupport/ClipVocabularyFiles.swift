import Foundation

/// Made-up vocabularies in the published formats, of as many tokens as wanted.
package enum ClipVocabularyFiles {
    /// `count` - 514 merges of two characters of the byte alphabet each, after the version line.
    package static func merges(tokens count: Int) -> String {
        let characters = alphabet
        var lines = ["\"made-up#version: 0.2"]
        for index in 0..<max(0, count - 514) {
            lines.append("\(characters[index / 256 % 256]) \(characters[index % 256])")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// The `vocab.json` that belongs to these merges.
    package static func table(tokens count: Int) throws -> Data {
        let characters = alphabet
        var names = characters + characters.map { $0 + "</w>" }
        names += merges(tokens: count).split(separator: "\n").dropFirst().map { $0.split(separator: " ").joined() }
        names += ["<|startoftext|>", "<|endoftext|>"]
        return try JSONEncoder().encode(Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) }))
    }

    private static var alphabet: [String] {
        let own = Array(33...126) + Array(161...172) + Array(174...255)
        return (own.compactMap(Unicode.Scalar.init) + (0x100..<0x144).compactMap(Unicode.Scalar.init)).map(String.init)
    }
}
