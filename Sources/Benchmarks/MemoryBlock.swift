import CKernels
import Foundation
import Tensors

/// Far more memory than caches hold, to measure how fast it is read. Written once, so that every page is there.
public final class MemoryBlock: @unchecked Sendable {
    private static let piece = 4 << 20

    private let base: UnsafeMutableRawPointer
    let bytes: Int

    /// - Parameter quick: a little memory, to try benchmarks with.
    public init(quick: Bool = false) {
        bytes = Self.piece * (quick ? 4 : 128)
        base = ck_allocate_kept(bytes)
        memset(base, 1, bytes)
    }

    deinit { ck_free_kept(base) }

    /// Reads it from end to end, all threads at once.
    func read() {
        parallelFor(bytes / Self.piece) { _ = ck_read_memory(base + $0 * Self.piece, Self.piece) }
    }
}
