import CKernels
import Foundation
import Tensors

extension Benchmark {
    /// Memory read once from end to end, all threads at once: `peak.memory`.
    public static func memory(_ block: MemoryBlock) -> Benchmark {
        Benchmark("peak.memory", .peak, precision: nil, work: { Work(bytesRead: block.bytes) }, repeating: { block.read() })
    }

    /// The multiply-and-add instructions of this CPU on registers alone, all threads at once: `peak.float32`, and
    /// `peak.bfloat16` and `peak.int8` where there are such instructions.
    public static func peaks(quick: Bool = false) -> [Benchmark] {
        let level = ck_active_level()
        let rounds = quick ? 20_000 : 400_000
        return [(Precision.float32, CK_F32), (.bfloat16, CK_BF16), (.int8, CK_INT8)].compactMap { precision, type in
            // More jobs than threads: one that wakes late does not hold up the others.
            let jobs = 16 * Machine.threads
            let each = ck_peak(level, type, rounds)
            guard each > 0 else { return nil }
            return Benchmark(
                "peak.\(precision.rawValue)", .peak, precision: precision, gigaflops: each * Double(jobs) / 1e9
            ) {
                let clock = ContinuousClock()
                let start = clock.now
                parallelFor(jobs) { _ in _ = ck_peak(level, type, rounds) }
                return ((clock.now - start) / .seconds(1), nil)
            }
        }
    }
}
