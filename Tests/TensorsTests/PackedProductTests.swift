import CKernels
import Tensors
import TestSupport
import Testing

/// Products with packed weights at every level: against double for float32 and for bfloat16 operands that were rounded
/// before; int8 against the same integers multiplied in double, and within a per cent of the true product.
@Suite struct PackedProductTests {
    private static let shapes: [(m: Int, n: Int, k: Int)] = [
        (0, 5, 3), (1, 1, 1), (1, 33, 7), (14, 32, 4), (15, 31, 3), (29, 65, 1030), (130, 97, 600), (3, 100, 0),
        // Rows whose distance would put them all into one set of a cache.
        (17, 40, 512), (30, 70, 2048),
        // Few rows, which have tiles of their own over several whole panels at a time.
        (1, 160, 9), (2, 300, 1300), (2, 128, 0),
    ]

    private func rounded(_ value: Float) -> Double {
        var half: UInt16 = 0
        withUnsafePointer(to: value) { ck_bf16_from_f32(&half, $0, 1) }
        return Double(Float(bitPattern: UInt32(half) << 16))
    }

    @Test(arguments: [CK_F32.rawValue, CK_BF16.rawValue, CK_INT8.rawValue])
    func everyLevel(type: UInt32) {
        let type = ck_type(rawValue: type)
        var random = CounterRandom(seed: 17, stream: UInt64(type.rawValue))
        for (m, n, k) in Self.shapes {
            let a = (0..<m * k).map { _ in random.normal() }
            let w = (0..<n * k).map { _ in random.normal() }
            let bias = (0..<n).map { _ in random.normal() }
            let packed = ck_allocate(max(1, ck_packed_bytes(type, n, k)))
            defer { ck_free(packed, max(1, ck_packed_bytes(type, n, k))) }
            var scales = [Float](repeating: 0, count: n)
            var sums = [Int32](repeating: 0, count: n)
            ck_pack(type, n, k, CK_F32, w, packed, &scales, &sums)
            // Int8 steps: a 127th of the largest value of each row.
            let steps = (0..<m).map { i in (a[i * k..<i * k + k].map { abs($0) }.max() ?? 0) / 127 }
            for level in machineLevels {
                var c = [Float](repeating: .nan, count: m * n + 1)
                scales.withUnsafeBufferPointer { scales in
                    sums.withUnsafeBufferPointer { sums in
                        var weights = ck_packed(
                            type: type, outputs: n, inputs: k, data: packed, scales: scales.baseAddress,
                            sums: sums.baseAddress)
                        ck_gemm_packed(ck_level(rawValue: level), m, a, k, &weights, &c, n, bias)
                    }
                }
                #expect(c[m * n].isNaN, "written past the end")
                for i in 0..<m {
                    for j in 0..<n {
                        var exact = Double(bias[j])
                        var magnitude = abs(exact)
                        for x in 0..<k {
                            let term: Double
                            switch type {
                            case CK_BF16: term = rounded(a[i * k + x]) * rounded(w[j * k + x])
                            case CK_INT8:
                                let left = steps[i] > 0 ? (Double(a[i * k + x]) / Double(steps[i])).rounded(.toNearestOrEven) : 0
                                let right = scales[j] > 0 ? (Double(w[j * k + x]) / Double(scales[j])).rounded(.toNearestOrEven) : 0
                                term = left * right * Double(steps[i]) * Double(scales[j])
                            default: term = Double(a[i * k + x]) * Double(w[j * k + x])
                            }
                            exact += term
                            magnitude += abs(term)
                        }
                        // A value halfway between two integers may round either way.
                        let allowed =
                            type == CK_INT8
                            ? 1e-5 * magnitude + 4 * Double(steps[i]) * Double(scales[j]) * 127 : 1e-6 * magnitude
                        let error = abs(Double(c[i * n + j]) - exact)
                        if error > allowed {
                            Issue.record("level \(level), \(m)×\(n)×\(k) at \(i), \(j): \(c[i * n + j]) for \(exact)")
                            return
                        }
                    }
                }
            }
        }
    }

