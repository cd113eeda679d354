/// One recorded operation, or a leaf whose gradient was asked for.
public final class GradientNode: @unchecked Sendable {
    let parents: [GradientNode?]
    /// From the gradient of the output to the gradients of the parents, in order; nil where a parent has no node.
    let pullback: (Tensor) -> [Tensor?]

    init(parents: [GradientNode?], pullback: @escaping (Tensor) -> [Tensor?]) {
        self.parents = parents
        self.pullback = pullback
    }
}
