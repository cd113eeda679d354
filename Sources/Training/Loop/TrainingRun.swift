import Checkpoints
import Datasets
import Files
import FlowTok
import Foundation
import Images
import Layers
import Tensors

/// A run of gradient steps in a folder: log, curves, samples and checkpoints; it can be stopped at any moment and
/// resumed to the same bits.
///
/// Where several processes train together (`RankGroup.current`), each has a run of its own over the same folder and computes its
/// share of the groups of every step; the first one alone writes.
public final class TrainingRun {
    /// What a run tells after every step.
    public struct Progress: Sendable {
        public let step: Int
        public let total: Int
        /// Not finite where the step was skipped.
        public let loss: Double
        public let samplesPerSecond: Double
        public let secondsLeft: Double
        /// The share of the codebook in use; nil where there is none.
        public let codebookUse: Double?
    }

    public let folder: String
    public let settings: TrainingSettings
    /// What the run's data are, and what is different from before in a run that is resumed: a line each.
    public let notices: [String]
    package let task: any TrainingTask
    private let optimizer: AdamW
    private let configuration: RunConfiguration
    private let title: String
    private let log: TrainingLog
    private let hold: RunFolder?
    private let ranks = RankGroup.current
    private let grouped: GroupedGradients
    /// What the data are, for comparison between ranks.
    private let dataFingerprint: String
    /// Whether one of the ranks was to stop, so that all of them do.
    public private(set) var isStopped = false
    private let clock = ContinuousClock()
    private var notice: (String) -> Void = { _ in }
    private var told: Set<String> = []

    /// The metric of the share of a codebook that is in use.
    static let codebookUse = "codebook_use"

    /// Steps without a finite loss and gradient, one after the other, that end a run.
    private static let mostFailures = 20

    private static func checkpointPath(_ folder: String) -> String { folder + "/" + RunCheckpoint.fileName }

    /// What a run's data were when it began or was resumed last; nil where that is not known, or the run is new.
    static func dataRecord(in folder: String, resume: Bool) -> DataRecord? {
        resume ? try? JSONFile.read(DataRecord.self, from: dataPath(folder), limit: 1 << 30) : nil
    }

    private static func dataPath(_ folder: String) -> String { folder + "/data.json" }

    /// Throws unless a run can start in `folder`, or go on with `resume`; nothing is read or written.
    ///
    /// - Throws: `TrainingError.runExists`, `.nothingToResume`.
    public static func check(folder: String, resume: Bool) throws {
        let exists = FileManager.default.fileExists(atPath: checkpointPath(folder))
        if exists && !resume { throw TrainingError.runExists(folder: folder) }
        if !exists && resume { throw TrainingError.nothingToResume(folder: folder) }
    }

    /// A run in `folder`, new or resumed.
    ///
    /// - Parameters:
    ///   - configuration: the run's whole configuration, which the checkpoint keeps as JSON. A resumed run must have the
    ///     same, but for how long it goes on and what it writes when.
    ///   - data: a user's own pictures, of which the run keeps a list; nil of others.
    /// - Throws: `TrainingError` where the folder holds a run and `resume` is off, holds none and it is on, its checkpoint
    ///   does not fit, or another process has it.
    public init(
        _ task: any TrainingTask, title: String, settings: TrainingSettings, configuration: some Codable, folder: String,
        resume: Bool, data: CheckedDataset? = nil
    ) throws {
        try TrainingRun.check(folder: folder, resume: resume)
        self.task = task
        self.title = title
        self.settings = settings
        self.configuration = try RunConfiguration(configuration)
        self.folder = folder
        grouped = try GroupedGradients(task, settings, ranks: ranks)
        hold = ranks?.isFirst ?? true ? try RunFolder(path: folder) : nil
        optimizer = AdamW(task.store, settings: settings.optimizer, decays: task.decays)
        if let name = optimizer.unusedMuonName {
            throw TrainingError.unusableSetting(
                name: "training.optimizer.muon", reason: "no matrix that Muon serves has a name that begins with \"\(name)\"")
        }
        var notices: [String] = []
        if resume {
            let state = try RunCheckpoint.read(
                into: optimizer, remembered: task.memory.keys, configuration: self.configuration,
                dependencyFingerprint: task.dependencyFingerprint, from: TrainingRun.checkpointPath(folder))
            notices = state.notices
            task.memory = state.memory
        }
        if let data {
            notices += data.report
            if let old = TrainingRun.dataRecord(in: folder, resume: resume) { notices += data.record.changes(since: old) }
            if hold != nil { try JSONFile.write(data.record, to: TrainingRun.dataPath(folder)) }
        }
        dataFingerprint = data?.record.fingerprint ?? ""
        self.notices = notices
        log = TrainingLog(path: folder + "/log.csv", resumingAt: optimizer.step)
    }

