import Foundation
import Tensors
import TestSupport
import Testing

/// Attention of one sequence to another, and parts of packed maps.
@Suite struct CrossAttentionTests {
    @Test func attentionToAnotherSequence() {
        let (batch, queries, keys, heads, dimension) = (2, 5, 3, 2, 4)
        let width = heads * dimension
        let q = Tensor.normal([batch, queries, width], seed: 1)
        let (k, v) = (Tensor.normal([batch, keys, width], seed: 2), Tensor.normal([batch, keys, width], seed: 3))
        let found = Tensor.attention(queries: q, keys: k, values: v, heads: heads, scale: 0.5).values
        func at(_ x: Tensor, _ b: Int, _ row: Int, _ channel: Int) -> Double {
            Double(x.values[(b * x.shape[1] + row) * width + channel])
        }
        for b in 0..<batch {
            for h in 0..<heads {
                for i in 0..<queries {
                    let scores = (0..<keys).map { j in
                        exp(0.5 * (0..<dimension).reduce(0) { $0 + at(q, b, i, h * dimension + $1) * at(k, b, j, h * dimension + $1) })
                    }
                    for c in 0..<dimension {
                        let channel = h * dimension + c
                        let expected = (0..<keys).reduce(0) { $0 + scores[$1] * at(v, b, $1, channel) } / scores.reduce(0, +)
                        #expect(abs(Double(found[(b * queries + i) * width + channel]) - expected) < 1e-5)
                    }
                }
            }
        }
        expectGradient([q, k, v]) { .attention(queries: $0[0], keys: $0[1], values: $0[2], heads: heads, scale: 0.5) }
    }

    /// Parts that begin with a panel share the whole's memory, others are cut from its product; both give its columns.
    @Test(arguments: [Precision.float32, .bfloat16, .int8]) func partsOfPackedMaps(_ precision: Precision) {
        let packed = PackedMatrix(.normal([150, 70], seed: 4), as: precision)
        let (x, bias) = (Tensor.normal([3, 70], seed: 5), Tensor.normal([150], seed: 6))
        let whole = x.linear(packed, bias: bias)
        for range in [0..<32, 64..<150, 32..<33, 5..<70, 149..<150, 0..<150] {
            #expect(x.linear(packed, outputs: range, bias: bias).values == whole.sliced(axis: 1, range).values, "\(range)")
        }
    }
}
