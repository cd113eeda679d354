import Files
import FlowTok
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import ServiceLifecycle
import Synchronization
import UnixSignals

/// A server: models, a queue, jobs, and the routes to them.
package final class FlowTokServer: Sendable {
    package let options: ServerOptions
    package let models = ModelCollection()
    let queue: JobQueue
    let jobs: JobStore
    let images = ImageStore()
    let metrics = Metrics()
    let logger: Logger
    let started = Date()
    private let running = Mutex<ServiceGroup?>(nil)
    /// The jobs of A1111's interface, which asks for no names.
    let stableDiffusionJobs = Mutex<[Job]>([])

    package init(_ options: ServerOptions, logger: Logger) {
        self.options = options
        self.logger = logger
        queue = JobQueue(slots: options.slots, capacity: options.queue, idleMemory: options.idleMemory, metrics: metrics, logger: logger)
        jobs = JobStore(keptSeconds: options.keptSeconds, keptJobs: options.keptJobs)
    }

    /// Answers until it is told to end, by `shutDown()` or a signal, or the task is cancelled.
    ///
    /// - Parameters:
    ///   - obeysSignals: whether SIGTERM and SIGINT end it too.
    ///   - onListening: called with the port, once connections are taken.
    package func run(obeysSignals: Bool, onListening: @escaping @Sendable (Int) -> Void = { _ in }) async throws {
        let (responder, _) = Routes.build(self)
        var configuration = HTTP1Channel.Configuration(idleTimeout: .milliseconds(Int64(options.idleTimeout * 1000)))
        configuration.httpDecoder.maxHeaderListSize = 32 * 1024
        let application = Application(
            responder: responder, server: .http1(configuration: configuration),
            configuration: ApplicationConfiguration(
                address: .hostname(options.host, port: options.port),
                availableConnectionsDelegate: MaximumAvailableConnections(options.maximumConnections)),
            onServerRunning: { channel in onListening(channel.localAddress?.port ?? 0) }, logger: quietLogger)
        var group = ServiceGroupConfiguration(
            services: [application, Drain(queue: queue, logger: logger)],
            gracefulShutdownSignals: obeysSignals ? [.sigterm, .sigint] : [], logger: quietLogger)
        group.maximumGracefulShutdownDuration = .milliseconds(Int(options.drain * 1000))
        defer { queue.stop() }
        let services = ServiceGroup(configuration: group)
        running.withLock { $0 = services }
        // The services hold this server in turn.
        defer { running.withLock { $0 = nil } }
        try await services.run()
    }

    /// Lets what was begun come to its end, and ends.
    package func shutDown() async { await running.withLock { $0 }?.triggerGracefulShutdown() }

    /// What the framework says besides is of no use to anybody.
    private var quietLogger: Logger {
        var quiet = logger
        quiet.logLevel = .critical
        return quiet
    }

    /// The models that take requests, or why there are none.
    var state: (status: Int, name: String) {
        if queue.isDraining { return (503, "draining") }
        return models.loaded == nil ? (503, "loading") : (200, "ok")
    }

    /// Puts a job into the queue and waits for its end, no longer than the time that requests have.
    func result(of job: Job) async throws {
        try queue.submit(job)
        expire(job)
        defer { queue.remove(job) }
        try await job.wait()
    }

    /// Fails a job that takes longer than requests may.
    func expire(_ job: Job) {
        let seconds = options.timeout
        DispatchQueue.global().asyncAfter(deadline: .now() + seconds) { [weak job, weak queue] in
            guard let job, !job.isFinal else { return }
            job.fail(
                APIError(
                    504, "server_error", "the request took longer than \(seconds) s, expected less work or a job of /flowtok/v1/jobs",
                    code: "timeout"))
            queue?.remove(job)
        }
    }
}

/// Lets the queue take no more as soon as the server is to end, and cancels what is not done when its time is over.
private struct Drain: Service {
    let queue: JobQueue
    let logger: Logger

    func run() async throws {
        do { try await gracefulShutdown() } catch { return }
        queue.drain()
        let load = queue.load
        logger.info("draining", metadata: ["waiting": "\(load.waiting)", "running": "\(load.running)"])
        // Jobs that nobody waits for on a connection are finished too.
        while !Task.isCancelled, queue.load != (0, 0) { try? await Task.sleep(for: .milliseconds(50)) }
        if queue.load != (0, 0) { queue.stop() }
    }
}
