import Foundation
import Layers
import Tensors
import TestSupport
import Testing
import Training

@Suite struct MuonTests {
    /// The polar factor: same singular vectors, singular values about 1.
    @Test(arguments: [[40, 40], [32, 96], [96, 32]])
    func singularValuesBecomeAboutOne(shape: [Int]) {
        let matrix = Tensor.normal(shape, seed: 5)
        let found = Muon.orthogonalized(matrix)
        #expect(found.shape == shape)
        let isHigh = shape[0] > shape[1], side = shape.min()!
        let square = found.matrixProduct(found, transposed: isHigh, otherTransposed: !isHigh).values
        for row in 0..<side {
            // Of the rows of an orthogonal matrix the lengths are 1, and their products 0; squares of 0.7 to 1.2 are near enough.
            #expect((0.45...1.5).contains(square[row * side + row]))
            let others = (0..<side).filter { $0 != row }.map { square[row * side + $0] }
            #expect((others.map { $0 * $0 }.reduce(0, +)).squareRoot() < 0.6)
        }
        // With the transposed matrix it gives a symmetric product, as the polar factor does and no other rotation.
        let product = found.matrixProduct(matrix, transposed: isHigh, otherTransposed: !isHigh)
        let difference = (product - product.permuted(1, 0)).norm
        #expect(difference < 1e-3 * product.norm)
        #expect(Muon.orthogonalized(matrix * 1000).values.elementsEqual(found.values) { abs($0 - $1) < 1e-4 })
        #expect(Muon.orthogonalized(.zeros(shape)).values.allSatisfy { $0 == 0 })
    }

    @Test func itServesMatricesInside() {
        #expect(Muon.serves([256, 1024]) && Muon.serves([64, 512]))
        for shape in [[256], [4096, 256], [16, 64], [3, 3, 64, 64], [0, 64]] { #expect(!Muon.serves(shape), "\(shape)") }
    }

    @Test func anUpdateMovesAlongTheMomentum() {
        let shape = [32, 64], start = Tensor.normal(shape, seed: 1).values
        let first = Tensor.normal(shape, seed: 2), second = Tensor.normal(shape, seed: 3)
        var values = start, sum = [Float](repeating: 0, count: start.count), expected = start
        var momentum = Tensor.zeros(shape)
        for gradient in [first, second] {
            Muon.update(&values, momentum: &sum, gradient: gradient, scale: 0.5, rate: 0.01, decay: 0.1)
            momentum = momentum * 0.95 + gradient * 0.5
            let direction = Precision.$current.withValue(.bfloat16) { Muon.orthogonalized(gradient * 0.5 + momentum * 0.95) }
            expected = zip(expected, direction.values).map { $0 - 0.01 * 0.1 * $0 - 0.01 * 0.2 * 8 * $1 }
        }
        #expect(zip(values, expected).allSatisfy { abs($0 - $1) < 1e-4 })
        #expect(zip(sum, momentum.values).allSatisfy { abs($0 - $1) < 1e-5 })
    }

    @Test func aRunWithItResumesToTheSameBits() throws {
        var settings = TinyTraining.settings()
        settings.optimizer.muon = ["flow."]
        let (whole, parts, usual) = (try TemporaryFolder(), try TemporaryFolder(), try TemporaryFolder())
        let losses = try TinyRun.flow.train(in: whole.url.path, settings: settings)
        let first = try TinyRun.flow.train(in: parts.url.path, settings: settings, stopAfter: 10)
        #expect(try first + TinyRun.flow.train(in: parts.url.path, settings: settings, resume: true) == losses)
        #expect(try contents(checkpointPath(whole.url.path)) == contents(checkpointPath(parts.url.path)))
        #expect(try losses != TinyRun.flow.train(in: usual.url.path, settings: TinyTraining.settings()))
    }

    @Test func namesThatNothingHasAreRefused() throws {
        var settings = TinyTraining.settings()
        settings.optimizer.muon = ["flow.", "nothing."]
        let folder = try TemporaryFolder()
        #expect(throws: TrainingError.self) { try TinyRun.flow.train(in: folder.url.path, settings: settings) }
        let again = try JSONDecoder().decode(AdamWSettings.self, from: JSONEncoder().encode(settings.optimizer))
        #expect(again == settings.optimizer)
        let plain = String(decoding: try JSONEncoder().encode(AdamWSettings()), as: UTF8.self)
        #expect(!plain.contains("muon"))
    }
}
