import Tensors
import TestSupport
import Testing

/// Linear maps, matrix products, convolutions and attention against finite differences.
@Suite struct ProductGradientTests {
    @Test func linearMaps() {
        let (w, b) = (Tensor.normal([4, 3], seed: 1), Tensor.normal([4], seed: 2))
        expectGradient([.normal([5, 3], seed: 3), w, b]) { $0[0].linear($0[1], bias: $0[2]) }
        expectGradient([.normal([2, 3, 3], seed: 3), w, b]) { $0[0].linear($0[1], bias: $0[2]) }
        expectGradient([.normal([3], seed: 3), w]) { $0[0].linear($0[1]) }
    }

    @Test func linearMapsByPlace() {
        let x = Tensor.normal([4, 3, 5], seed: 1)
        let weights = (0..<3).map { Tensor.normal([2, 5], seed: 2 + UInt64($0)) }
        let biases = (0..<3).map { Tensor.normal([2], seed: 7 + UInt64($0)) }
        let alone = (0..<3).map { x.sliced(axis: 1, $0..<$0 + 1).linear(weights[$0], bias: biases[$0]) }
        let together = x.linear(byPlace: weights, biases: biases)
        #expect(together.shape == [4, 3, 2])
        #expect(zip(together.values, Tensor.concatenated(alone, axis: 1).values).allSatisfy { abs($0 - $1) < 1e-5 })
        expectGradient([x] + weights + biases) { $0[0].linear(byPlace: Array($0[1..<4]), biases: Array($0[4...])) }
        #expect(Tensor.zeros([0, 3, 5]).linear(byPlace: weights, biases: biases).shape == [0, 3, 2])
    }

    @Test func linearMapsOfNothing() {
        let w = Tensor.normal([4, 3], seed: 1)
        #expect(Tensor.zeros([0, 3]).linear(w).shape == [0, 4])
        let bias = Tensor([1, 2], shape: [2])
        #expect(Tensor.zeros([3, 0]).linear(.zeros([2, 0]), bias: bias).values == [1, 2, 1, 2, 1, 2])
        #expect(Tensor.zeros([2, 0]).linear(.zeros([2, 0])).values == [0, 0, 0, 0])
        #expect(Tensor.zeros([2, 0]).matrixProduct(.zeros([0, 3])).values == [0, 0, 0, 0, 0, 0])
    }

    @Test(arguments: MatrixProductKernelTests.transpositions)
    func matrixProducts(transposition: (Bool, Bool)) {
        let a = Tensor.normal(transposition.0 ? [3, 5] : [5, 3], seed: 4)
        let b = Tensor.normal(transposition.1 ? [4, 3] : [3, 4], seed: 5)
        expectGradient([a, b]) {
            $0[0].matrixProduct($0[1], transposed: transposition.0, otherTransposed: transposition.1)
        }
        let straight = (transposition.0 ? a.permuted(1, 0) : a)
            .matrixProduct(transposition.1 ? b.permuted(1, 0) : b)
        let product = a.matrixProduct(b, transposed: transposition.0, otherTransposed: transposition.1)
        #expect(product.shape == [5, 4])
        #expect(zip(product.values, straight.values).allSatisfy { abs($0 - $1) < 1e-5 })
    }

    @Test func matrixTimesItself() {
        expectGradient([.normal([3, 3], seed: 6)]) { $0[0].matrixProduct($0[0], otherTransposed: true) }
        expectGradient([.normal([3, 3], seed: 6)]) { $0[0].matrixProduct($0[0]) }
    }

    @Test func convolutions() {
        expectGradient([.normal([2, 2, 4, 3], seed: 7), .normal([3, 2, 3, 3], seed: 8), .normal([3], seed: 9)]) {
            $0[0].convolved3x3($0[1], bias: $0[2])
        }
        expectGradient([.normal([1, 1, 1, 1], seed: 7), .normal([1, 1, 3, 3], seed: 8), .normal([1], seed: 9)]) {
            $0[0].convolved3x3($0[1], bias: $0[2])
        }
        expectGradient([.normal([1, 3, 2, 5], seed: 7), .normal([3, 3, 3, 3], seed: 8), .normal([3], seed: 9)]) {
            $0[0].convolved3x3($0[1], bias: $0[2])
        }
    }

