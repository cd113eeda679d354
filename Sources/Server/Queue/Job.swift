import FlowTok
import Foundation
import Images
import Synchronization

/// One thing that a client asked for, from its place in the queue to its end. All of it may be asked from any thread.
final class Job: Sendable {
    enum Status: String, Sendable {
        case waiting, running, done, failed, cancelled

        var isFinal: Bool { self == .done || self == .failed || self == .cancelled }
    }

    /// What happened, in order.
    enum Event: Sendable {
        /// Steps done and in all; what the images on their way look like, encoded.
        case step(Int, of: Int, previews: [(index: Int, bytes: [UInt8])])
        case image(Int, GeneratedRecord)
        case captions([String])
        case done
        case failed(APIError)
        case cancelled
    }

    /// Which steps show the images on their way.
    enum Previews: Sendable {
        case none
        /// So many, spread over the steps.
        case count(Int)

        /// After the last step there is the image itself.
        func wanted(after step: Int, of steps: Int) -> Bool {
            guard case .count(let count) = self, count > 0, step < steps else { return false }
            if steps - 1 <= count { return true }
            return step * (count + 1) / steps != (step - 1) * (count + 1) / steps
        }
    }

    let id: String
    let kind: String
    let created = Date()
    let model: ServedModel
    let work: JobWork
    let previews: Previews
    let encodePreview: @Sendable (Image) throws -> [UInt8]
    /// Whether what happened stays for those who ask later.
    private let keepsEvents: Bool

    private struct State {
        var status = Status.waiting
        var error: APIError?
        var step = 0
        var steps = 0
        var images: [Int: GeneratedRecord] = [:]
        var captions: [String] = []
        var events: [Event] = []
        var listeners: [Int: AsyncStream<(id: Int, event: Event)>.Continuation] = [:]
        var nextListener = 0
        var ended: Date?
        /// Images that were handed out to be drawn.
        var handedOut = 0
        var lastPreview: [UInt8]?
    }

    private let state = Mutex(State())

    init(
        kind: String, model: ServedModel, work: JobWork, previews: Previews = .none, keepsEvents: Bool = false,
        encodePreview: @escaping @Sendable (Image) throws -> [UInt8] = { try $0.encoded(as: .jpeg, quality: 85) }
    ) {
        id = [UInt64.random(in: .min ... .max), .random(in: .min ... .max)].map { String($0, radix: 36) }.joined()
        self.kind = kind
        self.model = model
        self.work = work
        self.previews = previews
        self.keepsEvents = keepsEvents
        self.encodePreview = encodePreview
    }

    // MARK: - What it is

    var status: Status { state.withLock { $0.status } }
    var isFinal: Bool { status.isFinal }
    var error: APIError? { state.withLock { $0.error } }
    var ended: Date? { state.withLock { $0.ended } }
    var captions: [String] { state.withLock { $0.captions } }
    /// The images that are finished, by their index.
    var images: [(index: Int, record: GeneratedRecord)] {
        state.withLock { $0.images.sorted { $0.key < $1.key }.map { ($0.key, $0.value) } }
    }
    /// Steps done and in all of the images that are being drawn.
    var progress: (step: Int, steps: Int, images: Int) { state.withLock { ($0.step, $0.steps, $0.images.count) } }
    /// What the image on its way looked like last, encoded.
    var lastPreview: [UInt8]? { state.withLock { $0.lastPreview } }

    /// A share of 0...1.
    var fraction: Double {
        let (step, steps, images) = progress
        if isFinal { return 1 }
        let current = steps > 0 ? Double(step) / Double(steps) : 0
        return min(1, (Double(images) + current) / Double(max(1, work.count)))
    }

    // MARK: - What happens to it

    /// The next images to draw, at most so many; none where all are handed out or nobody wants them any more.
    func handOut(_ most: Int) -> Range<Int> {
        state.withLock { state in
            guard !state.status.isFinal else { return 0..<0 }
            state.status = .running
            let range = state.handedOut..<min(work.count, state.handedOut + most)
            state.handedOut = range.upperBound
            return range
        }
    }

    /// Whether work that is done by itself is still wanted; it is begun then.
    func begin() -> Bool {
        state.withLock { state in
            guard !state.status.isFinal else { return false }
            state.status = .running
            return true
        }
    }

    var hasMore: Bool { state.withLock { !$0.status.isFinal && $0.handedOut < work.count } }

    func report(step: Int, of steps: Int, previews: [(index: Int, bytes: [UInt8])]) {
        append(.step(step, of: steps, previews: previews)) { state in
            (state.step, state.steps) = (step, steps)
            if let preview = previews.first { state.lastPreview = preview.bytes }
        }
    }

    /// The image of an index is finished; the last one ends the job.
    func finish(_ index: Int, _ record: GeneratedRecord) {
        append(.image(index, record)) { state in
            state.images[index] = record
            (state.step, state.steps) = (0, state.steps)
        }
        let isComplete = state.withLock { $0.images.count == work.count }
        if isComplete, work.endsWithImages { end(.done, .done) }
    }

