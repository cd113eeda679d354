import CKernels
import Tensors
import Testing

@Suite struct RotationTests {
    private func table() -> RotaryTable {
        var random = CounterRandom(seed: 21)
        return RotaryTable(
            cosines: .randomNormal([3, 8], using: &random), sines: .randomNormal([3, 8], using: &random))
    }

    @Test func inPlaceWhereNobodyElseHoldsTheValues() {
        var random = CounterRandom(seed: 22)
        let original = Tensor.randomNormal([2, 5, 3 * 2 * 8], using: &random)
        let before = original.values
        let expected = original.rotatingQueriesAndKeys(table(), heads: 2)
        var shared = original
        shared.rotateQueriesAndKeys(table(), heads: 2)
        #expect(shared.values == expected.values && original.values == before)
        var own = Tensor(before, shape: original.shape)
        own.rotateQueriesAndKeys(table(), heads: 2)
        #expect(own.values == expected.values && own.values != before)
    }

    @Test func aRecordedStepKeepsItsInput() {
        var random = CounterRandom(seed: 23)
        let leaf = Tensor.randomNormal([1, 4, 3 * 8], using: &random).requiringGradient
        var x = leaf * 2
        x.rotateQueriesAndKeys(table(), heads: 1)
        #expect(x.isRecorded)
        let gradient = gradients(of: x.sum(), withRespectTo: [leaf])[0]
        #expect(gradient.norm > 0)
    }
}

@Suite struct PeakTests {
    @Test func everyLevelHasItsInstructions() {
        for level in machineLevels {
            let level = ck_level(rawValue: level)
            #expect(ck_peak(level, CK_F32, 10) > 0)
            #expect((ck_peak(level, CK_BF16, 10) > 0) == (level.rawValue >= CK_AVX512_BF16.rawValue))
            #expect((ck_peak(level, CK_INT8, 10) > 0) == (level.rawValue >= CK_AVX512_VNNI.rawValue))
        }
    }
}
