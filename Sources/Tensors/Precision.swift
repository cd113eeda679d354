import CKernels
import COpenBLAS
import Foundation

/// The type that matrix products are computed in. Sums and everything else are float32 always.
public enum Precision: String, Sendable, Codable, CaseIterable {
    case float32
    /// Operands rounded to bfloat16, where the CPU has the instruction; float32 elsewhere.
    case bfloat16
    /// Weights as 8-bit integers with a scale for each output, activations rounded to 8 bits row by row. Products of two
    /// activations, as in attention, are bfloat16.
    case int8

    /// The precision of products on this task, float32 unless changed with `$current.withValue`.
    @TaskLocal public static var current: Precision = .float32

    /// What this package's own models are served in where nobody says: bfloat16 where the CPU has the instruction, which
    /// changes no picture visibly, else float32.
    public static var preferred: Precision { bfloat16.isAccelerated ? .bfloat16 : .float32 }

    /// Whether this CPU has kernels of its own for the precision.
    public var isAccelerated: Bool {
        switch self {
        case .float32: true
        case .bfloat16: ck_gemm_has(activeLevel, CK_BF16)
        #if arch(x86_64)
        case .int8: activeLevel.rawValue >= CK_AVX2.rawValue
        #else
        case .int8: false
        #endif
        }
    }

    /// The type of products of two tensors.
    var kernelType: ck_type { self != .float32 && ck_gemm_has(activeLevel, CK_BF16) ? CK_BF16 : CK_F32 }
}

/// Whether this level's own float32 kernels are faster than OpenBLAS's.
private var hasOwnProducts: Bool {
    #if arch(x86_64)
    activeLevel.rawValue >= CK_AVX2.rawValue
    #else
    false
    #endif
}

let productsUseOpenBLAS: Bool = {
    switch ProcessInfo.processInfo.environment["FLOWTOK_BLAS"] {
    case "own": false
    case "openblas": cob_load()
    default: !hasOwnProducts && cob_load()
    }
}()

/// Rows of the longer side that one call to OpenBLAS takes: fixed, so that results do not depend on the threads.
private let blasRows = 256

/// C[m×n] = beta·C + op(A)·op(B) + bias, row-major; `bias` has n values.
func product(
    _ transposeA: Bool, _ transposeB: Bool, _ m: Int, _ n: Int, _ k: Int, _ a: UnsafePointer<Float>, _ lda: Int,
    _ b: UnsafePointer<Float>, _ ldb: Int, beta: Float = 0, _ c: UnsafeMutablePointer<Float>, _ ldc: Int,
    bias: UnsafePointer<Float>? = nil
) {
    guard m > 0, n > 0 else { return }
    let type = Precision.current.kernelType
    guard type == CK_F32, productsUseOpenBLAS, k > 0 else {
        ck_gemm(activeLevel, type, transposeA, transposeB, m, n, k, a, lda, b, ldb, beta, c, ldc, bias)
        return
    }
    if m >= n {
        inPieces(m, of: blasRows) { start, rows in
            cob_sgemm(
                transposeA, transposeB, rows, n, k, a + (transposeA ? start : start * lda), lda, b, ldb, beta,
                c + start * ldc, ldc)
        }
    } else {
        inPieces(n, of: blasRows) { start, columns in
            cob_sgemm(
                transposeA, transposeB, m, columns, k, a, lda, b + (transposeB ? start * ldb : start), ldb, beta,
                c + start, ldc)
        }
    }
    if let bias {
        inRows(m, width: n) { start, rows in
            for row in start..<start + rows { kernels.add(c + row * ldc, c + row * ldc, bias, n) }
        }
    }
}