    /// The number of updates so far.
    public var step: Int { optimizer.step }

    /// What must be the same on all ranks.
    var agreement: RunAgreement {
        var state = Fingerprint()
        for entry in task.store.entries { entry.leaf.withUnsafeBufferPointer { state.add($0) } }
        return RunAgreement(
            version: FlowTok.version, configuration: configuration.text, step: optimizer.step, state: state.text,
            dependencies: task.dependencyFingerprint, data: dataFingerprint,
            kernels: Machine.kernelLevel + (Machine.usesOpenBLAS ? " with OpenBLAS" : ""), wire: ranks?.wire.rawValue ?? "")
    }

    /// Bytes that this process sends to others for one step.
    public var bytesSentPerStep: Int { grouped.bytesSent }

    /// Trains until the last step, until `stopAfter` updates or until `isStopped`, which is asked before each of them; writes a checkpoint and exports the
    /// averaged model before it returns. Returns whether the run is complete.
    ///
    /// - Throws: `TrainingError.diverged`, which leaves the last checkpoint as it is; what the task throws, with a
    ///   checkpoint of the steps before; `CheckpointError` or `ImageError` where the folder cannot be written.
    /// What only accompanies the run (log, curves, samples) ends it never; where it cannot be written, `notice` is told, and so
    /// it is of a checkpoint on the way, which is tried again at its next time.
    @discardableResult
    public func run(
        stopAfter: Int? = nil, progress: (Progress) -> Void = { _ in }, notice: @escaping (String) -> Void = { _ in },
        isStopped: @escaping () -> Bool = { false }
    ) throws -> Bool {
        self.notice = notice
        defer { self.notice = { _ in } }
        var isSaved = false
        // Where a launcher ends the others, they may never come: what there is is saved while there is time.
        ranks?.whileWaiting = { [unowned self] waited in
            guard !isSaved, waited > .milliseconds(200), hold != nil, isStopped() else { return }
            isSaved = true
            try? writeState()
        }
        defer { ranks?.whileWaiting = nil }
        return try Precision.$current.withValue(settings.precision) {
            // A run that is killed before its first checkpoint can be resumed as well.
            if !FileManager.default.fileExists(atPath: TrainingRun.checkpointPath(folder)) { try writeState() }
            self.isStopped = try grouped.agree(isStopped: isStopped())
            let sampled = try train(until: min(settings.steps, stopAfter ?? settings.steps), isStopped: isStopped, progress: progress)
            try checkpoint()
            if settings.sampleEvery > 0 && sampled != optimizer.step { surviving { try writeSamples() } }
            return optimizer.step >= settings.steps
        }
    }

