import CKernels
import Foundation
import Tensors
import TestSupport
import Testing

/// Attention and its gradient at every level against the definition in double: 3e-6 in float32; 3e-2 in bfloat16, whose
/// operands have 8 bits.
@Suite struct AttentionKernelTests {
    private struct Shape {
        let batch, heads, queries, keys, dim, padding: Int
        let causal: Bool
        var prefix = 0
    }

    private let shapes = [
        Shape(batch: 1, heads: 1, queries: 1, keys: 1, dim: 1, padding: 0, causal: false),
        Shape(batch: 2, heads: 3, queries: 5, keys: 5, dim: 4, padding: 0, causal: true),
        Shape(batch: 2, heads: 2, queries: 17, keys: 17, dim: 12, padding: 3, causal: true),
        Shape(batch: 1, heads: 2, queries: 7, keys: 19, dim: 9, padding: 5, causal: false),
        Shape(batch: 1, heads: 2, queries: 77, keys: 77, dim: 64, padding: 0, causal: false),
        Shape(batch: 3, heads: 1, queries: 33, keys: 40, dim: 24, padding: 1, causal: true),
        Shape(batch: 2, heads: 2, queries: 21, keys: 21, dim: 8, padding: 2, causal: true, prefix: 9),
        Shape(batch: 1, heads: 1, queries: 130, keys: 130, dim: 16, padding: 0, causal: true, prefix: 70),
        Shape(batch: 1, heads: 2, queries: 5, keys: 7, dim: 8, padding: 0, causal: true, prefix: 40),
    ]

    @Test(arguments: [CK_F32.rawValue, CK_BF16.rawValue])
    func everyLevel(type: UInt32) {
        for (index, shape) in shapes.enumerated() {
            var random = CounterRandom(seed: UInt64(index))
            let width = shape.heads * shape.dim
            let stride = width + shape.padding
            let q = random.normals(shape.batch * shape.queries * stride)
            let (k, v) = (
                random.normals(shape.batch * shape.keys * stride), random.normals(shape.batch * shape.keys * stride)
            )
            let dout = random.normals(shape.batch * shape.queries * width)
            let form = ck_attention(
                batch: shape.batch, heads: shape.heads, queries: shape.queries, keys: shape.keys, dim: shape.dim,
                q_stride: stride, kv_stride: stride, scale: 0.5, causal: shape.causal ? 1 : 0, prefix: shape.prefix)
            let definition = AttentionDefinition(form, q: q, k: k, v: v, dout: dout)
            for level in machineLevels {
                let level = ck_level(rawValue: level)
                let type = ck_type(rawValue: type)
                let tolerance: Float = type == CK_BF16 && ck_gemm_has(level, type) ? 3e-2 : 3e-6
                let inputs = [q, k, v, dout].map { Guarded($0) }
                let out = Guarded(count: dout.count)
                let kept = Guarded(count: dout.count)
                let probabilities = Guarded(count: shape.batch * shape.heads * shape.queries * shape.keys)
                withUnsafePointer(to: form) { form in
                    ck_attention_forward(
                        level, type, form, out.base, nil, inputs[0].base, inputs[1].base, inputs[2].base)
                    ck_attention_forward(
                        level, type, form, kept.base, probabilities.base, inputs[0].base, inputs[1].base,
                        inputs[2].base)
                }
                // Gradients are written beside the padding, which stays.
                let (dq, dk, dv) = (Guarded(count: q.count), Guarded(count: k.count), Guarded(count: v.count))
                withUnsafePointer(to: form) { form in
                    ck_attention_gradient(
                        level, type, form, dq.base, dk.base, dv.base, inputs[3].base, probabilities.base,
                        inputs[0].base, inputs[1].base, inputs[2].base)
                }
                let outputs = [
                    ("out", out, definition.out), ("out", kept, definition.out),
                    ("probabilities", probabilities, definition.probabilities), ("dq", dq, definition.dq),
                    ("dk", dk, definition.dk), ("dv", dv, definition.dv),
                ]
                for (name, memory, expected) in outputs {
                    #expect(memory.isIntact, "\(name) of shape \(index), level \(level.rawValue)")
                    let size = 1 + (expected.map { $0.isNaN ? 0 : abs($0) }.max() ?? 0)
                    let error = zip(memory.values, expected).map { $0.isNaN && $1.isNaN ? 0 : abs(Double($0) - $1) }
                    #expect(
                        error.allSatisfy { $0 <= Double(tolerance) * size },
                        "\(name) of shape \(index), level \(level.rawValue): \(error.max() ?? 0)")
                }
            }
        }
    }

    @Test func nothingToAttendTo() {
        let form = ck_attention(
            batch: 0, heads: 2, queries: 3, keys: 3, dim: 4, q_stride: 24, kv_stride: 24, scale: 1, causal: 0, prefix: 0)
        let memory = Guarded([])
        withUnsafePointer(to: form) {
            ck_attention_forward(ck_active_level(), CK_F32, $0, memory.base, nil, memory.base, memory.base, memory.base)
        }
        #expect(memory.isIntact)
    }
}

/// Attention in double; the gradients have NaN in the padding of their rows.
private struct AttentionDefinition {
    var out, probabilities, dq, dk, dv: [Double]

    init(_ form: ck_attention, q: [Float], k: [Float], v: [Float], dout: [Float]) {
        let (t, s, d) = (form.queries, form.keys, form.dim)
        let width = form.heads * d
        let stride = form.q_stride
        out = [Double](repeating: 0, count: dout.count)
        probabilities = [Double](repeating: 0, count: form.batch * form.heads * t * s)
        func empty(_ values: [Float]) -> [Double] { values.indices.map { $0 % stride < width ? 0 : .nan } }
        (dq, dk, dv) = (empty(q), empty(k), empty(v))
        let scale = Double(form.scale)
        for b in 0..<form.batch {
            for h in 0..<form.heads {
                func at(_ token: Int, _ count: Int) -> Int { (b * count + token) * stride + h * d }
                for i in 0..<t {
                    let seen = form.causal != 0 ? min(max(i + 1, form.prefix), s) : s
                    let scores = (0..<seen).map { j in
                        (0..<d).reduce(0) { $0 + scale * Double(q[at(i, t) + $1]) * Double(k[at(j, s) + $1]) }
                    }
                    let top = scores.max() ?? 0
                    let total = scores.reduce(0) { $0 + exp($1 - top) }
                    let p = scores.map { exp($0 - top) / total }
                    let from = (b * t + i) * width + h * d
                    var dp = [Double](repeating: 0, count: seen)
                    for j in 0..<seen {
                        probabilities[((b * form.heads + h) * t + i) * s + j] = p[j]
                        for c in 0..<d {
                            out[from + c] += p[j] * Double(v[at(j, s) + c])
                            dv[at(j, s) + c] += p[j] * Double(dout[from + c])
                            dp[j] += Double(dout[from + c]) * Double(v[at(j, s) + c])
                        }
                    }
                    let along = zip(p, dp).reduce(0) { $0 + $1.0 * $1.1 }
                    for j in 0..<seen {
                        let slope = scale * p[j] * (dp[j] - along)
                        for c in 0..<d {
                            dq[at(i, t) + c] += slope * Double(k[at(j, s) + c])
                            dk[at(j, s) + c] += slope * Double(q[at(i, t) + c])
                        }
                    }
                }
            }
        }
    }
}
