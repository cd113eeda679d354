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
        let children = Children(of: units)
        // How many rules end on the way down from a state; -1: not seen, -2: on the way here.
        var depths = [Int8](repeating: -1, count: units.count)
        var path: [Visit] = []
        /// Enters a state, whose rule is checked.
        func enter(_ state: Int) throws {
            let base = state ^ Self.offset(units[state])
            // The 256 states that a byte can lead to share all but their low bits.
            guard base | 0xff < units.count else { throw malformed("states inside the trie", "one outside") }
            let hasRule = !path.isEmpty && units[state] >> 8 & 1 == 1
            if hasRule { try checkRule(units[base]) }
            depths[state] = -2
            path.append(Visit(state: state, hasRule: hasRule, left: children.range(of: base)))
        }
        try enter(0)
        visits: while let last = path.indices.last {
            while let place = path[last].left.first {
                let child = children.states[place]
                switch depths[child] {
                case -2: throw malformed("a trie without loops", "a loop")
                case -1:
                    // Its parent comes back to it when it is done with.
                    try enter(child)
                    continue visits
                case let nested:
                    path[last].nested = max(path[last].nested, Int(nested))
                    path[last].left.removeFirst()
                }
            }
            let visit = path.removeLast()
            let nested = visit.nested + (visit.hasRule ? 1 : 0)
            guard nested <= Self.mostNestedRules else {
                throw malformed("at most \(Self.mostNestedRules) rules that begin alike", "more")
            }
            depths[visit.state] = Int8(nested)
        }
    }

    /// A state on the way down, which of its children are left, and how many rules end below the others.
    private struct Visit {
        let state: Int
        let hasRule: Bool
        var left: Range<Int>
        var nested = 0
    }

    /// The states that some byte leads to, of all states at once: a unit tells by which byte it is reached, and so from where.
    private struct Children {
        /// Those of one parent side by side.
        let states: [Int]
        private let ends: [Int]

        init(of units: [UInt32]) {
            var ends = Array(repeating: 0, count: units.count)
            Self.eachState(of: units) { ends[$1] += 1 }
            var sum = 0
            for base in ends.indices { (ends[base], sum) = (sum, sum + ends[base]) }
            var states = Array(repeating: 0, count: sum)
            // What began as the first place of each ends as the one after its last.
            Self.eachState(of: units) { state, base in
                states[ends[base]] = state
                ends[base] += 1
            }
            (self.states, self.ends) = (states, ends)
        }

        /// Calls `body` with each state that a byte leads to, and the place that its parent's bytes count from.
        private static func eachState(of units: [UInt32], _ body: (_ state: Int, _ base: Int) -> Void) {
            for (state, unit) in units.enumerated() where unit & 0x8000_0000 == 0 {
                let base = state ^ Int(unit & 0xff)
                if base < units.count { body(state, base) }
            }
        }

        func range(of base: Int) -> Range<Int> { (base == 0 ? 0 : ends[base - 1])..<ends[base] }
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
