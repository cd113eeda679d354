/// Captions as CLIP's byte-pair tokens: start, text, end, and zeros to N positions, as the official scripts pad (FlowTok
/// reference, section 4).
public struct CLIPTokenizer: TextTokenizer {
    public let vocabulary: CLIPVocabulary
    public let length: Int

    public init(_ vocabulary: CLIPVocabulary, length: Int) {
        self.vocabulary = vocabulary
        self.length = length
    }

    public func encode(_ caption: String) -> [Int32] { vocabulary.row(caption, length: length).ids }

    /// Cleaning changes the text, so that the place is given in whole words: the end of the last word of which something is
    /// read.
    public func truncationOffset(of caption: String) -> Int? {
        guard vocabulary.row(caption, length: length).isCut else { return nil }
        let bytes = Array(caption.utf8)
        var ends = bytes.indices.filter { isSpace(bytes[$0]) && $0 > 0 && !isSpace(bytes[$0 - 1]) }
        ends.append(bytes.count)
        // The first end at which the text no longer fits is that of the word that is cut.
        var (low, high) = (0, ends.count - 1)
        while low < high {
            let middle = (low + high) / 2
            let start = String(decoding: bytes[..<ends[middle]], as: UTF8.self)
            if vocabulary.row(start, length: length).isCut { high = middle } else { low = middle + 1 }
        }
        return low == 0 ? ends[0] : ends[low - 1]
    }

    public func decode(_ ids: some Sequence<Int32>) throws -> String {
        try vocabulary.decode(ids.prefix { $0 != vocabulary.endID })
    }

    private func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
}
