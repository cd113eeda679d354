import CKernels

/// The memory of a tensor: `count` float32 values, aligned to 64 bytes, written once while the tensor is made and never
/// again, which is what makes sharing it between tasks safe.
final class Storage: @unchecked Sendable {
    let base: UnsafeMutablePointer<Float>
    let count: Int
    /// Keeps alive whatever owns memory that this storage did not allocate.
    private let owner: (any AnyObject & Sendable)?

    init(count: Int) {
        self.count = count
        owner = nil
        base = ck_allocate(max(count, 1) * MemoryLayout<Float>.stride).assumingMemoryBound(to: Float.self)
    }

    /// Borrows memory that `owner` keeps alive, for example a mapped file.
    init(borrowing memory: UnsafePointer<Float>, count: Int, owner: any AnyObject & Sendable) {
        self.count = count
        self.owner = owner
        base = UnsafeMutablePointer(mutating: memory)
    }

    /// Whether the memory was allocated here.
    var isOwner: Bool { owner == nil }

    deinit {
        if owner == nil { ck_free(base, max(count, 1) * MemoryLayout<Float>.stride) }
    }
}
