import CKernels
import COpenBLAS
import Tensors
import TestSupport
import Testing

/// The matrix products of every level and type against products in double. Errors are relative to the sum of the
/// magnitudes of what is added up: 1e-6 in float32; the same in bfloat16 against operands that were rounded before.
@Suite struct MatrixProductKernelTests {
    static let transpositions = [(false, false), (false, true), (true, false), (true, true)]

    /// Shapes with no rows, columns or depth, tails of every tile, and several blocks of depth.
    private static let shapes: [(m: Int, n: Int, k: Int)] = [
        (0, 5, 3), (5, 0, 3), (5, 3, 0), (1, 1, 1), (1, 33, 7), (14, 32, 2), (15, 31, 3), (6, 16, 9), (7, 17, 8),
        (4, 15, 1), (28, 64, 65), (29, 65, 64), (1, 1, 1030), (3, 100, 513), (130, 97, 600), (33, 200, 257),
    ]

    @Test(arguments: [CK_F32.rawValue, CK_BF16.rawValue], transpositions)
    func everyLevel(type: UInt32, transposition: (Bool, Bool)) {
        var random = CounterRandom(seed: 7, stream: UInt64(type))
        let more = (0..<12).map { _ in
            (m: random.integer(in: 1...70), n: random.integer(in: 1...70), k: random.integer(in: 1...90))
        }
        for (index, shape) in (Self.shapes + more).enumerated() {
            let problem = ProductProblem(
                shape, transposition, adds: index % 2 == 1, biased: index % 3 == 1, random: &random)
            for level in machineLevels {
                let level = ck_level(rawValue: level)
                let type = ck_type(rawValue: type)
                let expected = problem.expected(rounded: type == CK_BF16 && ck_gemm_has(level, type))
                for serial in [false, true] {
                    let c = problem.memory()
                    if serial {
                        let bytes = ck_gemm_scratch(level, type, shape.m, shape.n, shape.k)
                        let scratch = ck_allocate(bytes)
                        ck_gemm_serial(
                            level, type, transposition.0, transposition.1, shape.m, shape.n, shape.k, problem.a.base,
                            problem.lda, problem.b.base, problem.ldb, problem.beta, c.base, problem.ldc,
                            problem.bias?.base, scratch)
                        ck_free(scratch, bytes)
                    } else {
                        ck_gemm(
                            level, type, transposition.0, transposition.1, shape.m, shape.n, shape.k, problem.a.base,
                            problem.lda, problem.b.base, problem.ldb, problem.beta, c.base, problem.ldc,
                            problem.bias?.base)
                    }
                    if let fault = problem.fault(c, expected, within: 1e-6) {
                        Issue.record("level \(level.rawValue), \(shape)\(serial ? ", serial" : ""): \(fault)")
                    }
                }
            }
        }
    }

    @Test(.enabled(if: cob_load(), "OpenBLAS cannot be loaded"), arguments: transpositions)
    func openBLAS(transposition: (Bool, Bool)) {
        var random = CounterRandom(seed: 8)
        for (index, shape) in Self.shapes.enumerated() where shape.m > 0 && shape.n > 0 && shape.k > 0 {
            let problem = ProductProblem(shape, transposition, adds: index % 2 == 1, biased: false, random: &random)
            let c = problem.memory()
            cob_sgemm(
                transposition.0, transposition.1, shape.m, shape.n, shape.k, problem.a.base, problem.lda,
                problem.b.base, problem.ldb, problem.beta, c.base, problem.ldc)
            if let fault = problem.fault(c, problem.expected(rounded: false), within: 1e-6) {
                Issue.record("\(shape): \(fault)")
            }
            let own = problem.memory()
            ck_gemm(
                ck_active_level(), CK_F32, transposition.0, transposition.1, shape.m, shape.n, shape.k, problem.a.base,
                problem.lda, problem.b.base, problem.ldb, problem.beta, own.base, problem.ldc, nil)
            let difference = zip(c.values, own.values).map { $0.isNaN && $1.isNaN ? 0 : abs($0 - $1) }.max() ?? 0
            #expect(difference < 1e-5 * Float(shape.k), "\(shape): OpenBLAS and the own kernels differ by \(difference)")
        }
    }

