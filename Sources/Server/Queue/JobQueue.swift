import FlowTok
import Foundation
import Images
import Logging
import Networks
import Sampling
import Synchronization
import Tensors

/// The one queue of a server: bounded, in the order of arrival, worked off by threads of its own. Images that wait together and
/// have the same settings are drawn together; each is the one that it is alone.
final class JobQueue: Sendable {
    private struct State {
        var waiting: [Job] = []
        var running: [ObjectIdentifier: Job] = [:]
        var isDraining = false
        var isStopped = false
        /// Seconds for an image, as an average that forgets.
        var secondsPerImage = 0.5
    }

    /// An image of a job.
    private struct Unit {
        let job: Job
        let index: Int
    }

    private enum Batch {
        case alone(Job)
        case flow(FlowTok, FlowSettings, [Unit])
    }

    private let state = Mutex(State())
    private let arrived = DispatchSemaphore(value: 0)
    private let capacity: Int
    private let slots: Int
    private let metrics: Metrics
    private let logger: Logger

    /// - Parameters:
    ///   - slots: threads that draw, each a batch at a time.
    ///   - capacity: the most jobs that wait.
    ///   - idleMemory: seconds after the last image until the memory that drawing needs is given back.
    init(slots: Int, capacity: Int, idleMemory: Double, metrics: Metrics, logger: Logger) {
        self.capacity = capacity
        self.slots = slots
        self.metrics = metrics
        self.logger = logger
        for number in 0..<slots {
            let thread = Thread { [weak self, arrived] in
                Priority.lowerForDrawing()
                var hasWorked = false
                while true {
                    if hasWorked, arrived.wait(timeout: .now() + idleMemory) == .timedOut {
                        // Buffers are kept for the next image. Where none comes, they are of use to others; a large batch left many.
                        guard let self else { return }
                        if self.load.running == 0 { Machine.returnMemory() }
                        hasWorked = false
                        continue
                    }
                    if !hasWorked { arrived.wait() }
                    guard let self else { return }
                    if self.state.withLock({ $0.isStopped }) { return }
                    while let batch = self.take() {
                        self.run(batch)
                        hasWorked = true
                    }
                }
            }
            thread.name = "flowtok.draw.\(number)"
            thread.stackSize = 8 << 20
            thread.start()
        }
    }

    /// Ends the threads; jobs that are left are cancelled.
    func stop() {
        let left = state.withLock { state in
            state.isStopped = true
            defer { state.waiting = [] }
            return state.waiting + Array(state.running.values)
        }
        left.forEach { $0.cancel() }
        for _ in 0..<slots { arrived.signal() }
    }

    deinit { stop() }

    /// Takes no more jobs; those it has are done.
    func drain() { state.withLock { $0.isDraining = true } }

    var isDraining: Bool { state.withLock { $0.isDraining } }

    /// Jobs that wait, and jobs that are being worked on.
    var load: (waiting: Int, running: Int) {
        state.withLock { state in (state.waiting.count { !$0.isFinal }, state.running.values.count { !$0.isFinal }) }
    }

    var running: [Job] { state.withLock { Array($0.running.values) } }
    var waiting: [Job] { state.withLock { $0.waiting } }

    /// How many jobs are ahead of one that waits; nil where it does not.
    func position(of job: Job) -> Int? {
        state.withLock { state in state.waiting.firstIndex { $0 === job }.map { $0 + (state.running.isEmpty ? 0 : 1) } }
    }

    /// Puts a job at the end.
    ///
    /// - Throws: `APIError` 429 where the queue is full, 503 where it takes no more.
    func submit(_ job: Job) throws {
        try state.withLock { state in
            guard !state.isDraining, !state.isStopped else {
                throw APIError.unavailable("the server is shutting down", code: "draining")
            }
            if state.waiting.count >= capacity { state.waiting.removeAll { $0.isFinal } }
            guard state.waiting.count < capacity else {
                let images = state.waiting.reduce(0) { $0 + $1.work.count }
                metrics.add("flowtok_queue_full_total")
                throw APIError(
                    429, "rate_limit_error", "the queue is full: \(capacity) requests wait already", code: "queue_full",
                    retryAfter: max(1, Int((Double(images) * state.secondsPerImage / 2).rounded(.up))))
            }
            state.waiting.append(job)
        }
        arrived.signal()
    }

    /// Forgets a job that waits and that nobody wants any more.
    func remove(_ job: Job) { state.withLock { $0.waiting.removeAll { $0 === job } } }

