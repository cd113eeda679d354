/// Checks a SentencePiece model file before the library sees it.
///
/// The library trusts its file: on some broken models it ends the process or reads outside its
/// memory. What is checked here is what its loading, encoding and decoding rely on; what it checks
/// itself (duplicate pieces, for one) is left to it.
struct SentencePieceModelCheck {
    private let file: String
    private var pieceCount = 0
    private var unknownPieces = 0
    private var bytePieces = Set<[UInt8]>()
    private var userDefined: [[UInt8]] = []
    private var byteFallback = false

    /// - Throws: `VocabularyError.malformed`.
    static func run(_ bytes: [UInt8], file: String) throws {
        var check = SentencePieceModelCheck(file: file)
        try check.model(bytes)
    }

    private init(file: String) { self.file = file }

    private mutating func model(_ bytes: [UInt8]) throws {
        guard !bytes.isEmpty else { throw malformed("whole file", "a SentencePiece model", "an empty file") }
        // The library counts bytes in 32 bits.
        guard bytes.count < 1 << 30 else {
            throw malformed("whole file", "a SentencePiece model of less than 1 GiB", "\(bytes.count) bytes")
        }
        var reader = ProtobufReader(bytes[...], file: file)
        while let field = try reader.next() {
            switch field.number {
            case 1: try piece(try message(field, "a piece"))
            case 2: try trainerSpec(try message(field, "the training options"))
            case 3, 5: try normalizerSpec(try message(field, "a normalisation"))
            default: break
            }
        }
        try whole()
    }

    private func whole() throws {
        guard pieceCount > 0 else { throw malformed("whole file", "a SentencePiece model", "no pieces") }
        guard unknownPieces == 1 else {
            throw malformed("pieces", "one unknown piece", "\(unknownPieces)")
        }
        if byteFallback {
            guard bytePieces.count == 256 else {
                throw malformed("pieces", "256 byte pieces, since byte fallback is on", "\(bytePieces.count)")
            }
        } else if !bytePieces.isEmpty {
            throw malformed("pieces", "no byte pieces, since byte fallback is off", "\(bytePieces.count)")
        }
        try checkNesting()
    }

    private mutating func piece(_ bytes: ArraySlice<UInt8>) throws {
        let number = pieceCount
        let place = "piece \(number)"
        pieceCount += 1
        guard pieceCount <= 1 << 24 else { throw malformed(place, "at most \(1 << 24) pieces", "more") }
        var text: ArraySlice<UInt8> = []
        var type: UInt64 = 1
        var reader = ProtobufReader(bytes, file: file)
        while let field = try reader.next() {
            switch (field.number, field.value) {
            case (1, .bytes(let bytes)): text = bytes
            case (2, .fixed32(let bits)):
                let score = Float(bitPattern: bits)
                guard score.isFinite else { throw malformed(place, "a finite score", "\(score)") }
            case (3, .varint(let value)): type = value
            case (1...3, let value): throw malformed(place, "the wire type of field \(field.number)", value.name)
            default: break
            }
        }
        // The library takes a type that it does not know for a normal piece; no writer makes one.
        guard (1...6).contains(type) else { throw malformed(place, "a type from 1 to 6", "\(type)") }
        guard !text.isEmpty, text.count < 8000 else {
            throw malformed(place, "a text of 1 to 7999 bytes", "\(text.count) bytes")
        }
        guard !text.contains(0) else { throw malformed(place, "a text without null characters", "one") }
        guard String(validating: text, as: UTF8.self) != nil else {
            throw malformed(place, "UTF-8 text", "bytes that are not UTF-8")
        }
        switch type {
        case 2: unknownPieces += 1
        case 4: userDefined.append(Array(text))
        case 6:
            guard Self.isByteName(text) else {
                throw malformed(place, "a byte piece <0x00> to <0xFF>", String(decoding: text.prefix(40), as: UTF8.self))
            }
            bytePieces.insert(Array(text))
        default: break
        }
    }

    private static func isByteName(_ text: ArraySlice<UInt8>) -> Bool {
        func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) || (0x41...0x46).contains(byte) }
        let text = Array(text)
        return text.count == 6 && text.starts(with: "<0x".utf8) && isDigit(text[3]) && isDigit(text[4])
            && text[5] == UInt8(ascii: ">")
    }

    private mutating func trainerSpec(_ bytes: ArraySlice<UInt8>) throws {
        var reader = ProtobufReader(bytes, file: file)
        while let field = try reader.next() {
            switch (field.number, field.value) {
            case (3, .varint(let kind)):
                guard (1...4).contains(kind) else {
                    throw malformed("byte \(field.offset)", "a model type from 1 to 4", "\(kind)")
                }
            case (35, .varint(let flag)): byteFallback = flag != 0
            case (3, let value), (35, let value):
                throw malformed("byte \(field.offset)", "a varint", value.name)
            default: break
            }
        }
    }

    private func normalizerSpec(_ bytes: ArraySlice<UInt8>) throws {
        var reader = ProtobufReader(bytes, file: file)
        while let field = try reader.next() {
            guard field.number == 2 else { continue }
            let map = try message(field, "a character map")
            if !map.isEmpty { try CharacterMapCheck.run(Array(map), file: file, place: "character map at byte \(field.offset)") }
        }
    }

    /// The library finds at most 64 user-defined pieces that begin at one place in a text.
    private func checkNesting() throws {
        var open: [[UInt8]] = []
        for piece in userDefined.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            while let last = open.last, !piece.starts(with: last) { open.removeLast() }
            open.append(piece)
            guard open.count <= 64 else {
                throw malformed("pieces", "at most 64 user-defined pieces that begin alike", "more")
            }
        }
    }

    private func message(_ field: ProtobufReader.Field, _ what: String) throws -> ArraySlice<UInt8> {
        guard case .bytes(let bytes) = field.value else {
            throw malformed("byte \(field.offset)", what, field.value.name)
        }
        return bytes
    }

    private func malformed(_ place: String, _ expected: String, _ found: String) -> VocabularyError {
        .malformed(file: file, place: place, expected: expected, found: found)
    }
}