    /// Takes steps. Returns the step of the last samples.
    private func train(until end: Int, isStopped: () -> Bool, progress: (Progress) -> Void) throws -> Int? {
        let started = clock.now
        let firstStep = optimizer.step
        var lastCheckpoint = started
        var lastSamples: Int?
        var failures = 0
        var metrics = IntervalMetrics()
        while optimizer.step < end {
            if ranks == nil { self.isStopped = isStopped() }
            guard !self.isStopped else { break }
            let taken = try takeStep(isStopped)
            let seconds = (clock.now - started) / .seconds(1)
            let speed = Double((optimizer.step - firstStep) * settings.batchSize) / max(seconds, 1e-9)
            if let reported = taken.metrics {
                failures = 0
                metrics.add(reported + [("samples_per_second", speed)])
            } else {
                failures += 1
                metrics.skip()
            }
            progress(
                Progress(
                    step: optimizer.step, total: settings.steps, loss: taken.loss, samplesPerSecond: speed,
                    secondsLeft: Double((settings.steps - optimizer.step) * settings.batchSize) / max(speed, 1e-9),
                    codebookUse: taken.metrics?.first { $0.name == TrainingRun.codebookUse }?.value))
            if failures >= TrainingRun.mostFailures {
                log.append(step: optimizer.step, metrics.taken())
                surviving { try log.write() }
                throw TrainingError.diverged(step: optimizer.step - failures + 1)
            }
            if optimizer.step % settings.logEvery == 0 {
                log.append(step: optimizer.step, metrics.taken())
                surviving { try log.write(notWithin: .seconds(5)) }
            }
            if settings.sampleEvery > 0 && optimizer.step % settings.sampleEvery == 0 {
                surviving { try writeSamples() }
                lastSamples = optimizer.step
            }
            if clock.now - lastCheckpoint > .seconds(settings.checkpointMinutes * 60) {
                surviving { try checkpoint() }
                lastCheckpoint = clock.now
            }
        }
        if !metrics.isEmpty { log.append(step: optimizer.step, metrics.taken()) }
        return lastSamples
    }

    /// One step: an update, or none where the loss or the gradient is not finite; metrics are nil then. The samples of
    /// such a step are left behind, so that a single bad one does not end the run.
    private func takeStep(_ isStopped: () -> Bool) throws -> (loss: Double, metrics: [(name: String, value: Double)]?) {
        let step = optimizer.step
        let computed: GroupedGradients.Result
        do {
            computed = try grouped.compute(step: step, isStopped: isStopped)
        } catch {
            // A picture that cannot be read should not cost what was learned since the last checkpoint.
            try? checkpoint()
            throw error
        }
        if ranks != nil { self.isStopped = computed.isStopped }
        let rate = settings.schedule.rate(at: step)
        let norm = computed.loss.isFinite ? computed.gradients.map { optimizer.update($0, rate: rate) } ?? .nan : .nan
        grouped.note(norm: norm)
        guard norm.isFinite else {
            optimizer.step += 1
            return (.nan, nil)
        }
        task.finish(step: step)
        return (computed.loss, [("loss", computed.loss)] + computed.metrics + [("gradient_norm", norm), ("rate", Double(rate))])
    }

    /// Writes the state, the log and its curves, and the averaged model for others.
    private func checkpoint() throws {
        guard hold != nil else { return }
        try writeState()
        surviving {
            try log.write()
            try log.plot(title: title, columns: { $0.contains("loss") }).write(to: folder + "/loss.png")
        }
        try task.export(parameters: optimizer.averagedParameters, to: folder)
    }

    /// Runs `body`; what cannot be written is told, once for each cause, and the run goes on.
    private func surviving(_ body: () throws -> Void) {
        guard hold != nil else { return }
        do {
            try body()
        } catch {
            let message = "\(error)"
            if told.insert(message).inserted { notice("\(message); the training goes on") }
        }
    }

    private func writeState() throws {
        guard hold != nil else { return }
        try RunCheckpoint.write(
            optimizer, memory: task.memory, configuration: configuration, dependencyFingerprint: task.dependencyFingerprint,
            to: TrainingRun.checkpointPath(folder))
    }

    private func writeSamples() throws {
        let folder = self.folder + "/samples"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let name = String(format: "%07d", optimizer.step)
        let parameters = optimizer.averagedParameters
        var images: [(name: String, image: Image)] = []
        var notes: String
        do {
            images = try task.samples(parameters: parameters)
            notes = try task.sampleCaptions(parameters: parameters)
        } catch {
            // A young flow may lead a solver nowhere; that is worth a note, not the run.
            notes = "no samples: \(error)\n"
        }
        for (kind, image) in images { try image.write(to: folder + "/\(kind)-\(name).png") }
        if !notes.isEmpty { try AtomicFile.write(to: folder + "/notes-\(name).txt", text: notes) }
    }
}
