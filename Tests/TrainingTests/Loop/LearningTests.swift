import Foundation
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
