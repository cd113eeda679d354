import Foundation
import Images
import Layers
import Tensors
import TestSupport
import Testing
import Training

@Suite struct LogTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test func aResumedRunGoesOnWithItsLog() throws {
        let path = folder.url.path
        let settings = TinyTraining.settings(logEvery: 4)
        _ = try TinyRun.tokenizer.train(in: path, settings: settings, stopAfter: 10)
        let first = try logRows(path)
        #expect(first.rows.map(\.[0]) == ["4", "8", "10"])
        #expect(first.columns.prefix(2) == ["step", "loss"] && first.columns.contains("skipped"))
        #expect(try Image(path: path + "/loss.png").width > 0)
        // As if the run had been killed after it logged steps that no checkpoint kept.
        var text = String(decoding: try contents(path + "/log.csv"), as: UTF8.self)
        text += "12," + Array(repeating: "9", count: first.columns.count - 1).joined(separator: ",") + "\n16,0.5,"
        try folder.write("log.csv", text)
        _ = try TinyRun.tokenizer.train(in: path, settings: settings, resume: true)
        let whole = try logRows(path)
        #expect(whole.columns == first.columns && whole.rows.map(\.[0]) == ["4", "8", "10", "12", "16", "20"])
        #expect(Array(whole.rows[..<3]) == first.rows)
        #expect(whole.rows.allSatisfy { $0.count == first.columns.count && Double($0[1]).map { $0 < 9 } == true })
    }

    @Test func newFiguresBecomeColumnsAtTheEnd() throws {
        let path = folder.url.path + "/log.csv"
        try folder.write("log.csv", "step,loss,rate\n10,1.5,0.1\n10,7,7\n20,1.25,\n30,9,9\n")
        let log = TrainingLog(path: path, resumingAt: 20)
        #expect(log.count == 2)
        log.append(step: 30, [("rate", 0.3), ("loss", 1), ("skipped", 2)])
        try log.write()
        let text = String(decoding: try contents(path), as: UTF8.self)
        #expect(text == "step,loss,rate,skipped\n10,1.5,0.1,\n20,1.25,,\n30,1,0.3,2\n")
        #expect(TrainingLog(path: path, resumingAt: 0).count == 0)
        try folder.write("log.csv", "this is no log\n1,2,3\n")
        #expect(TrainingLog(path: path, resumingAt: 9).count == 0)
    }

    @Test func anEmptyLogHasAPicture() throws {
        let picture = TrainingLog(path: folder.url.path + "/log.csv", resumingAt: 0).plot(title: "empty") { _ in true }
        #expect(picture.width == 800)
    }

    @Test func stepsThatAreNotFiniteAreSkippedAndCounted() throws {
        let task = FaultyTask { [3, 4, 9].contains($0) ? .nan : 1 }
        let settings = TrainingSettings(
            steps: 12, batchSize: 1, learningRate: 0.1, warmupSteps: 0, precision: .float32, sampleEvery: 0, logEvery: 4)
        let run = try TrainingRun(task, title: "", settings: settings, configuration: settings, folder: folder.url.path, resume: false)
        var seen: [Double] = []
        #expect(try run.run { seen.append($0.loss) })
        #expect(seen.count == 12 && seen.indices.filter { !seen[$0].isFinite } == [3, 4, 9])
        let log = try logRows(folder.url.path)
        let column = try #require(log.columns.firstIndex(of: "skipped"))
        #expect(log.rows.map { $0[0] } == ["4", "8", "12"])
        #expect(log.rows.map { $0[column] } == ["1", "1", "1"])
    }

    @Test func aRunThatDivergesKeepsItsLastCheckpoint() throws {
        let task = FaultyTask { $0 < 5 ? 1 : .infinity }
        let settings = TrainingSettings(
            steps: 100, batchSize: 1, learningRate: 0.1, warmupSteps: 0, precision: .float32, sampleEvery: 0)
        let run = try TrainingRun(task, title: "", settings: settings, configuration: settings, folder: folder.url.path, resume: false)
        #expect(throws: TrainingError.diverged(step: 6)) { try run.run() }
        #expect(try step(checkpointPath(folder.url.path)) == 0)
        #expect(try logRows(folder.url.path).rows.map(\.[0]) == ["20", "25"])
    }

    @Test func dataThatFailKeepWhatWasLearned() throws {
        let task = FaultyTask { step in
            guard step < 7 else { throw TrainingError.noData(path: "picture.png", reason: "it is gone") }
            return 1
        }
        let settings = TrainingSettings(
            steps: 100, batchSize: 1, learningRate: 0.1, warmupSteps: 0, precision: .float32, sampleEvery: 0)
        let run = try TrainingRun(task, title: "", settings: settings, configuration: settings, folder: folder.url.path, resume: false)
        #expect(throws: TrainingError.noData(path: "picture.png", reason: "it is gone")) { try run.run() }
        #expect(try step(checkpointPath(folder.url.path)) == 7)
    }

    @Test func samplesAreWrittenAndTheirTroubleIsNoted() throws {
        let task = FaultyTask { _ in 1 }
        let settings = TrainingSettings(
            steps: 6, batchSize: 1, learningRate: 0.1, warmupSteps: 0, precision: .float32, sampleEvery: 2)
        let run = try TrainingRun(task, title: "", settings: settings, configuration: settings, folder: folder.url.path, resume: false)
        task.samplesFail = { $0 == 2 }
        try run.run()
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.url.path + "/samples").sorted()
        #expect(names == ["notes-0000004.txt", "square-0000002.png", "square-0000006.png"])
    }
}

/// One parameter whose square is the loss, times what `factor` says of the step.
private final class FaultyTask: TrainingTask {
    let store: ParameterStore
    private let value: Tensor
    private let factor: (Int) throws -> Float
    private var sampled = 0
    /// Whether sample number n (from 1) fails.
    var samplesFail: (Int) -> Bool = { _ in false }

    init(_ factor: @escaping (Int) throws -> Float) {
        self.factor = factor
        store = ParameterStore(from: FreshWeights(seed: 1))
        value = store.tensor(named: "value", shape: [1], initial: .ones)
    }

    func loss(of group: SampleGroup) throws -> (loss: Tensor, metrics: [(name: String, value: Double)]) {
        let scale = try factor(group.step)
        return ((value * value).sum() * scale, [])
    }

    func samples(parameters: any WeightSource) throws -> [(name: String, image: Image)] {
        sampled += 1
        if samplesFail(sampled) { throw TrainingError.noData(path: "x", reason: "y") }
        return [("square", Image(width: 4, height: 4, filled: .white))]
    }

    func export(parameters: any WeightSource, to folder: String) throws {}
}
