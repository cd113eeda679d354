import Foundation
import Images
import Layers
import Tensors

/// A run of gradient steps in a folder: log, curves, samples and checkpoints; it can be stopped at any moment and
/// resumed to the same bits.
public final class TrainingRun {
    /// What a run tells after every step.
    public struct Progress: Sendable {
        public let step: Int
        public let total: Int
        public let loss: Double
        public let samplesPerSecond: Double
        public let secondsLeft: Double
    }

    public let folder: String
    public let settings: TrainingSettings
    private let task: any TrainingTask
    private let optimizer: AdamW
    private let configuration: String
    private let title: String
    private let log: TrainingLog

    private var checkpointPath: String { folder + "/" + RunCheckpoint.fileName }

    /// A run in `folder`, new or resumed.
    ///
    /// - Parameters:
    ///   - configuration: the run's whole configuration as JSON text, which the checkpoint keeps.
    /// - Throws: `TrainingError` where the folder holds a run and `resume` is off, holds none and it is on, or its
    ///   checkpoint does not fit.
    public init(
        _ task: any TrainingTask, title: String, settings: TrainingSettings, configuration: String, folder: String,
        resume: Bool
    ) throws {
        self.task = task
        self.title = title
        self.settings = settings
        self.configuration = configuration
        self.folder = folder
        let path = folder + "/" + RunCheckpoint.fileName
        let exists = FileManager.default.fileExists(atPath: path)
        if exists && !resume { throw TrainingError.runExists(folder: folder) }
        if !exists && resume { throw TrainingError.nothingToResume(folder: folder) }
        optimizer = AdamW(task.store, settings: settings.optimizer)
        if resume { try RunCheckpoint.read(into: optimizer, from: path) }
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        log = try TrainingLog(path: folder + "/log.csv", resumingAt: optimizer.step)
    }

    /// The number of updates so far.
    public var step: Int { optimizer.step }

    /// Trains until the last step, or until `stopAfter` updates or a stop request; writes a checkpoint and exports the
    /// averaged model before it returns. Returns whether the run is complete.
    @discardableResult
    public func run(stopAfter: Int? = nil, progress: (Progress) -> Void = { _ in }) throws -> Bool {
        try Precision.$current.withValue(settings.precision) {
            let end = min(settings.steps, stopAfter ?? settings.steps)
            var lastCheckpoint = Date()
            let started = Date()
            let firstStep = optimizer.step
            var failures = 0
            var sums: [String: (total: Double, count: Int)] = [:]
            var names: [String] = []
            while optimizer.step < end && StopRequest.received == nil {
                let step = optimizer.step
                let (loss, figures) = try task.loss(step: step)
                let value = Double(loss.item)
                let rate = settings.schedule.rate(at: step)
                let norm = value.isFinite
                    ? optimizer.update(gradients(of: loss, withRespectTo: task.store.leaves), rate: rate) : .nan
                guard norm.isFinite else {
                    failures += 1
                    if failures >= 20 { throw TrainingError.diverged(step: step) }
                    optimizer.step += 1
                    continue
                }
                failures = 0
                let elapsed = Date().timeIntervalSince(started)
                let speed = Double((optimizer.step - firstStep) * settings.batchSize) / max(elapsed, 1e-9)
                let left = Double((settings.steps - optimizer.step) * settings.batchSize) / max(speed, 1e-9)
                for (name, figure) in [("loss", value)] + figures + [("gradient_norm", norm), ("rate", Double(rate)), ("samples_per_second", speed)] {
                    if sums[name] == nil { names.append(name) }
                    let old = sums[name] ?? (0, 0)
                    sums[name] = (old.total + figure, old.count + 1)
                }
                progress(
                    Progress(
                        step: optimizer.step, total: settings.steps, loss: value, samplesPerSecond: speed,
                        secondsLeft: left))
                if optimizer.step % settings.logEvery == 0 {
                    try log.append(step: optimizer.step, names.map { ($0, sums[$0]!.total / Double(sums[$0]!.count)) })
                    try log.write()
                    sums = [:]
                    names = []
                }
                if settings.sampleEvery > 0 && optimizer.step % settings.sampleEvery == 0 { try writeSamples() }
                if Date().timeIntervalSince(lastCheckpoint) > settings.checkpointMinutes * 60 {
                    try checkpoint()
                    lastCheckpoint = Date()
                }
            }
            try log.write()
            try checkpoint()
            if settings.sampleEvery > 0 { try writeSamples() }
            return optimizer.step >= settings.steps
        }
    }

    /// Writes the state, and the averaged model for others.
    private func checkpoint() throws {
        try RunCheckpoint.write(optimizer, configuration: configuration, to: checkpointPath)
        try task.export(parameters: optimizer.averagedParameters, to: folder)
    }

    private func writeSamples() throws {
        let folder = self.folder + "/samples"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        for (name, image) in try task.samples(parameters: optimizer.averagedParameters) {
            try image.write(to: folder + "/\(name)-" + String(format: "%07d", optimizer.step) + ".png")
        }
        let notes = try task.notes(parameters: optimizer.averagedParameters)
        if !notes.isEmpty {
            try Data(notes.utf8).write(
                to: URL(fileURLWithPath: folder + "/notes-" + String(format: "%07d", optimizer.step) + ".txt"),
                options: .atomic)
        }
        try log.plot(title: title, columns: { $0.contains("loss") }).write(to: self.folder + "/loss.png")
    }
}