    func finish(captions: [String]) {
        append(.captions(captions)) { $0.captions += captions }
    }

    func finish() { end(.done, .done) }

    func fail(_ error: APIError) { end(.failed, .failed(error), error: error) }

    /// Whether this call is what ended it.
    @discardableResult
    func cancel() -> Bool { end(.cancelled, .cancelled) }

    /// Throws where nobody wants the result any more.
    func checkWanted() throws {
        if isFinal { throw CancellationError() }
    }

    @discardableResult
    private func end(_ status: Status, _ event: Event, error: APIError? = nil) -> Bool {
        let listeners: [AsyncStream<(id: Int, event: Event)>.Continuation]? = state.withLock { state in
            guard !state.status.isFinal else { return nil }
            state.status = status
            state.error = error
            state.ended = Date()
            state.lastPreview = nil
            if keepsEvents { state.events.append(event) }
            let id = state.events.count
            state.listeners.values.forEach { $0.yield((id, event)) }
            defer { state.listeners = [:] }
            return Array(state.listeners.values)
        }
        listeners?.forEach { $0.finish() }
        return listeners != nil
    }

    private func append(_ event: Event, _ change: (inout State) -> Void) {
        state.withLock { state in
            guard !state.status.isFinal else { return }
            change(&state)
            if keepsEvents { state.events.append(event) }
            let id = state.events.count
            state.listeners.values.forEach { $0.yield((id, event)) }
        }
    }

    /// What happens from now on, after what happened since the event with the number `last`, until the end.
    func events(after last: Int = 0) -> AsyncStream<(id: Int, event: Event)> {
        AsyncStream { continuation in
            let listener: Int? = state.withLock { state in
                for (index, event) in state.events.enumerated() where index + 1 > last { continuation.yield((index + 1, event)) }
                if state.status.isFinal {
                    // Of jobs that keep nothing, the end is all that is left.
                    if !keepsEvents { continuation.yield((0, Self.event(of: state.status, state.error))) }
                    return nil
                }
                state.nextListener += 1
                state.listeners[state.nextListener] = continuation
                return state.nextListener
            }
            guard let listener else { return continuation.finish() }
            continuation.onTermination = { [weak self] termination in
                // After the end there is no listener left to forget.
                guard case .cancelled = termination else { return }
                Self.outsideOfCancellation { [weak self] in self?.state.withLock { $0.listeners[listener] = nil } }
            }
        }
    }

    /// Does what takes a lock on account of a task that is cancelled. Whoever cancels holds that task's own lock meanwhile, which
    /// waking the task takes too; since events wake tasks under the lock of the state, that lock must not be waited for there.
    private static func outsideOfCancellation(_ work: @escaping @Sendable () -> Void) { DispatchQueue.global().async(execute: work) }

    private static func event(of status: Status, _ error: APIError?) -> Event {
        switch status {
        case .failed: .failed(error ?? APIError(CancellationError()))
        case .cancelled: .cancelled
        default: .done
        }
    }

    /// Waits for the end. Cancelling the task cancels the job.
    ///
    /// - Throws: what the job failed with; `CancellationError`.
    func wait() async throws {
        try await withTaskCancellationHandler {
            for await _ in events() {}
            try Task.checkCancellation()
        } onCancel: {
            Self.outsideOfCancellation { self.cancel() }
        }
        switch status {
        case .failed: throw error ?? APIError(CancellationError())
        case .cancelled: throw CancellationError()
        default: break
        }
    }
}

/// An image that was drawn, and how it came about.
struct GeneratedRecord: Sendable {
    let image: Image
    let metadata: GenerationMetadata
}

/// What a job does.
struct JobWork: Sendable {
    /// Where the flow to an image starts, and what its record says.
    struct Planned: Sendable {
        let start: FlowStart
        let prompt: String
        let seed: UInt64
        var origin: GenerationOrigin?
    }

    enum Kind: Sendable {
        /// Images along a flow: those of several jobs with the same settings are drawn together. The closure gives the start of the
        /// image with an index, on the drawing thread, and may throw to fail the job.
        case flow(FlowTok, FlowSettings, @Sendable (_ index: Int, Job) throws -> Planned)
        /// Something that is done by itself, on the drawing thread.
        case alone(@Sendable (Job) throws -> Void)
    }

    let kind: Kind
    /// The number of images.
    let count: Int
    /// Whether the last image is the end.
    let endsWithImages: Bool

    static func flow(
        _ flowtok: FlowTok, _ settings: FlowSettings, count: Int, _ plan: @escaping @Sendable (_ index: Int, Job) throws -> Planned
    ) -> JobWork {
        JobWork(kind: .flow(flowtok, settings, plan), count: count, endsWithImages: true)
    }

    static func alone(count: Int = 1, _ work: @escaping @Sendable (Job) throws -> Void) -> JobWork {
        JobWork(kind: .alone(work), count: count, endsWithImages: false)
    }
}
