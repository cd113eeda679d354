import Synchronization
import Tensors

/// What the condition gives to every block of a velocity network, kept by time and indicator: nothing else enters it, so
/// that for a schedule it is a constant, and the matrices that compute it (a third of a network's parameters) need not stay
/// in memory. Holds 128 MB at most; what came first goes first.
final class ModulationCache: Sendable {
    /// One time and one indicator.
    struct Key: Hashable, Sendable {
        let time: Float
        let indicator: Int32

        init(_ time: Float, _ indicator: Int32) {
            self.time = time
            self.indicator = indicator
        }
    }

    private struct State {
        /// [vectors·width] each.
        var entries: [Key: Tensor] = [:]
        var order: [Key] = []
    }

    private let width: Int
    private let vectorCount: Int
    /// Entries at most.
    private let limit: Int
    private let state = Mutex(State())

    init(width: Int, vectors: Int, bytes: Int = 128 << 20) {
        self.width = width
        vectorCount = vectors
        limit = max(16, bytes / max(1, 4 * width * vectors))
    }

    /// Computes what is not there yet of `keys`, in one call of `compute` (times, indicators → [pairs, vectors·width]); as
    /// many as there is room for. Returns whether anything was computed.
    @discardableResult
    func prepare(_ keys: [Key], _ compute: ([Float], [Int32]) -> Tensor) -> Bool {
        var seen: Set<Key> = []
        let distinct = keys.filter { seen.insert($0).inserted }.prefix(limit)
        let missing = state.withLock { state in distinct.filter { state.entries[$0] == nil } }
        guard !missing.isEmpty else { return false }
        // Not under the lock: two tasks may compute the same, and get the same.
        let rows = compute(missing.map(\.time), missing.map(\.indicator))
        let found = missing.indices.map { rows.sliced(axis: 0, $0..<$0 + 1) }
        state.withLock { state in
            for (key, row) in zip(missing, found) where state.entries.updateValue(row, forKey: key) == nil {
                state.order.append(key)
            }
            while state.order.count > limit { state.entries[state.order.removeFirst()] = nil }
        }
        return true
    }

    /// Takes rows [pairs, vectors·width] that were computed before; as many as there is room for.
    func keep(_ keys: [Key], _ rows: Tensor) {
        state.withLock { state in
            for (index, key) in keys.prefix(limit).enumerated() where state.entries[key] == nil {
                state.entries[key] = rows.sliced(axis: 0, index..<index + 1)
                state.order.append(key)
            }
        }
    }

    /// The vectors of a batch with one key to a sample: [batch, width] each.
    func vectors(_ keys: [Key], _ compute: ([Float], [Int32]) -> Tensor) -> [Tensor] {
        prepare(keys, compute)
        let rows = state.withLock { state in keys.map { state.entries[$0] } }
        // Another task's schedule may have pushed one out in between.
        let complete = rows.enumerated().map { index, row in
            row ?? compute([keys[index].time], [keys[index].indicator])
        }
        return (0..<vectorCount).map { vector in
            Tensor(uninitialized: [keys.count, width]) { buffer in
                for (sample, row) in complete.enumerated() {
                    row.withUnsafeBufferPointer { row in
                        let from = UnsafeBufferPointer(rebasing: row[vector * width..<(vector + 1) * width])
                        _ = UnsafeMutableBufferPointer(rebasing: buffer[sample * width..<(sample + 1) * width])
                            .update(from: from)
                    }
                }
            }
        }
    }
}
