import Foundation
import Synchronization

/// The jobs that clients can ask for by their names, until some time after their end.
final class JobStore: Sendable {
    private struct State {
        var jobs: [String: Job] = [:]
        /// Of jobs that were here, the latest ones.
        var gone: [String] = []
    }

    private let state = Mutex(State())
    private let keptSeconds: Double
    private let keptJobs: Int
    private static let remembered = 10_000

    init(keptSeconds: Double, keptJobs: Int) {
        self.keptSeconds = keptSeconds
        self.keptJobs = keptJobs
    }

    func add(_ job: Job) {
        state.withLock { state in
            expire(&state)
            state.jobs[job.id] = job
        }
    }

    /// - Throws: `APIError` 404 where there was never such a job, 410 where it is forgotten.
    func job(_ id: String) throws -> Job {
        let (job, isGone) = state.withLock { state in
            expire(&state)
            return (state.jobs[id], state.gone.contains(id))
        }
        if let job { return job }
        if isGone {
            throw APIError(
                410, "invalid_request_error", "the job \(id) ended more than \(Int(keptSeconds)) s ago, or many others since, and is forgotten",
                code: "job_gone")
        }
        throw APIError.notFound("there is no job \"\(id.prefix(60).description.oneLine)\"", code: "job_not_found")
    }

    var count: Int { state.withLock { $0.jobs.count } }

    /// Forgets what ended long ago, and the oldest of too many.
    private func expire(_ state: inout State) {
        let now = Date()
        var ended = state.jobs.values.compactMap { job in job.ended.map { (job.id, $0) } }.sorted { $0.1 < $1.1 }
        var expired = ended.prefix { now.timeIntervalSince($0.1) > keptSeconds }.map(\.0)
        ended.removeFirst(expired.count)
        if ended.count > keptJobs { expired += ended.prefix(ended.count - keptJobs).map(\.0) }
        for id in expired { state.jobs[id] = nil }
        state.gone += expired
        if state.gone.count > Self.remembered { state.gone.removeFirst(state.gone.count - Self.remembered) }
    }
}

/// Encoded images that clients fetch by their addresses: the latest ones, and for some time.
final class ImageStore: Sendable {
    struct Entry: Sendable {
        let bytes: [UInt8]
        let contentType: String
        let added = Date()
    }

    private struct State {
        var entries: [String: Entry] = [:]
        var order: [String] = []
        var bytes = 0
    }

    private let state = Mutex(State())
    private static let maximumBytes = 64 << 20
    private static let keptSeconds = 3600.0

    /// - Returns: the name under which it is found.
    func add(_ bytes: [UInt8], contentType: String, fileExtension: String) -> String {
        let name = [UInt64.random(in: .min ... .max), .random(in: .min ... .max)].map { String($0, radix: 36) }.joined() + "." + fileExtension
        state.withLock { state in
            state.entries[name] = Entry(bytes: bytes, contentType: contentType)
            state.order.append(name)
            state.bytes += bytes.count
            let now = Date()
            while let first = state.order.first, let entry = state.entries[first],
                state.bytes > Self.maximumBytes || now.timeIntervalSince(entry.added) > Self.keptSeconds
            {
                state.order.removeFirst()
                state.entries[first] = nil
                state.bytes -= entry.bytes.count
            }
        }
        return name
    }

    subscript(name: String) -> Entry? { state.withLock { $0.entries[name] } }
}
