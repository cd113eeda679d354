import CMPI
import Files
import Foundation

/// The type of the numbers in which gradients travel between ranks.
public enum WireFormat: String, Sendable, CaseIterable {
    case float32
    /// Half the bytes. Sums are rounded on the way, and depend on the number of ranks.
    case bfloat16
}

/// The processes that train together over MPI, each of which is a rank.
///
/// A thread of its own makes all calls of MPI, asks in short intervals how far the operations are and sleeps between, so that
/// they go on while the caller computes, and nobody spins. Where a rank fails, all of them end: the first one is told, and tells
/// the others when it has saved what there is.
public final class RankGroup: @unchecked Sendable {
    /// The ranks that runs opened in this task belong to; nil where one process trains alone.
    @TaskLocal public static var current: RankGroup?

    public private(set) var rank = 0
    public private(set) var size = 1
    public let wire: WireFormat
    /// How long to wait for the others.
    public let timeout: Duration

    public var isFirst: Bool { rank == 0 }

    private let launcher: Launcher
    /// Guards everything below.
    private let condition = NSCondition()
    private var operations: [RankOperation] = []
    /// Why nothing more comes: MPI's error, or what another rank told.
    private var failure: RankError?
    private var isStarted = false
    private var isClosing = false
    private var isClosed = false
    /// Whether the thread ends without an end of MPI, for which not all ranks are here.
    private var isHalted = false
    /// Whether the first rank has said that all is over.
    private var isEnded = false
    private var step = 0
    private var waiting = 0
    private var notice = RankNotice()
    private let clock = ContinuousClock()

    /// Asked now and then while the caller waits for other ranks, with how long it has waited.
    var whileWaiting: ((Duration) -> Void)?

    /// Joins the other processes that a launcher of MPI started.
    ///
    /// - Returns: nil where this process was started alone.
    /// - Throws: `RankError` where there is no library, or that of another MPI.
    public static func join(wire: WireFormat = .float32, timeout: Duration = .seconds(600)) throws -> RankGroup? {
        guard let launcher = Launcher.find(), launcher.kind != .plain, launcher.size > 1 else { return nil }
        return try RankGroup(launcher, wire: wire, timeout: timeout)
    }

    private init(_ launcher: Launcher, wire: WireFormat, timeout: Duration) throws {
        self.launcher = launcher
        self.wire = wire
        self.timeout = timeout
        let choice = try MPIChoice.library(for: launcher)
        let thread = Thread { [self] in serve(choice.wanted, only: choice.only) }
        thread.name = "ranks"
        thread.start()
        condition.lock()
        defer { condition.unlock() }
        while !isStarted { condition.wait() }
        if let failure { throw failure }
    }

    // MARK: - The thread

    private func serve(_ wanted: cmpi_library, only: Bool) {
        let started = Result { try start(wanted, only: only) }
        condition.lock()
        if case .failure(let error) = started { failure = error as? RankError ?? .failed("\(error)") }
        isStarted = true
        condition.broadcast()
        condition.unlock()
        guard case .success = started else { return }
        while let work = next() {
            let finished = work.filter { operation in
                do { return try operation.advance() } catch {
                    fail(error as? RankError ?? .failed("\(error)"))
                    return false
                }
            }
            listen()
            guard finished.isEmpty else {
                finish(finished)
                continue
            }
            // Nobody waits while the caller computes, and what is asked for then takes time from it.
            usleep(isAwaited ? 100 : 500)
        }
        condition.lock()
        let isHalted = self.isHalted
        condition.unlock()
        // Every rank is here: MPI waits for all of them.
        if !isHalted { _ = cmpi_finish() }
        condition.lock()
        isClosed = true
        condition.broadcast()
        condition.unlock()
    }

    private func start(_ wanted: cmpi_library, only: Bool) throws {
        let library = cmpi_load(wanted, only)
        guard library != CMPI_NONE else {
            throw RankError.noLibrary(launcher: launcher.kind.rawValue, size: launcher.size, reason: String(cString: cmpi_problem()))
        }
        var (rank, size): (Int32, Int32) = (0, 1)
        try MPIRequest.check(cmpi_start(&rank, &size))
        guard size > 1 else {
            throw RankError.otherLauncher(
                launcher: launcher.kind.rawValue, size: launcher.size, library: library == CMPI_OPEN_MPI ? "Open MPI" : "MPICH")
        }
        (self.rank, self.size) = (Int(rank), Int(size))
        try notice.listen(at: self.rank)
    }

    /// The operations to go on with, once there are some; nil at the end.
    private func next() -> [RankOperation]? {
        condition.lock()
        defer { condition.unlock() }
        while operations.isEmpty && !isClosing && !isHalted { condition.wait() }
        return operations.isEmpty || isHalted ? nil : operations
    }

    private var isAwaited: Bool {
        condition.lock()
        defer { condition.unlock() }
        return waiting > 0
    }