    @Test(arguments: [false, true])
    func attention(causal: Bool) {
        expectGradient([.normal([2, 4, 3 * 6], seed: 10)]) { $0[0].selfAttention(heads: 2, causal: causal) }
        expectGradient([.normal([1, 5, 3 * 4], seed: 11)]) { $0[0].selfAttention(heads: 1, causal: causal) }
        expectGradient([.normal([1, 1, 3 * 4], seed: 12)]) { $0[0].selfAttention(heads: 4, causal: causal) }
    }

    @Test(arguments: [AttentionMask.full, .causal, .prefix(2), .prefix(9)])
    func attentionOfSeparateMaps(mask: AttentionMask) {
        let (q, k, v) = (Tensor.normal([2, 4, 6], seed: 21), Tensor.normal([2, 4, 6], seed: 22), Tensor.normal([2, 4, 6], seed: 23))
        expectGradient([q, k, v]) {
            Tensor.attention(queries: $0[0], keys: $0[1], values: $0[2], heads: 2, scale: 0.7, mask: mask)
        }
        expectGradient([.normal([1, 3, 4], seed: 24), .normal([1, 5, 4], seed: 25), .normal([1, 5, 4], seed: 26)]) {
            Tensor.attention(queries: $0[0], keys: $0[1], values: $0[2], heads: 1, scale: 0.5, mask: mask)
        }
    }

    @Test func separateMapsAreThePackedProduct() {
        let packed = Tensor.normal([2, 70, 3 * 8], seed: 27)
        let parts = (0..<3).map { packed.sliced(axis: 2, $0 * 8..<($0 + 1) * 8) }
        for (mask, causal) in [(AttentionMask.full, false), (.causal, true)] {
            let found = Tensor.attention(
                queries: parts[0], keys: parts[1], values: parts[2], heads: 2, scale: 0.5, mask: mask)
            #expect(found.values == packed.selfAttention(heads: 2, causal: causal).values)
        }
        // Tokens of a prefix do as if there were no others; what comes after is causal.
        let masked = Tensor.attention(queries: parts[0], keys: parts[1], values: parts[2], heads: 2, scale: 0.5, mask: .prefix(40))
        let alone = parts.map { $0.sliced(axis: 1, 0..<40) }
        let prefix = Tensor.attention(queries: alone[0], keys: alone[1], values: alone[2], heads: 2, scale: 0.5)
        let causal = packed.selfAttention(heads: 2, causal: true)
        #expect(masked.sliced(axis: 1, 0..<40).values == prefix.values)
        #expect(masked.sliced(axis: 1, 40..<70).values == causal.sliced(axis: 1, 40..<70).values)
    }

    @Test func causalAttentionSeesNothingLater() {
        let x = Tensor.normal([1, 4, 12], seed: 13)
        var values = x.values
        for i in 36..<48 { values[i] += 1 }
        let (before, after) = (
            x.selfAttention(heads: 2, causal: true), Tensor(values, shape: x.shape).selfAttention(heads: 2, causal: true)
        )
        #expect(before.values.prefix(12) == after.values.prefix(12))
        #expect(before.values.suffix(4) != after.values.suffix(4))
        // The first token attends to itself alone.
        #expect(zip(before.values.prefix(4), x.values[8..<12]).allSatisfy { abs($0 - $1) < 1e-6 })
    }

    @Test func rotaryEmbedding() {
        let angles: [Float] = [0, 0, 0.3, 0.3, 1, 1, -2, -2, 0.5, 0.5, 2.5, 2.5]
        let table = RotaryTable(
            cosines: Tensor(angles.map { cosine($0) }, shape: [3, 4]), sines: Tensor(angles.map { sine($0) }, shape: [3, 4]))
        let x = Tensor.normal([2, 4, 3 * 8], seed: 14)
        expectGradient([x]) { $0[0].rotatingQueriesAndKeys(table, heads: 2) }
        let turned = x.rotatingQueriesAndKeys(table, heads: 2).reshaped([2, 4, 3, 8])
        let still = x.reshaped([2, 4, 3, 8])
        // Values stay, and so does the token that has no position in the table.
        #expect(turned.sliced(axis: 2, 2..<3).values == still.sliced(axis: 2, 2..<3).values)
        #expect(turned.sliced(axis: 1, 3..<4).values == still.sliced(axis: 1, 3..<4).values)
        #expect(turned.values != still.values)
    }
}
