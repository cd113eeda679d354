/// CLIP's byte-pair vocabulary: prompts to token ids.
///
/// The text is repaired, HTML references are read, and letters made small before it is cut; ids are
/// those of the official tokenizer (open_clip's `SimpleTokenizer`). Wrongly decoded text ("CafÃ©") is
/// taken as it is, where the official code guesses at what was meant.
public final class CLIPVocabulary: Sendable {
    /// How many tokens there are: 49408 in the published vocabulary.
    public let count: Int
    /// The token that begins every prompt.
    public let startID: Int32
    /// The token that ends every prompt; the text encoder's pooled output is read at its place.
    public let endID: Int32

    private let merges: BytePairMerges
    /// What each token stands for; nil for start and end.
    private let texts: [[UInt8]?]

    /// The merges that the published vocabulary uses.
    public static let publishedMergeCount = 48_894

    /// Loads `bpe_simple_vocab_16e6.txt`, packed with gzip or not.
    ///
    /// - Parameter mergeCount: how many of the file's merges count; nil takes them all.
    /// - Throws: `FileError`, `VocabularyError.malformed`.
    public convenience init(path: String, mergeCount: Int? = CLIPVocabulary.publishedMergeCount) throws {
        let file = try MergeFile(path: path, count: mergeCount)
        try self.init(table: VocabularyTable(file), merges: file)
    }

    /// Loads a Hugging Face `vocab.json` and the `merges.txt` beside it.
    ///
    /// - Throws: `FileError`, `VocabularyError.malformed`.
    public convenience init(vocabularyPath: String, mergesPath: String) throws {
        let table = try VocabularyTable(jsonPath: vocabularyPath)
        let file = try MergeFile(path: mergesPath, count: nil)
        guard table.ids.count == file.merges.count + 514 else {
            throw VocabularyError.malformed(
                file: mergesPath, place: "whole file",
                expected: "\(table.ids.count - 514) merges for the \(table.ids.count) tokens of \(vocabularyPath)",
                found: "\(file.merges.count)")
        }
        try self.init(table: table, merges: file)
    }

    private init(table: VocabularyTable, merges file: MergeFile) throws {
        func id(_ token: [UInt8]) throws -> Int32 {
            guard let id = table.ids[token] else {
                throw VocabularyError.malformed(
                    file: file.file, place: "whole file",
                    expected: "the token '\(String(decoding: token, as: UTF8.self))' in its vocabulary", found: "none")
            }
            return id
        }
        count = table.ids.count
        startID = try id(table.startName)
        endID = try id(table.endName)
        var pairs: [(left: Int32, right: Int32, id: Int32)] = []
        pairs.reserveCapacity(file.merges.count)
        var lines: [Int32: Int] = [:]
        for merge in file.merges {
            let parts = [merge.left, merge.right, merge.left + merge.right]
            let found = parts.map { table.ids[$0] }
            guard let left = found[0], let right = found[1], let merged = found[2] else {
                let unknown = parts[found.firstIndex(of: nil) ?? 0]
                throw file.malformed(merge, "tokens of the vocabulary", "'\(String(decoding: unknown, as: UTF8.self))'")
            }
            if let earlier = lines.updateValue(merge.line, forKey: merged) {
                throw file.malformed(merge, "a new token", "the token of line \(earlier)")
            }
            pairs.append((left, right, merged))
        }
        merges = BytePairMerges(
            inner: try (0...255).map { try id(ByteAlphabet.text(of: $0)) },
            final: try (0...255).map { try id(ByteAlphabet.text(of: $0) + ByteAlphabet.wordEnd) },
            merges: pairs)
        texts = try Self.texts(table, file: file.file)
    }

    private static func texts(_ table: VocabularyTable, file: String) throws -> [[UInt8]?] {
        var texts = [[UInt8]?](repeating: nil, count: table.ids.count)
        for (token, id) in table.ids where token != table.startName && token != table.endName {
            let endsWord = token.count > 4 && token.suffix(4).elementsEqual(ByteAlphabet.wordEnd)
            guard let bytes = ByteAlphabet.bytes(of: endsWord ? token.dropLast(4) : token[...]) else {
                throw VocabularyError.malformed(
                    file: file, place: "token \(id)", expected: "characters that stand for bytes",
                    found: "'\(String(decoding: token.prefix(80), as: UTF8.self))'")
            }
            texts[Int(id)] = endsWord ? bytes + [0x20] : bytes
        }
        return texts
    }

    /// The token ids of a prompt, without start and end, of any length.
    public func encode(_ text: String) -> [Int32] {
        CLIPPieces.pieces(of: CLIPTextCleaning.cleaned(text)).flatMap { piece in
            let word = String(String.UnicodeScalarView(piece))
            // Compared as bytes: Swift takes canonically equivalent strings for equal.
            if word.utf8.elementsEqual(CLIPPieces.startWord.utf8) { return [startID] }
            if word.utf8.elementsEqual(CLIPPieces.endWord.utf8) { return [endID] }
            return merges.tokens(of: Array(word.utf8))
        }
    }

    /// A prompt as the text encoder takes it.
    public struct Row: Equatable, Sendable {
        /// Start, text, end, padding: as many ids as were asked for.
        public let ids: [Int32]
        /// How many of the text's tokens are in the row.
        public let keptCount: Int
        /// How many tokens the text has.
        public let textCount: Int
        /// Whether the text was too long for the row.
        public var isCut: Bool { keptCount < textCount }
    }

    /// A prompt between start and end, cut or filled up to `length`.
    ///
    /// - Parameter padID: what fills the row. OpenCLIP fills with 0; Hugging Face's tokenizer with the
    ///   end token, which gives other hidden states at the filled places.
    public func row(_ text: String, length: Int = 77, padID: Int32 = 0) -> Row {
        let length = max(length, 0)
        let text = encode(text)
        let kept = min(text.count, max(length - 2, 0))
        let framed = ([startID] + text.prefix(kept) + [endID]).suffix(length)
        return Row(
            ids: framed + [Int32](repeating: padID, count: length - framed.count),
            keptCount: kept, textCount: text.count)
    }

    /// The text that token ids stand for, in small letters with single spaces between words. Start and
    /// end become nothing.
    ///
    /// - Throws: `VocabularyError.idOutOfRange`.
    public func decode(_ ids: some Sequence<Int32>) throws -> String {
        var bytes: [UInt8] = []
        for (position, id) in ids.enumerated() {
            guard id >= 0, Int(id) < count else {
                throw VocabularyError.idOutOfRange(id: Int(id), count: count, position: position)
            }
            bytes += texts[Int(id)] ?? []
        }
        if bytes.last == 0x20 { bytes.removeLast() }
        return String(decoding: bytes, as: UTF8.self)
    }
}
