/// Captions as SentencePiece pieces, the end piece, and padding to N positions.
public struct SentencePieceTokenizer: TextTokenizer {
    public let vocabulary: SentencePieceVocabulary
    /// N.
    public let length: Int
    let pad: Int32
    let end: Int32

    /// The piece after a caption.
    package var endPiece: Int32 { end }

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
        let pieces = try vocabulary.encodePieces(caption)
        return pieces.count > length - 1 ? pieces[length - 1].bytes.lowerBound : nil
    }

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