    @Test func reducedPrecisionKeepsNaN() {
        let a = Guarded([.nan, 1, 2, 3])
        let b = Guarded([1, 2, 3, 4])
        for level in machineLevels {
            let c = Guarded(count: 4)
            ck_gemm(ck_level(rawValue: level), CK_BF16, false, false, 2, 2, 2, a.base, 2, b.base, 2, 0, c.base, 2, nil)
            let values = c.values
            #expect(values[0].isNaN && values[1].isNaN && values[2] == 11 && values[3] == 16)
        }
    }
}

/// One random product with padded rows.
struct ProductProblem {
    let m, n, k, lda, ldb, ldc: Int
    let transposition: (Bool, Bool)
    let beta: Float
    let a, b: Guarded
    let bias: Guarded?
    private let start: [Float]

    init(
        _ shape: (m: Int, n: Int, k: Int), _ transposition: (Bool, Bool), adds: Bool, biased: Bool,
        random: inout CounterRandom
    ) {
        (m, n, k) = shape
        self.transposition = transposition
        let paddings = (0..<3).map { _ in random.integer(in: 0...5) }
        lda = (transposition.0 ? m : k) + paddings[0]
        ldb = (transposition.1 ? k : n) + paddings[1]
        ldc = n + paddings[2]
        beta = adds ? 1 : 0
        a = Guarded(random.normals((transposition.0 ? k : m) * lda))
        b = Guarded(random.normals((transposition.1 ? n : k) * ldb))
        bias = biased ? Guarded(random.normals(n)) : nil
        let (width, stride) = (n, ldc)
        let values = random.normals(m * ldc)
        // The padding of rows must stay NaN, and so must nothing else when the product is added to what is there.
        start = values.indices.map { $0 % max(stride, 1) < width && adds ? values[$0] : .nan }
    }

    func memory() -> Guarded { Guarded(start) }

    /// The result in double and the sum of the magnitudes of its terms.
    func expected(rounded: Bool) -> (values: [Double], sizes: [Double]) {
        func wide(_ values: [Float]) -> [Double] {
            values.map { value in
                guard rounded else { return Double(value) }
                let raw = value.bitPattern
                return Double(Float(bitPattern: (raw + 0x7FFF + (raw >> 16 & 1)) & 0xFFFF_0000))
            }
        }
        let (left, right) = (wide(a.values), wide(b.values))
        let offsets = bias?.values
        let (stepA, stepB) = (transposition.0 ? lda : 1, transposition.1 ? 1 : ldb)
        var values = [Double](repeating: 0, count: m * n)
        var sizes = values
        for i in 0..<m {
            for j in 0..<n {
                var sum = Double(offsets?[j] ?? 0) + (beta == 1 ? Double(start[i * ldc + j]) : 0)
                var size = 1 + abs(sum)
                var (x, y) = (transposition.0 ? i : i * lda, transposition.1 ? j * ldb : j)
                for _ in 0..<k {
                    let term = left[x] * right[y]
                    sum += term
                    size += abs(term)
                    x += stepA
                    y += stepB
                }
                values[i * n + j] = sum
                sizes[i * n + j] = size
            }
        }
        return (values, sizes)
    }

    func fault(_ c: Guarded, _ expected: (values: [Double], sizes: [Double]), within tolerance: Double) -> String? {
        guard c.isIntact else { return "wrote outside the matrix" }
        let values = c.values
        for i in 0..<m {
            for j in 0..<ldc {
                let value = values[i * ldc + j]
                guard j < n else {
                    if !value.isNaN { return "wrote into the padding of row \(i)" }
                    continue
                }
                let at = i * n + j
                guard abs(Double(value) - expected.values[at]) <= tolerance * expected.sizes[at] else {
                    return "c[\(i), \(j)] is \(value), expected \(expected.values[at])"
                }
            }
        }
        return nil
    }
}
