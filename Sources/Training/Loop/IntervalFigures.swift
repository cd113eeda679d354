/// The figures of the steps since the last line of the log: their means, and how many steps were skipped.
struct IntervalFigures {
    private var names: [String] = []
    private var sums: [String: (total: Double, count: Int)] = [:]
    private var skipped = 0

    /// Whether no step was taken.
    var isEmpty: Bool { sums.isEmpty && skipped == 0 }

    mutating func add(_ figures: [(name: String, value: Double)]) {
        for (name, value) in figures {
            if sums[name] == nil { names.append(name) }
            let old = sums[name] ?? (0, 0)
            sums[name] = (old.total + value, old.count + 1)
        }
    }

    /// Counts a step whose loss or gradient was not finite.
    mutating func skip() { skipped += 1 }

    /// The figures, in the order in which they came first; they start anew after this.
    mutating func taken() -> [(name: String, value: Double)] {
        let means = names.compactMap { name in sums[name].map { (name: name, value: $0.total / Double($0.count)) } }
        defer { self = IntervalFigures() }
        return means + [("skipped", Double(skipped))]
    }
}
