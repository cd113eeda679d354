import Tensors

/// A matrix that is not kept in memory but read whenever it is needed: what gives the constants of a schedule, which are
/// kept in its place.
public struct LazyMatrix: Sendable {
    private let read: @Sendable () -> Tensor
    private let letGo: @Sendable () -> Void

    /// - Parameters:
    ///   - read: gives the matrix; called again and again, from any task.
    ///   - letGo: called when a matrix that was read is no longer needed.
    public init(_ read: @escaping @Sendable () -> Tensor, letGo: @escaping @Sendable () -> Void = {}) {
        self.read = read
        self.letGo = letGo
    }

    /// Calls `body` with the matrix.
    func withTensor<Result>(_ body: (Tensor) throws -> Result) rethrows -> Result {
        defer { letGo() }
        return try body(read())
    }
}
