import CKernels
import COpenBLAS
import Foundation
import Synchronization

/// The element-wise kernels of this CPU.
let kernels: ck_elementwise = ck_elementwise_for(ck_active_level()).pointee

/// The instruction-set level in use.
let activeLevel: ck_level = ck_active_level()

/// What the machine offers and what this process uses of it.
public enum Machine {
    /// The CPU features that the kernels can use, for example `["avx2", "fma", "avx512f"]`.
    public static var cpuFeatures: [String] {
        String(cString: ck_cpu_features()).split(separator: " ").map(String.init)
    }

    /// The kernels in use: `portable`, `avx2`, `avx512`, `vnni`, `bf16` or `amx`. The environment variable `FLOWTOK_KERNELS`
    /// lowers it.
    public static var kernelLevel: String { String(cString: ck_level_name(activeLevel)) }

    /// Why an environment variable that chooses kernels is refused, in one line; nil where it is not set or names one.
    public static var kernelChoiceProblem: String? {
        for (name, known) in [
            ("FLOWTOK_KERNELS", ["portable", "neon", "avx2", "avxvnni", "avx512", "vnni", "bf16", "amx"]),
            ("FLOWTOK_BLAS", ["own", "openblas"]),
        ] {
            guard let wanted = ProcessInfo.processInfo.environment[name], !wanted.isEmpty, !known.contains(wanted) else { continue }
            return "\(name) is \"\(wanted)\", expected one of \(known.joined(separator: ", "))"
        }
        return nil
    }

    /// The name of OpenBLAS's kernels, or the reason why it could not be loaded.
    public static var openBLAS: (core: String, problem: String?) {
        cob_load() ? (String(cString: cob_core_name()), nil) : ("", String(cString: cob_problem()))
    }

    /// Whether float32 products go to OpenBLAS. They do where the package has no kernels of its own that are faster, which is on
    /// arm64 and on x86-64 without AVX2; `FLOWTOK_BLAS=openblas` or `FLOWTOK_BLAS=own` decides otherwise.
    public static var usesOpenBLAS: Bool { productsUseOpenBLAS }

    /// Cores that this process may use (affinity and cgroup quota respected).
    public static var usableCores: Int { Int(ck_usable_cores()) }

    /// Threads that a computation uses, the calling one included; results do not depend on it.
    public static var threads: Int {
        get { Int(ck_thread_count()) }
        set { ck_set_thread_count(Int32(clamping: newValue)) }
    }

    /// Returns memory kept for reuse to the system.
    public static func releaseCachedMemory() { ck_trim() }

    /// Bytes that are kept for reuse.
    package static var cachedBytes: Int { Int(ck_cached_bytes()) }

    /// Returns to the system all memory that nothing uses: that, and what the C library keeps. Takes milliseconds.
    public static func returnMemory() { ck_return_memory() }
}

/// Runs `body` for every index below `count` on the thread pool and returns when all are done.
public func parallelFor(_ count: Int, _ body: (Int) -> Void) {
    guard count > 1 else {
        if count == 1 { body(0) }
        return
    }
    withoutActuallyEscaping(body) { body in
        var box = body
        withUnsafeMutablePointer(to: &box) { pointer in
            ck_parallel(
                count,
                { context, index, _ in
                    context!.assumingMemoryBound(to: ((Int) -> Void).self).pointee(index)
                },
                UnsafeMutableRawPointer(pointer))
        }
    }
}

/// Values in one piece of an element-wise loop: small enough to balance, large enough to pay for the hand-over.
let pieceSize = 16384

/// Runs `body(start, length)` over 0..<count in pieces whose borders do not depend on the number of threads.
@inline(__always)
func inPieces(_ count: Int, of size: Int = pieceSize, _ body: (Int, Int) -> Void) {
    if count <= size {
        if count > 0 { body(0, count) }
        return
    }
    parallelFor((count + size - 1) / size) { piece in
        let start = piece * size
        body(start, min(size, count - start))
    }
}

/// The same over rows of `width` values.
@inline(__always)
func inRows(_ rows: Int, width: Int, _ body: (Int, Int) -> Void) {
    inPieces(rows, of: max(1, pieceSize / max(1, width)), body)
}