    @Test(arguments: Precision.allCases, [(64, 96), (33, 259), (5, 70), (130, 1031)])
    func valuesOfBFloat16ArePackedAsTheyLie(_ precision: Precision, size: (Int, Int)) throws {
        var random = CounterRandom(seed: 19)
        let (n, k) = size
        let halves = (0..<n * k).map { _ in UInt16(truncatingIfNeeded: random.normal().bitPattern >> 16) }
        let tensor = Tensor(halves.map { Float(bitPattern: UInt32($0) << 16) }, shape: [n, k])
        let expected = PackedMatrix(tensor, as: precision)
        // At an odd address.
        let bytes = [UInt8(0)] + halves.withUnsafeBytes { Array($0) }
        try bytes.withUnsafeBytes { bytes in
            let lying = UnsafeRawBufferPointer(rebasing: bytes[1...])
            let found = try #require(PackedMatrix(outputs: n, inputs: k, bfloat16: lying, as: precision))
            #expect(expected.withBytes { Array($0) } == found.withBytes { Array($0) })
            #expect(expected.factors.scales == found.factors.scales && expected.factors.sums == found.factors.sums)
            #expect(PackedMatrix(outputs: n, inputs: k + 1, bfloat16: lying, as: precision) == nil)
            #expect(!lying.hasNonFiniteBFloat16)
        }
        var broken = halves
        broken[n * k - 1] = 0x7f80
        #expect(broken.withUnsafeBytes { $0.hasNonFiniteBFloat16 })
    }

    @Test func resultsDoNotDependOnTheThreads() {
        var random = CounterRandom(seed: 18)
        let (m, n, k) = (77, 500, 384)
        let a = (0..<m * k).map { _ in random.normal() }
        let w = (0..<n * k).map { _ in random.normal() }
        let before = Machine.threads
        defer { Machine.threads = before }
        for type in [CK_F32, CK_BF16, CK_INT8] {
            let packed = ck_allocate(ck_packed_bytes(type, n, k))
            defer { ck_free(packed, ck_packed_bytes(type, n, k)) }
            var scales = [Float](repeating: 0, count: n)
            var sums = [Int32](repeating: 0, count: n)
            ck_pack(type, n, k, CK_F32, w, packed, &scales, &sums)
            let results = [1, 2, 5].map { threads in
                Machine.threads = threads
                var c = [Float](repeating: 0, count: m * n)
                scales.withUnsafeBufferPointer { scales in
                    sums.withUnsafeBufferPointer { sums in
                        var weights = ck_packed(
                            type: type, outputs: n, inputs: k, data: packed, scales: scales.baseAddress,
                            sums: sums.baseAddress)
                        ck_gemm_packed(ck_cpu_level(), m, a, k, &weights, &c, n, nil)
                    }
                }
                return c
            }
            #expect(results[0] == results[1] && results[1] == results[2])
        }
    }
}

/// What is done to a product while it is in the caches is what is done to it afterwards.
@Suite struct FinishedProductTests {
    @Test(arguments: Precision.allCases)
    func finishingChangesNothing(_ precision: Precision) {
        var random = CounterRandom(seed: 19)
        let (batch, tokens, inputs, outputs) = (3, 7, 40, 77)
        let x = Tensor.randomNormal([batch, tokens, inputs], using: &random)
        let weight = PackedMatrix(.randomNormal([outputs, inputs], using: &random), as: precision)
        let bias = Tensor.randomNormal([outputs], using: &random)
        let residual = Tensor.randomNormal([batch, tokens, outputs], using: &random)
        let gate = Tensor.randomNormal([batch, outputs], using: &random)
        let plain = x.linear(weight, bias: bias)
        for (finished, expected) in [
            (x.linear(weight, bias: bias, activation: .geluTanh), plain.applying(.geluTanh)),
            (x.linear(weight, bias: bias, addedTo: residual), residual + plain),
            (x.linear(weight, bias: bias, addedTo: residual, gate: gate), residual.addingGated(plain, by: gate)),
            (
                x.linear(weight, bias: bias, activation: .silu, addedTo: residual, gate: gate),
                residual.addingGated(plain.applying(.silu), by: gate)
            ),
        ] {
            #expect(finished.shape == expected.shape)
            for (a, b) in zip(finished.values, expected.values) where abs(a - b) > 1e-5 * (1 + abs(b)) {
                Issue.record("\(a) for \(b)")
                return
            }
        }
    }
}
