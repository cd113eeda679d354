import Tensors
import TestSupport
import Testing

/// What is recorded, and how gradients travel through shared and unreached parts.
@Suite struct RecordingTests {
    private let x = Tensor.normal([2, 3], seed: 1)

    @Test func nothingIsRecordedUnasked() {
        let image = Tensor.normal([1, 1, 4, 4], seed: 2)
        let tokens = Tensor.normal([1, 2, 12], seed: 3)
        let row = Tensor.normal([1, 12], seed: 4)
        let table = RotaryTable(cosines: .filled([2, 4], with: 1), sines: .zeros([2, 4]))
        let results = [
            x + x, x - x, x * x, x * 2, x + 1, x.applying(.silu), x.clamped(to: -1...1), x.addingRepeated(x),
            tokens.addingGated(tokens, by: row), tokens.swiGLU(), x.scaledPerSample([1, 2]),
            x.scaledPerChannel([1, 2, 3], plus: [0, 0, 0]), x.reshaped([6]), x.permuted(1, 0), x.sliced(axis: 0, 0..<1),
            .concatenated([x, x], axis: 0), x.repeated(2), image.averagePooled2x2(), image.doubled2x2(), x.rows([0]),
            x.linear(x), x.matrixProduct(x, otherTransposed: true),
            image.convolved3x3(.zeros([1, 1, 3, 3]), bias: .zeros([1])), tokens.selfAttention(heads: 1),
            tokens.rotatingQueriesAndKeys(table, heads: 1), x.layerNormalized(epsilon: 1),
            tokens.modulated(shift: row, scale: row, epsilon: 1), x.softmax(), x.unitRows(), x.sum(), x.mean(),
            x.sumOfSquares(), x.meanAbsolute(), x.meanPerSample(), x.crossEntropy([0, 1]),
        ]
        #expect(results.allSatisfy { $0.node == nil && !$0.isRecorded })
    }

    @Test func detachingStopsTheRecord() {
        let leaf = x.requiringGradient
        #expect(leaf.isRecorded && (leaf * 2).isRecorded && !(leaf * 2).detached.isRecorded && !x.isRecorded)
        let loss = (leaf.detached * leaf).sum()
        #expect(gradients(of: loss, withRespectTo: [leaf])[0].values == x.values)
    }

    @Test func gradientsAreGivenAsSoonAsTheyAreComplete() {
        let (first, second, unused) = (x.requiringGradient, x.requiringGradient, x.requiringGradient)
        // The second leaf is used last, and so complete before the first, which is used again before it.
        let y = first * first
        let loss = (y * second + second).sum()
        var order: [Int] = []
        var found: [Int: Tensor] = [:]
        gradients(of: loss, withRespectTo: [first, second, unused, second, x]) { index, gradient in
            order.append(index)
            found[index] = gradient
        }
        #expect(order.sorted() == [0, 1, 2, 3, 4] && order.last == 0)
        #expect(found[0]?.values == (x * x * 2).values && found[1]?.values == (x * x + 1).values && found[3]?.values == found[1]?.values)
        #expect(found[2]?.values == Tensor.zeros([2, 3]).values && found[4]?.values == found[2]?.values)
        let scalar = Tensor.filled([], with: 3).requiringGradient
        #expect(gradients(of: scalar, withRespectTo: [scalar])[0].item == 1)
    }

    @Test func sharedPartsAddUp() {
        // y is used three times, once by way of another operation: d/dx of y² + 3y with y = 2x.
        let leaf = x.requiringGradient
        let y = leaf * 2
        let loss = (y * y).sum() + (y * 3).sum()
        let slope = gradients(of: loss, withRespectTo: [leaf])[0]
        #expect(zip(slope.values, x.values).allSatisfy { abs($0 - (8 * $1 + 6)) < 1e-5 })
    }

    @Test func aDiamondIsWalkedOnce() {
        // Sixty doublings through shared nodes: a walk along every path would not end.
        let leaf = Tensor(1).requiringGradient
        var y: Tensor = leaf
        for _ in 0..<60 { y = (y + y) * 0.5 }
        #expect(gradients(of: y, withRespectTo: [leaf])[0].item == 1)
    }

    @Test func unreachedLeavesGetZeros() {
        let (a, b) = (x.requiringGradient, Tensor.normal([4], seed: 5).requiringGradient)
        let slopes = gradients(of: a.sum(), withRespectTo: [a, b, x])
        #expect(slopes[0].values == [1, 1, 1, 1, 1, 1])
        #expect(slopes[1].shape == [4] && slopes[1].values == [0, 0, 0, 0])
        #expect(slopes[2].values == [0, 0, 0, 0, 0, 0])
        #expect(gradients(of: x.sum(), withRespectTo: [a])[0].values == [0, 0, 0, 0, 0, 0])
    }

    @Test func aLeafMayBeTheLoss() {
        let leaf = Tensor(3).requiringGradient
        #expect(gradients(of: leaf, withRespectTo: [leaf, leaf]).map(\.item) == [1, 1])
    }

    @Test func partsOutsideTheLossDoNotMatter() {
        let leaf = x.requiringGradient
        let kept = leaf * 2
        _ = kept.applying(.exp)
        #expect(gradients(of: kept.sum(), withRespectTo: [leaf])[0].values == [2, 2, 2, 2, 2, 2])
    }

    @Test func longRecordsAreFreed() {
        // Neither going back through a long chain nor dropping one may exhaust the stack.
        func chain() -> (leaf: Tensor, end: Tensor) {
            let leaf = Tensor(1).requiringGradient
            var end: Tensor = leaf
            for _ in 0..<100_000 { end = end + 1 }
            return (leaf, end)
        }
        _ = chain()
        let (leaf, end) = chain()
        #expect(gradients(of: end, withRespectTo: [leaf])[0].item == 1)
    }
}
