import Tensors

/// A matrix that is not kept in memory but read whenever it is needed: what gives the constants of a schedule, which are
/// kept in its place.
public struct LazyMatrix: Sendable {
    private let read: @Sendable () -> Tensor
    private let release: @Sendable () -> Void

    /// - Parameters:
    ///   - read: gives the matrix; called again and again, from any task.
    ///   - release: called when a matrix that was read is no longer needed.
    public init(_ read: @escaping @Sendable () -> Tensor, release: @escaping @Sendable () -> Void = {}) {
        self.read = read
        self.release = release
    }

    /// Calls `body` with the matrix.
    func withTensor<Result>(_ body: (Tensor) throws -> Result) rethrows -> Result {
        defer { release() }
        return try body(read())
    }
}
