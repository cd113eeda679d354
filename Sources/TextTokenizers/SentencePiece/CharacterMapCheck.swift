/// Checks the compiled normalisation rules of a SentencePiece model.
///
/// They are a trie stored as a double array (each unit leads to another by an exclusive or with the
/// next byte), then the null-terminated texts that its leaves point at. The library follows both
/// without looking, so here every state that some text can reach is visited once.
struct CharacterMapCheck {
    /// The library has room for this many rules that begin at one place in a text.
    private static let mostNestedRules = 32
    /// The longest compatibility decomposition is far shorter.
    private static let longestText = 1024

    private let file: String
    private let place: String
    private let units: [UInt32]
    private let texts: ArraySlice<UInt8>

    /// - Throws: `VocabularyError.malformed`.
    static func run(_ map: [UInt8], file: String, place: String) throws {
        let check = try CharacterMapCheck(map, file: file, place: place)
        try check.checkTexts()
        try check.checkTrie()
    }

    private init(_ map: [UInt8], file: String, place: String) throws {
        self.file = file
        self.place = place
        func word(_ at: Int) -> UInt32 {
            UInt32(map[at]) | UInt32(map[at + 1]) << 8 | UInt32(map[at + 2]) << 16 | UInt32(map[at + 3]) << 24
        }
        let trieSize = map.count >= 4 ? Int(word(0)) : 0
        guard trieSize >= 4, trieSize.isMultiple(of: 4), trieSize < map.count - 4 else {
            throw VocabularyError.malformed(
                file: file, place: place, expected: "a trie size that is a multiple of 4 and leaves room for texts",
                found: "\(trieSize) in \(map.count) bytes")
        }
        units = stride(from: 4, to: 4 + trieSize, by: 4).map(word)
        texts = map[(4 + trieSize)...]
    }

    private func checkTexts() throws {
        guard texts.last == 0 else { throw malformed("texts that end in a null character", "another byte") }
        guard String(validating: texts, as: UTF8.self) != nil else {
            throw malformed("UTF-8 texts", "bytes that are not UTF-8")
        }
        guard texts.split(separator: 0).allSatisfy({ $0.count <= Self.longestText }) else {
            throw malformed("texts of at most \(Self.longestText) bytes", "a longer one")
        }
    }

    /// Visits every reachable state, children first. States may be shared, but must not form a loop.
    private func checkTrie() throws {
        // How many rules end on the way down from a state; -1: not seen, -2: on the way here.
        var depths = [Int8](repeating: -1, count: units.count)
        var path: [(state: Int, next: Int)] = [(0, 0)]
        depths[0] = -2
        try units.withUnsafeBufferPointer { units in
            while let (state, next) = path.last {
                let base = state ^ Self.offset(units[state])
                // The 256 states that a byte can lead to share all but their low bits.
                guard base | 0xff < units.count else { throw malformed("states inside the trie", "one outside") }
                let isRoot = path.count == 1
                let hasRule = !isRoot && units[state] >> 8 & 1 == 1
                if next == 0, hasRule { try checkRule(units[base]) }
                var byte = next
                while byte < 256 {
                    let child = base ^ byte
                    if units[child] & 0x8000_00ff == UInt32(byte) {
                        if depths[child] == -2 { throw malformed("a trie without loops", "a loop") }
                        if depths[child] == -1 { break }
                    }
                    byte += 1
                }
                if byte < 256 {
                    path[path.count - 1].next = byte + 1
                    depths[base ^ byte] = -2
                    path.append((base ^ byte, 0))
                    continue
                }
                var nested = 0
                for byte in 0..<256 where units[base ^ byte] & 0x8000_00ff == UInt32(byte) {
                    nested = max(nested, Int(depths[base ^ byte]))
                }
                nested += hasRule ? 1 : 0
                guard nested <= Self.mostNestedRules else {
                    throw malformed("at most \(Self.mostNestedRules) rules that begin alike", "more")
                }
                depths[state] = Int8(nested)
                path.removeLast()
            }
        }
    }

    /// How far a unit's children are from it.
    private static func offset(_ unit: UInt32) -> Int {
        Int((unit >> 10) << (unit >> 6 & 8))
    }

    private func checkRule(_ leaf: UInt32) throws {
        let text = Int(leaf & 0x7fff_ffff)
        guard text < texts.count, texts[texts.startIndex + text] & 0xc0 != 0x80 else {
            throw malformed("rules that point at a text", "one that points elsewhere")
        }
    }

    private func malformed(_ expected: String, _ found: String) -> VocabularyError {
        .malformed(file: file, place: place, expected: expected, found: found)
    }
}
