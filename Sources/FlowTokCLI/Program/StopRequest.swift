import Foundation
import Synchronization

private let stopSignal = Atomic<Int32>(0)

/// Ctrl-C, SIGTERM and a terminal that goes away (SIGHUP) turned into a request that a run answers after its current step. A
/// second signal ends the process at once.
enum StopRequest {
    /// Starts listening.
    static func install() {
        // A process that was started from another's worker thread inherits signals that are blocked.
        var unblocked = sigset_t()
        sigemptyset(&unblocked)
        // A handler must not be the first to touch the variable: making it takes a lock.
        _ = received
        for number in [SIGINT, SIGTERM, SIGHUP] {
            // nohup has this one ignored, so that the work goes on.
            if number == SIGHUP, isIgnored(number) { continue }
            sigaddset(&unblocked, number)
            signal(number) { received in
                let earlier = stopSignal.exchange(received, ordering: .relaxed)
                // A terminal that closes sends two of them, and nobody waits there any more.
                if earlier != 0, received != SIGHUP { _exit(128 + received) }
            }
        }
        pthread_sigmask(SIG_UNBLOCK, &unblocked, nil)
    }

    private static func isIgnored(_ number: Int32) -> Bool {
        var action = sigaction()
        guard sigaction(number, nil, &action) == 0 else { return false }
        #if os(Linux)
        return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == 1
        #else
        return unsafeBitCast(action.__sigaction_u.__sa_handler, to: Int.self) == 1
        #endif
    }

    /// The signal that asked for the stop, or nil.
    static var received: Int32? {
        let number = stopSignal.load(ordering: .relaxed)
        return number == 0 ? nil : number
    }
}
