import Layers
import Networks
import Tensors
import TestSupport
import Testing

/// The nearest code and the losses of a codebook, against their definitions.
@Suite struct VectorQuantizerTests {
    /// A source with one codebook.
    private final class Codes: WeightSource {
        let table: Tensor
        init(_ table: Tensor) { self.table = table }
        func contains(_ name: String) -> Bool { name == "embedding.weight" }
        func tensor(named name: String, shape: [Int], initial: Initializer) -> Tensor { table }
    }

    private func quantizer(_ table: Tensor, isNormalized: Bool = false) -> VectorQuantizer {
        VectorQuantizer(
            Weights(Codes(table)), codes: table.shape[0], size: table.shape[1], commitmentCost: 0.5,
            isNormalized: isNormalized)
    }

    @Test func theFirstOfEqualCodes() {
        let codes = quantizer(Tensor([5, 5, 1, 0, 0, 1, 1, 0], shape: [4, 2]))
        #expect(codes.nearest(Tensor([1, 0, 0, 1, 4, 4], shape: [3, 2])).indices == [1, 2, 0])
    }

    @Test func unitVectorsCompareByAngle() {
        let table = Tensor([10, 0, 0, 0.1], shape: [2, 2])
        let vectors = Tensor([0.1, 5], shape: [1, 2])
        #expect(quantizer(table).nearest(vectors).indices == [1])
        #expect(quantizer(table, isNormalized: true).nearest(Tensor([5, 4], shape: [1, 2])).indices == [0])
        #expect(quantizer(table, isNormalized: true).lookUp([1]).values == [0, 1])
        #expect(quantizer(table).lookUp([1]).values == [0, 0.1])
    }

    @Test(arguments: [false, true])
    func lossesAndTheWayBack(isNormalized: Bool) {
        let table = Tensor.normal([6, 3], seed: 1).requiringGradient
        let vectors = Tensor.normal([2, 4, 3], seed: 2).requiringGradient
        let codes = quantizer(table, isNormalized: isNormalized)
        let found = codes(vectors)
        #expect(found.values.shape == [2, 4, 3] && found.indices.count == 8)
        #expect(abs(found.commitmentLoss.item - 0.5 * found.codebookLoss.item) < 1e-6)
        let mean = found.distances.reduce(0, +) / Float(24)
        #expect(abs(found.codebookLoss.item - mean) < 1e-5)
        // The values pass gradients to the vectors as if nothing had been quantized, and none to the codes.
        let through = gradients(of: found.values.sum(), withRespectTo: [vectors, table])
        #expect(through[1].values.allSatisfy { $0 == 0 })
        if !isNormalized { #expect(through[0].values.allSatisfy { $0 == 1 }) }
        // One loss moves the codes alone, the other the vectors alone.
        let codebook = gradients(of: codes(vectors).codebookLoss, withRespectTo: [vectors, table])
        #expect(codebook[0].norm == 0 && codebook[1].norm > 0)
        let commitment = gradients(of: codes(vectors).commitmentLoss, withRespectTo: [vectors, table])
        #expect(commitment[0].norm > 0 && commitment[1].norm == 0)
    }

    /// The order of codes does not depend on the precision of products.
    @Test func precision() {
        let table = Tensor.normal([64, 8], seed: 3)
        let vectors = Tensor.normal([32, 8], seed: 4)
        let codes = quantizer(table)
        let reduced = Precision.$current.withValue(.bfloat16) { codes.nearest(vectors).indices }
        #expect(reduced == codes.nearest(vectors).indices)
    }
}
