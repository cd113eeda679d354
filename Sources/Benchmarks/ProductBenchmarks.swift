import COpenBLAS
import Tensors

extension Benchmark {
    /// Products of the sizes that the networks have. `gemm.PRECISION.ROWSxOUTPUTSxINPUTS` has packed weights, as inference
    /// does; `gemm.loose.…` packs both sides for every product, as training does; `gemm.openblas.…` is OpenBLAS's.
    public static func products(_ precisions: [Precision], quick: Bool = false) -> [Benchmark] {
        let shapes =
            quick
            ? [(14, 64, 96)]
            : [(154, 4608, 1152), (154, 1152, 4608), (154, 3456, 1152), (410, 5460, 1024), (77, 1152, 1152)]
        var benchmarks: [Benchmark] = []
        for (rows, outputs, inputs) in shapes {
            var random = CounterRandom(seed: 1)
            let x = Tensor.randomNormal([rows, inputs], using: &random)
            let weight = Tensor.randomNormal([outputs, inputs], using: &random)
            let bias = Tensor.randomNormal([outputs], using: &random)
            let form = "\(rows)x\(outputs)x\(inputs)"
            let gigaflops = 2e-9 * Double(rows) * Double(outputs) * Double(inputs)
            for precision in precisions {
                let packed = PackedMatrix(weight, as: precision)
                benchmarks.append(
                    Benchmark("gemm.\(precision.rawValue).\(form)", .gemm, precision: precision, gigaflops: gigaflops) {
                        _ = x.linear(packed, bias: bias)
                    })
            }
            for precision in precisions where precision != .int8 {
                benchmarks.append(
                    Benchmark("gemm.loose.\(precision.rawValue).\(form)", .gemm, precision: precision, gigaflops: gigaflops) {
                        Precision.$current.withValue(precision) { _ = x.linear(weight, bias: bias) }
                    })
            }
            guard precisions.contains(.float32), Machine.openBLAS.problem == nil else { continue }
            benchmarks.append(
                Benchmark("gemm.openblas.\(form)", .gemm, precision: .float32, gigaflops: gigaflops) {
                    _ = openBLASProduct(x, weight, rows, outputs, inputs)
                })
        }
        return benchmarks
    }
}

/// x Wᵀ by OpenBLAS, whose calls are single-threaded: the outputs are divided among the pool's threads.
private func openBLASProduct(_ x: Tensor, _ weight: Tensor, _ rows: Int, _ outputs: Int, _ inputs: Int) -> Tensor {
    let share = (outputs + 2 * Machine.threads - 1) / (2 * Machine.threads)
    return Tensor(uninitialized: [rows, outputs]) { buffer in
        guard let out = buffer.baseAddress else { return }
        x.withUnsafeBufferPointer { x in
            weight.withUnsafeBufferPointer { weight in
                guard let x = x.baseAddress, let weight = weight.baseAddress else { return }
                nonisolated(unsafe) let (left, right, product) = (x, weight, out)
                parallelFor((outputs + share - 1) / share) { index in
                    let first = index * share
                    cob_sgemm(
                        false, true, rows, min(share, outputs - first), inputs, left, inputs, right + first * inputs, inputs,
                        0, product + first, outputs)
                }
            }
        }
    }
}