    private func finish(_ finished: [RankOperation]) {
        condition.lock()
        defer { condition.unlock() }
        for operation in finished { operation.isDone = true }
        operations.removeAll { $0.isDone }
        condition.broadcast()
    }

    private func fail(_ error: RankError) {
        condition.lock()
        defer { condition.unlock() }
        if failure == nil { failure = error }
        // What is on its way stays as it is, since MPI still writes there.
        for operation in operations where !operation.survivesFailure { operation.isAbandoned = true }
        condition.broadcast()
    }

    /// Takes what another rank tells of a failure.
    private func listen() {
        guard let told = notice.received() else { return }
        if !isFirst {
            condition.lock()
            isEnded = true
            condition.unlock()
        }
        if let category = told.category { fail(.other(rank: told.rank, message: told.message, category: category)) }
    }

    // MARK: - For callers

    /// Hands an operation to the thread, which begins operations in the order in which they come.
    func post(_ operation: RankOperation) {
        condition.lock()
        operations.append(operation)
        condition.broadcast()
        condition.unlock()
    }

    /// Waits until an operation is done.
    ///
    /// - Throws: `RankError`.
    func wait(for operation: RankOperation) throws {
        let started = clock.now
        condition.lock()
        waiting += 1
        defer {
            waiting -= 1
            condition.unlock()
        }
        while !operation.isDone {
            if let failure { throw failure }
            let waited = clock.now - started
            guard waited < timeout else { throw RankError.silent(seconds: Int(timeout.components.seconds), step: step) }
            _ = condition.wait(until: Date(timeIntervalSinceNow: 0.1))
            guard let whileWaiting, !operation.isDone else { continue }
            condition.unlock()
            whileWaiting(waited)
            condition.lock()
        }
    }

    /// Notes how far the run is, for messages.
    func note(step: Int) {
        condition.lock()
        self.step = step
        condition.unlock()
    }

    /// The bytes of every rank, in the order of ranks.
    ///
    /// - Throws: `RankError`.
    func exchange(_ bytes: [UInt8]) throws -> [[UInt8]] {
        let exchange = ByteExchange(bytes, ranks: size)
        let operation = RankOperation(exchange.advance)
        post(operation)
        try wait(for: operation)
        return exchange.received
    }

    /// Leaves together with all others, once every rank is here.
    ///
    /// - Throws: `RankError`.
    public func finish() throws {
        _ = try exchange([])
        // Each rank still listens for a failure; these messages end it.
        try tell(RankNotice.Message(rank: rank, category: nil, message: ""), to: isFirst ? Array(0..<size) : [])
        let last = RankOperation { [notice] in notice.isDone }
        post(last)
        try wait(for: last)
        condition.lock()
        defer { condition.unlock() }
        isClosing = true
        condition.broadcast()
        while !isClosed { condition.wait() }
    }

    /// Ends with all others after an error: the first rank says what went wrong, and every rank where the first is not heard of.
    ///
    /// - Parameter report: says it.
    public func end(with error: any Error, report: () -> Void) {
        defer { halt() }
        condition.lock()
        let isEnded = self.isEnded
        // An error of this rank alone leaves operations on their way that nobody goes on with.
        for operation in operations { operation.isAbandoned = true }
        condition.unlock()
        if isEnded { return }
        let message = RankNotice.Message(rank: rank, category: error.errorCategory, message: "\(error)")
        if isFirst {
            // Launchers kill what is left as soon as one process has failed.
            report()
            try? tell(message, to: Array(1..<size), within: .seconds(10))
            return
        }
        if !RankError.isCommon(error) {
            do { try tell(message, to: [0], within: .seconds(10)) } catch { return report() }
        }
        // The first rank may be drawing or saving.
        let deadline = clock.now + timeout
        post(RankOperation(survivesFailure: true) { false })
        condition.lock()
        while !self.isEnded && clock.now < deadline { _ = condition.wait(until: Date(timeIntervalSinceNow: 0.1)) }
        let isHeard = self.isEnded
        condition.unlock()
        if !isHeard { report() }
    }

    /// Ends the thread, so that it calls nothing of MPI while the process exits.
    private func halt() {
        let deadline = Date(timeIntervalSinceNow: 1)
        condition.lock()
        defer { condition.unlock() }
        isHalted = true
        condition.broadcast()
        while !isClosed && condition.wait(until: deadline) {}
    }

    /// Sends a message to some ranks.
    private func tell(_ message: RankNotice.Message, to ranks: [Int], within limit: Duration? = nil) throws {
        let sending = RankSending(message, to: ranks)
        let operation = RankOperation(survivesFailure: true, sending.advance)
        post(operation)
        let deadline = clock.now + (limit ?? timeout)
        condition.lock()
        defer { condition.unlock() }
        while !operation.isDone {
            guard clock.now < deadline else { throw RankError.silent(seconds: Int(timeout.components.seconds), step: step) }
            _ = condition.wait(until: Date(timeIntervalSinceNow: 0.1))
        }
    }
}
