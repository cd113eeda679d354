import Foundation
import TextTokenizers

/// A made-up vocabulary of a few merges, and the files that it can be loaded from.
enum SmallCLIPVocabulary {
    static let merges = ["t h", "th e</w>", "c a", "ca t</w>", "' s</w>", "a a", "a a</w>", "! !", "! !</w>"]
    static let text = (["\"small#version: 0.2"] + merges).joined(separator: "\n") + "\n"

    static let the: Int32 = 513
    static let cat: Int32 = 515
    static let start: Int32 = 521
    static let end: Int32 = 522

    static func vocabulary(_ text: String = text, mergeCount: Int? = nil) throws -> CLIPVocabulary {
        try withFiles(["merges.txt": Data(text.utf8)]) {
            try CLIPVocabulary(path: $0.appendingPathComponent("merges.txt").path, mergeCount: mergeCount)
        }
    }

    static func huggingFace(_ tokens: [String: Int], merges: String = text) throws -> CLIPVocabulary {
        try withFiles(["vocab.json": JSONEncoder().encode(tokens), "merges.txt": Data(merges.utf8)]) {
            try CLIPVocabulary(
                vocabularyPath: $0.appendingPathComponent("vocab.json").path,
                mergesPath: $0.appendingPathComponent("merges.txt").path)
        }
    }

    /// The tokens as `vocab.json` lists them.
    static var tokens: [String: Int] {
        let own = Array(33...126) + Array(161...172) + Array(174...255)
        let alphabet = own.compactMap(Unicode.Scalar.init) + (0x100..<0x144).compactMap(Unicode.Scalar.init)
        var names = alphabet.map(String.init) + alphabet.map { "\($0)</w>" }
        names += merges.map { $0.split(separator: " ").joined() } + ["<|startoftext|>", "<|endoftext|>"]
        return Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
    }

    @discardableResult
    static func withFiles<Result>(_ files: [String: Data], _ body: (URL) throws -> Result) throws -> Result {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        for (name, data) in files { try data.write(to: folder.appendingPathComponent(name)) }
        return try body(folder)
    }
}