    /// The next images to draw: those of the job that waits longest, and of others after it while there is room.
    private func take() -> Batch? {
        state.withLock { state in
            state.waiting.removeAll { $0.isFinal }
            guard !state.isStopped, let first = state.waiting.first else { return nil }
            guard case .flow(let flowtok, let settings, _) = first.work.kind else {
                state.waiting.removeFirst()
                state.running[ObjectIdentifier(first)] = first
                return .alone(first)
            }
            let largest = FlowTok.largestBatch(of: settings)
            var units: [Unit] = []
            for job in state.waiting where units.count < largest {
                guard case .flow(let other, settings, _) = job.work.kind, other === flowtok else { continue }
                units += job.handOut(largest - units.count).map { Unit(job: job, index: $0) }
                state.running[ObjectIdentifier(job)] = job
            }
            state.waiting.removeAll { !$0.hasMore }
            return .flow(flowtok, settings, units)
        }
    }

    private func run(_ batch: Batch) {
        let clock = ContinuousClock()
        let start = clock.now
        var images = 0
        switch batch {
        case .alone(let job):
            if job.begin(), case .alone(let work) = job.work.kind {
                do {
                    try work(job)
                    job.finish()
                } catch {
                    end([job], with: error)
                }
                images = job.progress.images
                metrics.observe("flowtok_batch_size", 1)
            }
        case .flow(let flowtok, let settings, let units):
            metrics.observe("flowtok_batch_size", Double(units.count))
            images = draw(units, flowtok, settings)
        }
        let seconds = (clock.now - start) / .seconds(1)
        metrics.add("flowtok_images_total", Double(images))
        metrics.observe("flowtok_batch_seconds", seconds)
        state.withLock { state in
            if images > 0 { state.secondsPerImage = 0.9 * state.secondsPerImage + 0.1 * seconds / Double(images) }
            for (key, job) in state.running where job.isFinal || job.hasMore && state.waiting.contains(where: { $0 === job }) {
                state.running[key] = nil
            }
        }
    }

    /// Draws the images of one or several jobs and hands them over.
    ///
    /// - Returns: how many were finished.
    private func draw(_ units: [Unit], _ flowtok: FlowTok, _ settings: FlowSettings) -> Int {
        var planned: [(unit: Unit, plan: JobWork.Planned)] = []
        for unit in units where !unit.job.isFinal {
            guard case .flow(_, _, let plan) = unit.job.work.kind else { continue }
            do {
                planned.append((unit, try plan(unit.index, unit.job)))
            } catch {
                end([unit.job], with: error)
            }
        }
        planned.removeAll { $0.unit.job.isFinal }
        guard !planned.isEmpty else { return 0 }
        do {
            let images = try flowtok.draw(planned.map(\.plan.start), settings: settings) { progress in
                try self.report(progress, planned.map(\.unit))
            }
            var finished = 0
            for ((unit, plan), image) in zip(planned, images) where !unit.job.isFinal {
                let drawn = GeneratedImage(
                    image: image, prompt: plan.prompt, seed: plan.seed, settings: settings, precision: flowtok.precision,
                    rng: .philox, model: flowtok.configuration.name, origin: plan.origin)
                finished += 1
                unit.job.finish(unit.index, GeneratedRecord(image: image, metadata: GenerationMetadata(drawn)))
            }
            return finished
        } catch {
            let jobs = planned.map(\.unit.job).reduce(into: [Job]()) { all, job in
                if !all.contains(where: { $0 === job }) { all.append(job) }
            }
            guard jobs.count > 1, !(error is CancellationError) else {
                end(jobs, with: error)
                return 0
            }
            // What one of them cannot do, the others are not to suffer from.
            return jobs.reduce(0) { count, job in count + draw(units.filter { $0.job === job }, flowtok, settings) }
        }
    }

    /// Tells every job of a batch how far it is, and throws where nobody wants any of its images.
    private func report(_ progress: GenerationProgress, _ units: [Unit]) throws {
        let wanted = units.enumerated().filter { !$0.element.job.isFinal }
        guard !wanted.isEmpty else { throw CancellationError() }
        let shown = wanted.filter { $0.element.job.previews.wanted(after: progress.step, of: progress.steps) }
        let previews = shown.isEmpty ? [] : try progress.previews(of: shown.map(\.offset))
        var reported: Set<ObjectIdentifier> = []
        for (_, unit) in wanted where reported.insert(ObjectIdentifier(unit.job)).inserted {
            let own = try zip(shown, previews).filter { $0.0.element.job === unit.job }.map {
                (index: $0.0.element.index, bytes: try unit.job.encodePreview($0.1))
            }
            unit.job.report(step: progress.step, of: progress.steps, previews: own)
        }
    }

    private func end(_ jobs: [Job], with error: any Error) {
        let reported = APIError(error)
        for job in jobs where !job.isFinal {
            if error is CancellationError {
                job.cancel()
            } else {
                if reported.status >= 500 { logger.error("job failed", metadata: ["job": "\(job.id)", "error": "\(error)"]) }
                job.fail(reported)
            }
        }
    }
}
