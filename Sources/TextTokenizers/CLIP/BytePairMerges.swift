/// Byte-pair merges over token ids.
struct BytePairMerges: Sendable {
    struct Merge: Sendable {
        /// Merges of lower rank come first.
        let rank: Int32
        /// The token that the pair becomes.
        let id: Int32
    }

    /// The token of each byte inside a word, and at its end.
    let inner: [Int32]
    let final: [Int32]
    private let merges: [UInt64: Merge]

    init(inner: [Int32], final: [Int32], merges: [(left: Int32, right: Int32, id: Int32)]) {
        self.inner = inner
        self.final = final
        var table = [UInt64: Merge](minimumCapacity: merges.count)
        for (rank, merge) in merges.enumerated() {
            table[Self.key(merge.left, merge.right)] = Merge(rank: Int32(rank), id: merge.id)
        }
        self.merges = table
    }

    private static func key(_ left: Int32, _ right: Int32) -> UInt64 {
        UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
    }

    /// The tokens of one word, given as bytes.
    ///
    /// Again and again the pair of lowest rank is merged wherever it stands, from left to right. The
    /// pairs wait in a heap, so that a long word takes n log n steps.
    func tokens(of word: [UInt8]) -> [Int32] {
        guard let last = word.last else { return [] }
        var ids = word.dropLast().map { inner[Int($0)] } + [final[Int(last)]]
        // Neighbours of each token that is left; a merged pair lives on in its left token's place.
        var next = Array(1...ids.count)
        var previous = Array(-1..<ids.count - 1)
        var isGone = [Bool](repeating: false, count: ids.count)
        var waiting = CandidateHeap()
        for position in ids.indices.dropLast() {
            if let merge = merges[Self.key(ids[position], ids[position + 1])] {
                waiting.push(Candidate(rank: merge.rank, position: Int32(position)))
            }
        }
        var made: [Int] = []
        while let rank = waiting.first?.rank {
            // All pairs of this rank, before any that these merges bring about.
            made.removeAll(keepingCapacity: true)
            while let candidate = waiting.first, candidate.rank == rank {
                waiting.removeFirst()
                let position = Int(candidate.position)
                guard !isGone[position], next[position] < ids.count,
                    let merge = merges[Self.key(ids[position], ids[next[position]])], merge.rank == rank
                else { continue }
                let right = next[position]
                ids[position] = merge.id
                isGone[right] = true
                next[position] = next[right]
                if next[right] < ids.count { previous[next[right]] = position }
                made.append(position)
            }
            for position in made {
                for left in [previous[position], position] where left >= 0 && next[left] < ids.count {
                    if let merge = merges[Self.key(ids[left], ids[next[left]])] {
                        waiting.push(Candidate(rank: merge.rank, position: Int32(left)))
                    }
                }
            }
        }
        return ids.indices.filter { !isGone[$0] }.map { ids[$0] }
    }
}

/// A pair that may be merged.
private struct Candidate: Comparable {
    let rank: Int32
    let position: Int32

    static func < (a: Candidate, b: Candidate) -> Bool { (a.rank, a.position) < (b.rank, b.position) }
}

/// A binary heap with its smallest candidate first.
private struct CandidateHeap {
    private var items: [Candidate] = []

    var first: Candidate? { items.first }

    mutating func push(_ item: Candidate) {
        items.append(item)
        var child = items.count - 1
        while child > 0, items[child] < items[(child - 1) / 2] {
            items.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func removeFirst() {
        items.swapAt(0, items.count - 1)
        items.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < items.count && items[child] < items[least] {
                least = child
            }
            if least == parent { return }
            items.swapAt(parent, least)
            parent = least
        }
    }
}
