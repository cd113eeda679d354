import CSentencePiece
import Files
import Synchronization

/// A SentencePiece vocabulary: text to token ids and back.
///
/// The model is immutable once loaded; any number of tasks may use one vocabulary at the same time.
public final class SentencePieceVocabulary: Sendable {
    /// The model exactly as it stood in its file: write these bytes to save it.
    public let modelBytes: [UInt8]
    /// How many pieces the vocabulary has; ids are `0..<count`.
    public let count: Int
    /// The id that fills a row up to its length, if the model has one.
    public let padID: Int32?
    /// The id of a piece that the vocabulary lacks.
    public let unknownID: Int32?
    /// The id that begins a sentence, if the model has one.
    public let beginID: Int32?
    /// The id that ends a sentence, if the model has one.
    public let endID: Int32?

    private let processor: SentencePieceProcessor

    /// Loads a SentencePiece model file (`tokenizer.model`, `spiece.model`).
    ///
    /// - Throws: `FileError`, `VocabularyError.malformed`.
    public convenience init(path: String) throws {
        let bytes = try InputFile.bytes(path, limit: 1 << 28)
        if let download = WrongDownload.description(of: bytes) {
            throw VocabularyError.malformed(file: path, place: "byte 0", expected: "a SentencePiece model", found: download)
        }
        try self.init(modelBytes: bytes, name: path)
    }

    /// Loads a model from the bytes of its file. `name` stands for the file in error messages.
    ///
    /// - Throws: `VocabularyError.malformed`.
    public init(modelBytes: [UInt8], name: String = "sentencepiece model") throws {
        processor = try SentencePieceProcessor(modelBytes: modelBytes, name: name)
        self.modelBytes = modelBytes
        count = Int(csp_piece_count(processor.pointer))
        padID = Self.present(csp_pad_id(processor.pointer))
        unknownID = Self.present(csp_unk_id(processor.pointer))
        beginID = Self.present(csp_bos_id(processor.pointer))
        endID = Self.present(csp_eos_id(processor.pointer))
    }

    /// What can only be told by looking at every piece.
    private struct Survey {
        var unseen: Set<Int32> = []
        var hasCapitals = false
    }

    private let survey = Mutex<Survey?>(nil)

    /// The pieces that stand for text which the vocabulary was not learned from: the unknown piece, and single bytes.
    var unseen: Set<Int32> { get throws { try surveyed().unseen } }

    /// Whether a piece has a capital letter. In a vocabulary without one, capitals are unknown or made small.
    var hasCapitals: Bool { get throws { try surveyed().hasCapitals } }

    private func surveyed() throws -> Survey {
        try survey.withLock { survey in
            if let survey { return survey }
            var found = Survey()
            if let unknownID { found.unseen.insert(unknownID) }
            for id in 0..<Int32(count) where ![padID, unknownID, beginID, endID].contains(id) {
                let text = try piece(id)
                if Self.isByte(text) {
                    found.unseen.insert(id)
                } else if Self.hasCapital(text) {
                    found.hasCapitals = true
                }
            }
            survey = found
            return found
        }
    }

    /// Whether a piece is a single byte: "<0x0A>".
    private static func isByte(_ piece: String) -> Bool {
        let text = piece.utf8
        func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) || (0x41...0x46).contains(byte) }
        return text.count == 6 && piece.hasPrefix("<0x") && text.last == UInt8(ascii: ">") && text.dropFirst(3).dropLast().allSatisfy(isDigit)
    }

    /// Whether a piece has a capital letter. Most are ASCII, of which bytes tell it.
    private static func hasCapital(_ piece: String) -> Bool {
        var isASCII = true
        for byte in piece.utf8 {
            if (0x41...0x5A).contains(byte) { return true }
            if byte >= 0x80 { isASCII = false }
        }
        return !isASCII && piece.contains(where: \.isUppercase)
    }

    private static func present(_ id: Int32) -> Int32? { id >= 0 ? id : nil }

    /// One piece of an encoded text.
    public struct Piece: Equatable, Sendable {
        /// The piece's token id.
        public let id: Int32
        /// The bytes of the input's UTF-8 that the piece stands for. Empty for a piece that the
        /// normalisation put in, and for all but one of the bytes of a character spelled in bytes.
        public let bytes: Range<Int>
    }

    /// The token ids of a text, without begin or end marks. Empty for an empty text.
    public func encode(_ text: String) throws -> [Int32] {
        try encodePieces(text).map(\.id)
    }

    /// The pieces of a text, in order, each with the bytes of the input that it stands for.
    ///
    /// To tell where a text of more than `n` pieces was cut, look at `pieces[n].bytes.lowerBound`.
    public func encodePieces(_ text: String) throws -> [Piece] {
        var text = text
        var list: UnsafeMutablePointer<csp_piece>?
        var pieceCount = 0
        try calling { message in
            text.withUTF8 { utf8 in
                utf8.withMemoryRebound(to: CChar.self) {
                    csp_encode(processor.pointer, $0.baseAddress, $0.count, &list, &pieceCount, message)
                }
            }
        }
        defer { csp_free_pieces(list) }
        return UnsafeBufferPointer(start: list, count: pieceCount).map {
            Piece(id: $0.id, bytes: Int($0.begin)..<max(Int($0.begin), Int($0.end)))
        }
    }

    /// The text that token ids stand for. Control pieces (pad, begin, end) become nothing.
    ///
    /// - Throws: `VocabularyError.idOutOfRange`.
    public func decode(_ ids: [Int32]) throws -> String {
        for (position, id) in ids.enumerated() { try check(id, position: position) }
        var text = csp_bytes()
        try calling { message in
            ids.withUnsafeBufferPointer {
                csp_decode(processor.pointer, $0.baseAddress, $0.count, &text, message)
            }
        }
        defer { csp_free_bytes(text) }
        return String(decoding: UnsafeBufferPointer(start: text.data, count: text.count), as: UTF8.self)
    }

    /// The text of one piece, where `▁` (U+2581) stands for a space.
    ///
    /// - Throws: `VocabularyError.idOutOfRange`.
    public func piece(_ id: Int32) throws -> String {
        try check(id, position: 0)
        var text = csp_bytes()
        try calling { csp_piece_text(processor.pointer, id, &text, $0) }
        defer { csp_free_bytes(text) }
        return String(decoding: UnsafeBufferPointer(start: text.data, count: text.count), as: UTF8.self)
    }

    private func check(_ id: Int32, position: Int) throws {
        guard id >= 0, Int(id) < count else {
            throw VocabularyError.idOutOfRange(id: Int(id), count: count, position: position)
        }
    }

    private func calling(_ body: (UnsafeMutablePointer<csp_message>) -> Bool) throws {
        var message = csp_message()
        guard body(&message) else { throw VocabularyError.tokenizerFailed(reason: message.line) }
    }
}
