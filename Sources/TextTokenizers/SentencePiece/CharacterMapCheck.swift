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
        var path: [Visit] = []
        try units.withUnsafeBufferPointer { units in
            /// Enters a state, whose rule is checked.
            func enter(_ state: Int) throws {
                let base = state ^ Self.offset(units[state])
                // The 256 states that a byte can lead to share all but their low bits.
                guard base | 0xff < units.count else { throw malformed("states inside the trie", "one outside") }
                let hasRule = !path.isEmpty && units[state] >> 8 & 1 == 1
                if hasRule { try checkRule(units[base]) }
                depths[state] = -2
                path.append(Visit(state: state, hasRule: hasRule, children: Self.children(of: base, in: units)))
            }
            try enter(0)
            visits: while let visit = path.last {
                for index in visit.passed..<visit.children.count {
                    let child = visit.children[index]
                    if depths[child] == -2 { throw malformed("a trie without loops", "a loop") }
                    if depths[child] == -1 {
                        path[path.count - 1].passed = index + 1
                        try enter(child)
                        continue visits
                    }
                }
                let nested = (visit.children.map { Int(depths[$0]) }.max() ?? 0) + (visit.hasRule ? 1 : 0)
                guard nested <= Self.mostNestedRules else {
                    throw malformed("at most \(Self.mostNestedRules) rules that begin alike", "more")
                }
                depths[visit.state] = Int8(nested)
                path.removeLast()
            }
        }
    }

    /// A state on the way down, and those of its children that are done with.
    private struct Visit {
        let state: Int
        let hasRule: Bool
        let children: [Int]
        var passed = 0
    }

    /// The states that some byte leads to from `base`: 16 at a time, since most bytes lead nowhere.
    private static func children(of base: Int, in units: UnsafeBufferPointer<UInt32>) -> [Int] {
        var found: [Int] = []
        let first = base & ~0xff
        let lanes = SIMD16<UInt32>(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
        for start in stride(from: 0, to: 256, by: 16) {
            let states = UnsafeRawPointer(units.baseAddress! + first + start).loadUnaligned(as: SIMD16<UInt32>.self)
            let bytes = (lanes &+ UInt32(start)) ^ UInt32(base & 0xff)
            let differences = (states & 0x8000_00ff) ^ bytes
            guard any(differences .== 0) else { continue }
            for lane in 0..<16 where differences[lane] == 0 { found.append(first + start + lane) }
        }
        return found
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
