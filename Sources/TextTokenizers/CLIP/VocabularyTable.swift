import Files
import Foundation

/// The token ids of a byte-level vocabulary, by the tokens' texts.
struct VocabularyTable {
    private(set) var ids: [[UInt8]: Int32] = [:]
    /// The names of the tokens that begin and end a text.
    let startName: [UInt8]
    let endName: [UInt8]

    /// The table that follows from the order of the merges: bytes, bytes that end a word, merged
    /// tokens, start, end.
    ///
    /// - Throws: `VocabularyError.malformed` where two merges make the same token.
    init(_ file: MergeFile) throws {
        startName = Array(CLIPPieces.startWord.utf8)
        endName = Array(CLIPPieces.endWord.utf8)
        ids.reserveCapacity(514 + file.merges.count)
        let alphabet = ByteAlphabet.order.map(ByteAlphabet.text)
        for token in alphabet + alphabet.map({ $0 + ByteAlphabet.wordEnd }) { ids[token] = Int32(ids.count) }
        for merge in file.merges {
            let token = merge.left + merge.right
            if let earlier = ids.updateValue(Int32(ids.count), forKey: token) {
                let place = earlier < 512 ? "a token of the alphabet" : "the token of line \(file.merges[Int(earlier) - 512].line)"
                throw file.malformed(merge, "a new token", "\(place), '\(String(decoding: token, as: UTF8.self))'")
            }
        }
        ids[startName] = Int32(ids.count)
        ids[endName] = Int32(ids.count)
    }

    /// Reads a `vocab.json`: an object of tokens and their ids, which must be 0, 1, 2...
    ///
    /// - Throws: `FileError`, `VocabularyError.malformed`.
    init(jsonPath path: String) throws {
        startName = Array("<|startoftext|>".utf8)
        endName = Array("<|endoftext|>".utf8)
        func malformed(_ expected: String, _ found: String) -> VocabularyError {
            .malformed(file: path, place: "whole file", expected: expected, found: found)
        }
        let bytes = try InputFile.bytes(path, limit: 1 << 28)
        let named: [String: Int]
        do {
            named = try JSONDecoder().decode([String: Int].self, from: Data(bytes))
        } catch {
            throw malformed("a JSON object of tokens and whole numbers", "something else")
        }
        var holders = [String?](repeating: nil, count: named.count)
        ids.reserveCapacity(named.count)
        for (token, id) in named {
            guard holders.indices.contains(id) else {
                throw malformed("ids 0..<\(named.count), as many as tokens", "\(id) for '\(token)'")
            }
            if let other = holders[id] { throw malformed("one token for each id", "'\(other)' and '\(token)' for \(id)") }
            holders[id] = token
            ids[Array(token.utf8)] = Int32(id)
        }
        for name in [startName, endName] where ids[name] == nil {
            throw malformed("the token '\(String(decoding: name, as: UTF8.self))'", "none")
        }
    }
}
