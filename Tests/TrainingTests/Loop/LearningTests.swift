import Foundation
import Tensors
import TestSupport
import Testing
import Training

@Suite struct LearningTests {
    private func mean(_ values: some Collection<Double>) -> Double { values.reduce(0, +) / Double(values.count) }

    @Test func aTokenizerLearnsBlocks() throws {
        let folder = try TemporaryFolder()
        let losses = try TinyRun.tokenizer.train(
            in: folder.url.path, settings: TinyTraining.settings(steps: 200, rate: 4e-3))
        let (first, last) = (mean(losses.prefix(10)), mean(losses.suffix(20)))
        #expect(last < first / 2, "from \(first) to \(last)")
    }

    @Test func blocksOfThePyramidLieElsewhereInEachStep() {
        let loss = ReconstructionLoss(squared: 0, absolute: 0, pyramid: 1, levels: 2)
        // Columns of four pixels, which blocks see where they lie across their edges alone.
        let stripes = Tensor((0..<3 * 32 * 32).map { $0 % 32 / 4 % 2 == 0 ? 1 : 0 }, shape: [1, 3, 32, 32])
        let found = (0..<40).map { loss(stripes, target: .zeros([1, 3, 32, 32]), step: $0).loss.item }
        #expect(Set(found.map { ($0 * 100).rounded() }).count > 1)
        #expect(loss(stripes, target: .zeros([1, 3, 32, 32]), step: 7).loss.item == found[7], "a step is resumed to the same bits")
    }

    @Test func aSharperTargetIsFlatWhereTheTargetIsAndSteeperAtItsEdges() {
        var loss = ReconstructionLoss(squared: 1, absolute: 0, pyramid: 0, levels: 0)
        loss.sharpening = 1
        let flat = Tensor.filled([1, 3, 8, 8], with: 0.3)
        #expect(loss(flat, target: flat, step: 0).loss.item < 1e-12)
        // Of a step between 0 and 1 the blur with exp(-1/2) to each side takes as much from one as it gives to the other.
        let step = Tensor((0..<3 * 64).map { $0 % 8 < 4 ? 0 : 1 }, shape: [1, 3, 8, 8])
        let share = Float(exp(-0.5) / (1 + 2 * exp(-0.5)))
        let steeper = Tensor((0..<3 * 64).map { [0, 0, 0, -share, 1 + share, 1, 1, 1][$0 % 8] }, shape: [1, 3, 8, 8])
        let found = loss(steeper, target: step, step: 0)
        #expect(found.loss.item < 1e-12)
        #expect(abs(found.meanSquare.item - share * share / 4) < 1e-6, "what is reported compares with the target itself")
    }

    @Test func aFlowLearnsBothDirections() throws {
        let folder = try TemporaryFolder()
        _ = try TinyRun.flow.train(
            in: folder.url.path, settings: TinyTraining.settings(steps: 300, rate: 4e-3, logEvery: 30))
        try expectFalling(
            [("text_to_image_loss", 0.85), ("image_to_text_loss", 0.85), ("decoding_loss", 0.5)], in: folder)
    }

    @Test func textTokensComeToLieWhereImagesDoAndCaptionsToBeRead() throws {
        let folder = try TemporaryFolder()
        let settings = TinyTraining.settings(steps: 300, rate: 4e-3, logEvery: 30)
        var configuration = try TinyTraining.flowConfiguration(settings)
        configuration.textEncoder = .fresh
        configuration.latentMSEWeight = 4
        configuration.endpointCaptionWeight = 1
        configuration.pathCaptionWeight = 1
        configuration.imageToTextFraction = 0.5
        try TrainingRun(
            TinyTraining.flowTask(configuration), title: "tiny flow", settings: settings, configuration: configuration,
            folder: folder.url.path, resume: false
        ).run()
        // Where the block is, the caption does not say.
        try expectFalling([("matching_loss", 0.95), ("captioning_loss", 0.5), ("reading_loss", 0.5)], in: folder)
    }

    private func expectFalling(_ metrics: [(name: String, share: Double)], in folder: TemporaryFolder) throws {
        let log = try logRows(folder.url.path)
        for (name, share) in metrics {
            let column = try #require(log.columns.firstIndex(of: name))
            let values = log.rows.compactMap { Double($0[column]) }
            let (first, last) = (try #require(values.first), mean(values.suffix(3)))
            #expect(last < share * first, "\(name) from \(first) to \(last)")
        }
    }
}
