import Foundation

/// A few threads of their own for images that are decoded and encoded: neither an event loop nor Swift's cooperative threads may
/// be kept busy for that long, and large images are not all to be in memory at once.
enum Offload {
    private static let queue: OperationQueue = {
        let queue = OperationQueue()
        queue.name = "flowtok.images"
        queue.maxConcurrentOperationCount = 2
        return queue
    }()

    static func run<Result: Sendable>(_ work: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            queue.addOperation { continuation.resume(with: Swift.Result { try work() }) }
        }
    }
}
