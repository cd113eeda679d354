import Synchronization

/// One recorded operation, or a leaf whose gradient was asked for. Not for use from several tasks at once.
public final class GradientNode: @unchecked Sendable {
    private static let counter = Atomic<Int>(0)

    /// Grows with every node, so that an operation's number is above its inputs'.
    let number: Int
    private(set) var parents: [GradientNode?]
    /// From the gradient of the output to the gradients of the parents, in order; nil where a parent has no node.
    private(set) var pullback: ((Tensor) -> [Tensor?])?

    /// Whether a gradient has already gone back through this operation.
    private(set) var isSpent = false

    init(parents: [GradientNode?] = [], pullback: ((Tensor) -> [Tensor?])? = nil) {
        number = GradientNode.counter.add(1, ordering: .relaxed).newValue
        self.parents = parents
        self.pullback = pullback
    }

    deinit {
        // One node after the other: nodes that free each other in turn would exhaust the stack on a long record. What
        // the pullback holds are the same parents.
        var pending = parents
        release()
        while !pending.isEmpty {
            guard var node = pending.removeLast(), isKnownUniquelyReferenced(&node) else { continue }
            pending.append(contentsOf: node.parents)
            node.release()
        }
    }

    /// Frees what the operation kept for its gradient, which cannot be asked for again.
    func release() {
        isSpent = pullback != nil || isSpent
        parents = []
        pullback = nil
    }
}

extension Tensor {
    /// The same values as a new leaf: operations on it are recorded, and `gradients(of:withRespectTo:)` finds it.
    public var requiringGradient: Tensor {
        Tensor(storage: storage, shape: shape, node: GradientNode())
    }

    /// Whether operations on this tensor are recorded.
    public var isRecorded: Bool { node != nil }

    /// This result with the way back to its inputs; itself where none of them is recorded. `pullback` is made only
    /// where it is needed, so that inference pays nothing.
    @inline(__always)
    func recorded(from inputs: Tensor..., pullback: () -> (Tensor) -> [Tensor?]) -> Tensor {
        recorded(from: inputs, pullback: pullback)
    }

    func recorded(from inputs: [Tensor], pullback: () -> (Tensor) -> [Tensor?]) -> Tensor {
        guard inputs.contains(where: { $0.node != nil }) else { return self }
        return Tensor(
            storage: storage, shape: shape, node: GradientNode(parents: inputs.map(\.node), pullback: pullback()))
    }
}

/// The gradients of a scalar `loss` with respect to `leaves` (zeros for a leaf that the loss does not depend on), by
/// going back through the recorded operations once; what they kept is freed on the way.
public func gradients(of loss: Tensor, withRespectTo leaves: [Tensor]) -> [Tensor] {
    var found = [Tensor?](repeating: nil, count: leaves.count)
    gradients(of: loss, withRespectTo: leaves) { found[$0] = $1 }
    return found.compactMap { $0 }
}

/// The same, each gradient as soon as nothing more is added to it, so that it can be sent off while others are computed.
///
/// - Parameter ready: called once for each index of `leaves`, in no order that may be relied on.
public func gradients(of loss: Tensor, withRespectTo leaves: [Tensor], ready: (_ index: Int, _ gradient: Tensor) -> Void) {
    precondition(loss.count == 1, "gradients of a tensor of shape \(loss.shape): a scalar is needed")
    guard let root = loss.node else { return leaves.indices.forEach { ready($0, .zeros(leaves[$0].shape)) } }
    var found: Set<ObjectIdentifier> = [ObjectIdentifier(root)]
    var order: [GradientNode] = [root]
    var next = 0
    while next < order.count {
        precondition(
            !order[next].isSpent,
            "a gradient goes back through an operation a second time: what is recorded serves one gradient")
        for case let parent? in order[next].parents where found.insert(ObjectIdentifier(parent)).inserted {
            order.append(parent)
        }
        next += 1
    }
    order.sort { $0.number > $1.number }

    /// The places of the leaves, and how many operations are still to add to them.
    var places: [ObjectIdentifier: [Int]] = [:]
    for (index, leaf) in leaves.enumerated() {
        if let node = leaf.node { places[ObjectIdentifier(node), default: []].append(index) } else { ready(index, .zeros(leaf.shape)) }
    }
    var waiting: [ObjectIdentifier: Int] = [:]
    for node in order {
        for case let parent? in node.parents where places[ObjectIdentifier(parent)] != nil { waiting[ObjectIdentifier(parent), default: 0] += 1 }
    }
    var pending: [ObjectIdentifier: Tensor] = [ObjectIdentifier(root): .filled(loss.shape, with: 1)]
    func finish(_ leaf: ObjectIdentifier) {
        let gradient = pending.removeValue(forKey: leaf)
        for index in places[leaf] ?? [] { ready(index, gradient ?? .zeros(leaves[index].shape)) }
    }
    for leaf in places.keys where waiting[leaf] == nil { finish(leaf) }

    for node in order {
        guard let pullback = node.pullback else { continue }
        let gradient = pending.removeValue(forKey: ObjectIdentifier(node))
        let parents = node.parents
        node.release()
        if let gradient {
            for case let (parent?, contribution?) in zip(parents, pullback(gradient)) {
                let key = ObjectIdentifier(parent)
                if let sum = pending[key] {
                    pending[key] = sum.adding(contribution)
                } else {
                    pending[key] = contribution
                }
            }
        }
        for case let parent? in parents {
            let key = ObjectIdentifier(parent)
            guard let count = waiting[key] else { continue }
            waiting[key] = count - 1
            if count == 1 { finish(key) }
        }
    }
}
