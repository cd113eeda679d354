/// The order in which what the groups of a step computed is added up: a binary tree over their numbers that their count alone
/// decides, so that the sum has the same bits whoever adds which part of it.
package struct GroupTree: Sendable {
    package let count: Int
    /// The two parts of every node that has parts.
    private let parts: [Range<Int>: (Range<Int>, Range<Int>)]

    package init(count: Int) {
        precondition(count >= 1, "a tree over \(count) groups")
        self.count = count
        var parts: [Range<Int>: (Range<Int>, Range<Int>)] = [:]
        var pending = [0..<count]
        while let node = pending.popLast() {
            guard node.count > 1 else { continue }
            // The left part is full: the largest power of two that leaves something for the right one.
            var left = 1
            while left * 2 < node.count { left *= 2 }
            let middle = node.lowerBound + left
            let halves = (node.lowerBound..<middle, middle..<node.upperBound)
            parts[node] = halves
            pending += [halves.0, halves.1]
        }
        self.parts = parts
    }

    package var root: Range<Int> { 0..<count }

    package func parts(of node: Range<Int>) -> (Range<Int>, Range<Int>)? { parts[node] }

    /// How often the last sums of `sums`, which stand side by side, are added to the one before them.
    package func merges(_ sums: [Range<Int>]) -> Int {
        var sums = sums
        var merges = 0
        while sums.count > 1 {
            let (left, right) = (sums[sums.count - 2], sums[sums.count - 1])
            let node = left.lowerBound..<right.upperBound
            guard let halves = parts[node], halves == (left, right) else { break }
            sums.removeLast(2)
            sums.append(node)
            merges += 1
        }
        return merges
    }

    /// The largest nodes within a block of groups, in order: what whoever has these groups can add up alone.
    package func pieces(of block: Range<Int>) -> [Range<Int>] {
        var sums: [Range<Int>] = []
        for group in block {
            sums.append(group..<group + 1)
            for _ in 0..<merges(sums) {
                let right = sums.removeLast()
                let left = sums.removeLast()
                sums.append(left.lowerBound..<right.upperBound)
            }
        }
        return sums
    }
}
