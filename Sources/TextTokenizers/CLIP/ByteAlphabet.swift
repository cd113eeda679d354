/// The 256 characters that stand for bytes in byte-level vocabularies, all of them printable.
enum ByteAlphabet {
    /// What a token's text ends with where the token ends a word.
    static let wordEnd = Array("</w>".utf8)

    /// The bytes in the order of the vocabulary: those whose character is their own, then the others.
    static let order: [UInt8] = {
        let printable = Array(33...126) + Array(161...172) + Array<UInt8>(174...255)
        return printable + (0...255).filter { !printable.contains($0) }
    }()

    /// The character of each byte.
    private static let characters: [Unicode.Scalar] = {
        var characters = (0...255).map { Unicode.Scalar(UInt8($0)) }
        for (index, byte) in order[188...].enumerated() {
            characters[Int(byte)] = Unicode.Scalar(0x100 + UInt32(index)) ?? characters[Int(byte)]
        }
        return characters
    }()

    private static let bytes = Dictionary(uniqueKeysWithValues: characters.enumerated().map { ($1, UInt8($0)) })

    /// The UTF-8 of the character of a byte.
    static func text(of byte: UInt8) -> [UInt8] { Array(String(characters[Int(byte)]).utf8) }

    /// The bytes that a token's text stands for, or nil where it has other characters.
    static func bytes(of text: some Sequence<UInt8>) -> [UInt8]? {
        var out: [UInt8] = []
        for scalar in String(decoding: Array(text), as: UTF8.self).unicodeScalars {
            guard let byte = bytes[scalar] else { return nil }
            out.append(byte)
        }
        return out
    }
}
