/// Captions as SentencePiece pieces, the end piece, and padding to N positions.
public struct SentencePieceTokenizer: TextTokenizer {
    public let vocabulary: SentencePieceVocabulary
    /// N.
    public let length: Int
    let pad: Int32
    let end: Int32

    /// The piece after a caption.
    package var endPiece: Int32 { end }

    /// The piece that fills up what a caption leaves.
    package var padPiece: Int32 { pad }

    /// Throws where the vocabulary has no padding or end piece.
    public init(_ vocabulary: SentencePieceVocabulary, length: Int) throws {
        guard let pad = vocabulary.padID, let end = vocabulary.endID else {
            throw VocabularyError.unfit(reason: "it has no padding or no end piece")
        }
        self.vocabulary = vocabulary
        self.length = length
        self.pad = pad
        self.end = end
    }

    /// `length` ids; a caption that is too long loses its tail.
    public func encode(_ caption: String) throws -> [Int32] {
        var ids = Array(try vocabulary.encode(caption).prefix(length - 1))
        ids.append(end)
        return ids + [Int32](repeating: pad, count: length - ids.count)
    }

    /// The part of a caption that does not fit: the byte offset at which it is cut, or nil where all of it fits.
    public func truncationOffset(of caption: String) throws -> Int? {
        let prompt = try read(caption)
        let pieces = try vocabulary.encodePieces(prompt.text)
        return pieces.count > length - 1 ? prompt.origin(of: pieces[length - 1].bytes.lowerBound) : nil
    }

    /// `length` ids of the prompt's words: see `Prompt`. Capitals count only where the vocabulary has some.
    public func encode(prompt: String) throws -> [Int32] { try encode(read(prompt).text) }

    public func unknownWords(of prompt: String) throws -> [String] {
        let text = try read(prompt).text
        let unknown = try vocabulary.unseen
        let places = try vocabulary.encodePieces(text).filter { unknown.contains($0.id) }.map(\.bytes.lowerBound)
        var words: [String] = []
        var start = 0
        for word in text.utf8.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false) {
            let range = start..<start + max(word.count, 1)
            let found = String(decoding: word, as: UTF8.self)
            if places.contains(where: range.contains), !words.contains(found) { words.append(found) }
            start += word.count + 1
        }
        return words
    }

    private func read(_ prompt: String) throws -> Prompt { Prompt(prompt, foldingCase: try !vocabulary.hasCapitals) }

    /// The text of ids up to the first end piece, without padding.
    public func decode(_ ids: some Sequence<Int32>) throws -> String {
        var kept: [Int32] = []
        for id in ids {
            if id == end { break }
            if id != pad { kept.append(id) }
        }
        return try vocabulary.decode(kept)
    }
}
