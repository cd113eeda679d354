import Checkpoints
import Files
import Foundation
import Networks

/// A file that was looked at for `flowtok import`, and what it was recognised as.
public struct ImportedFile: Sendable {
    /// What a file holds.
    public enum Contents: Sendable {
        case checkpoint(RecognisedCheckpoint)
        /// Merges of CLIP's vocabulary: `bpe_simple_vocab_16e6.txt`, packed or not, or `merges.txt`.
        case merges
        /// Hugging Face's `vocab.json`.
        case vocabularyTable
        /// Nothing that is used here, and why.
        case ignored(String)
    }

    public let path: String
    public let contents: Contents
    /// What a checkpoint holds beside the tensors of its model.
    public private(set) var leftOut: [Checkpoint.LeftOut] = []

    /// The part of a model that the file can be; nil where it is none.
    var role: ModelFiles.CodingKeys? {
        switch contents {
        case .checkpoint(let found): found.role
        case .merges, .vocabularyTable: .vocabulary
        case .ignored: nil
        }
    }

    /// What the file is, in words.
    public var summary: String {
        switch contents {
        case .checkpoint(let found): found.role == nil ? "ignored: \(found.title)" : found.summary
        case .merges: "merges of CLIP's vocabulary"
        case .vocabularyTable: "tokens of CLIP's vocabulary"
        case .ignored(let reason): "ignored: \(reason)"
        }
    }

    /// What was assumed of it, a line each.
    public var warnings: [String] {
        if case .checkpoint(let found) = contents, role != nil { found.warnings } else { [] }
    }

    /// Looks at a file that the user named, which has to be something.
    ///
    /// - Throws: `FlowTokError.unusableFiles` where it is nothing that is used here, and what reading it throws.
    init(named path: String) throws {
        guard FileManager.default.fileExists(atPath: path) else { throw FileError.missing(path: path) }
        self.path = path
        if let vocabulary = Self.vocabulary(path) {
            contents = vocabulary
            return
        }
        let checkpoint = try Checkpoint.ofModel(path)
        guard let found = try RecognisedCheckpoint(checkpoint), found.role != nil else {
            throw FlowTokError.unusableFiles(
                "\(path): expected a FlowTok, an image tokenizer, a generator over its tokens, CLIP or CLIP's vocabulary, found \(checkpoint.contents)")
        }
        contents = .checkpoint(found)
        leftOut = checkpoint.leftOut
    }

    /// Looks at a file of a folder, most of which may be something else.
    ///
    /// - Throws: what reading a checkpoint throws: a damaged one is no file to be passed over, since it may be the very file
    ///   that is wanted. What is no checkpoint at all, whatever its name, is.
    init(in folder: String, name: String) throws {
        path = folder + "/" + name
        if let vocabulary = Self.vocabulary(path) {
            contents = vocabulary
        } else if Self.isCheckpoint(name) {
            do {
                let checkpoint = try Checkpoint.ofModel(path)
                let found = try RecognisedCheckpoint(checkpoint)
                contents = found.map { .checkpoint($0) } ?? .ignored(checkpoint.contents)
                leftOut = found == nil ? [] : checkpoint.leftOut
            } catch CheckpointError.unrecognisedFormat(_, let found) {
                contents = .ignored(found)
            }
        } else {
            contents = .ignored("no checkpoint and no vocabulary, by its name")
        }
    }

    /// The same file, passed over.
    func ignored(_ reason: String) -> ImportedFile { ImportedFile(path: path, contents: .ignored(reason)) }

    private init(path: String, contents: Contents) {
        self.path = path
        self.contents = contents
    }

    static func isCheckpoint(_ name: String) -> Bool {
        name.hasSuffix(".index.json")
            || ["safetensors", "pth", "pt", "bin", "ckpt"].contains(FilePath.suffix(of: name).lowercased())
    }

    /// Vocabularies are recognised by how they begin, and tables by their end token too.
    private static func vocabulary(_ path: String) -> Contents? {
        let name = FilePath.name(of: path).lowercased()
        guard name.hasSuffix(".txt") || name.hasSuffix(".gz") || name.hasSuffix(".json"), !name.hasSuffix(".index.json"),
            let size = try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int, size <= 64 << 20,
            let handle = FileHandle(forReadingAtPath: path)
        else { return nil }
        defer { try? handle.close() }
        let start = (try? handle.read(upToCount: 256)) ?? Data()
        if name.hasSuffix(".json") {
            guard let rest = try? handle.readToEnd(), (start + rest).range(of: Data("\"<|endoftext|>\"".utf8)) != nil,
                (try? JSONDecoder().decode([String: Int].self, from: start + rest)) != nil
            else { return nil }
            return .vocabularyTable
        }
        if start.starts(with: [0x1F, 0x8B]) { return name.contains("vocab") || name.contains("bpe") ? .merges : nil }
        return start.prefix { $0 != 0x0A }.range(of: Data("#version".utf8)) != nil ? .merges : nil
    }
}

extension RecognisedCheckpoint {
    /// The part of a model that such a checkpoint can be; nil where it is none.
    fileprivate var role: ModelFiles.CodingKeys? {
        guard configuration != nil else { return nil }
        return switch family?.network {
        case .flow: .flow
        case .imageTokenizer: .imageTokenizer
        case .generator: .generator
        case .textEncoder: .textEncoder
        case nil: nil
        }
    }
}
