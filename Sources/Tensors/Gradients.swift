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
        guard inputs.contains(where: { $0.node != nil }) else { return self }
        return Tensor(
            storage: storage, shape: shape, node: GradientNode(parents: inputs.map(\.node), pullback: pullback()))
    }
}

/// The gradients of a scalar `loss` with respect to `leaves` (zeros for a leaf that the loss does not depend on), by
/// going back through the recorded operations once; what they kept is freed on the way.
public func gradients(of loss: Tensor, withRespectTo leaves: [Tensor]) -> [Tensor] {
    precondition(loss.count == 1, "gradients of a tensor of shape \(loss.shape): a scalar is needed")
    guard let root = loss.node else { return leaves.map { .zeros($0.shape) } }
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

    var pending: [ObjectIdentifier: Tensor] = [ObjectIdentifier(root): .filled(loss.shape, with: 1)]
    for node in order {
        guard let pullback = node.pullback else { continue }
        let gradient = pending.removeValue(forKey: ObjectIdentifier(node))
        let parents = node.parents
        node.release()
        guard let gradient else { continue }
        for case let (parent?, contribution?) in zip(parents, pullback(gradient)) {
            let key = ObjectIdentifier(parent)
            if let sum = pending[key] {
                pending[key] = sum.adding(contribution)
            } else {
                pending[key] = contribution
            }
        }
    }
    return leaves.map { leaf in
        leaf.node.flatMap { pending[ObjectIdentifier($0)] } ?? .zeros(leaf.shape)
    }
}
