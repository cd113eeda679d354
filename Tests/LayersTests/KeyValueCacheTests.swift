import Layers
import Tensors
import TestSupport
import Testing

/// The cache against attention over whole sequences.
@Suite struct KeyValueCacheTests {
    private struct Shape: CustomTestStringConvertible {
        let rows, heads, dimension: Int
        /// Tokens that are read at a time.
        let parts: [Int]

        var testDescription: String { "\(rows)×\(heads)×\(dimension), \(parts)" }
    }

    private static let shapes = [
        Shape(rows: 1, heads: 1, dimension: 1, parts: [1]),
        Shape(rows: 2, heads: 3, dimension: 12, parts: [2, 1, 1, 3, 1]),
        Shape(rows: 1, heads: 2, dimension: 48, parts: [Int](repeating: 1, count: 37)),
        Shape(rows: 3, heads: 2, dimension: 80, parts: [16, 1, 15, 1, 2]),
        Shape(rows: 2, heads: 2, dimension: 88, parts: [1, 32, 1]),
        Shape(rows: 1, heads: 1, dimension: 64, parts: [1040, 1, 9]),
    ]

    @Test(arguments: shapes.indices)
    func agreesWithFullAttention(_ index: Int) {
        let shape = Self.shapes[index]
        let (width, length) = (shape.heads * shape.dimension, shape.parts.reduce(0, +))
        let layers = 2
        let cache = KeyValueCache(
            layers: layers, rows: shape.rows, heads: shape.heads, headDimension: shape.dimension, capacity: length)
        // A second drawing in the same memory must not see the first.
        for run in 0..<2 {
            cache.removeAll()
            #expect(cache.length == 0)
            let inputs = (0..<layers).map { Tensor.normal([shape.rows, length, 3 * width], seed: UInt64(10 * index + 2 * run + $0)) }
            let whole = inputs.map { $0.selfAttention(heads: shape.heads, causal: true) }
            var start = 0
            for part in shape.parts {
                for layer in 0..<layers {
                    let attended = cache.attention(inputs[layer].sliced(axis: 1, start..<start + part), layer: layer)
                    let expected = whole[layer].sliced(axis: 1, start..<start + part)
                    #expect(attended.shape == expected.shape)
                    #expect(attended.largestDifference(from: expected) < 3e-6, "layer \(layer), tokens from \(start)")
                }
                start += part
                #expect(cache.length == start)
            }
            // What is kept is what was given.
            let (keys, values) = cache.contents(layer: 1)
            let heads = inputs[1].reshaped([shape.rows, length, 3, shape.heads, shape.dimension]).permuted(2, 0, 3, 1, 4)
            #expect(keys.values == heads.sliced(axis: 0, 1..<2).values)
            #expect(values.values == heads.sliced(axis: 0, 2..<3).values)
        }
    }

    @Test func resultsDoNotDependOnThreads() {
        let qkv = Tensor.normal([2, 9, 3 * 4 * 24], seed: 4)
        let threads = Machine.threads
        defer { Machine.threads = threads }
        let results = [1, 3].map { count in
            Machine.threads = count
            return KeyValueCache(layers: 1, rows: 2, heads: 4, headDimension: 24, capacity: 9).attention(qkv, layer: 0).values
        }
        #expect(results[0] == results[1])
    }

    /// The attention block, with norms of its heads, gives the same token by token.
    @Test func cachedBlock() {
        let block = CausalSelfAttention(Weights(FreshWeights(seed: 1)), width: 32, heads: 4, headNorm: 1e-6)
        let x = Tensor.normal([2, 6, 32], seed: 2)
        let whole = block(x)
        let cache = KeyValueCache(layers: 1, rows: 2, heads: 4, headDimension: 8, capacity: 6)
        for token in 0..<6 {
            let step = block(x.sliced(axis: 1, token..<token + 1), cache: cache)
            #expect(step.largestDifference(from: whole.sliced(axis: 1, token..<token + 1)) < 2e-6)
        }
    }

    @Test func bytesAreThoseOfKeysAndValues() {
        let cache = KeyValueCache(layers: 3, rows: 2, heads: 4, headDimension: 16, capacity: 32)
        #expect(cache.byteCount == 3 * 2 * 4 * 2 * 32 * 16 * 4)
    }
}

extension Tensor {
    fileprivate func largestDifference(from other: Tensor) -> Float {
        zip(values, other.values).reduce(0) { max($0, abs($1.0 - $1.1)) }
    }
}
