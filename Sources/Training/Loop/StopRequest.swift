import Foundation
import Synchronization

private let stopSignal = Atomic<Int32>(0)

/// Ctrl-C and SIGTERM turned into a request that a run answers after its current step. A second signal ends the process
/// at once.
public enum StopRequest {
    /// Starts listening.
    public static func install() {
        // A process that was started from another's worker thread inherits signals that are blocked.
        var unblocked = sigset_t()
        sigemptyset(&unblocked)
        // A handler must not be the first to touch the variable: making it takes a lock.
        _ = received
        for number in [SIGINT, SIGTERM] {
            sigaddset(&unblocked, number)
            signal(number) { received in
                if stopSignal.exchange(received, ordering: .relaxed) != 0 { _exit(128 + received) }
            }
        }
        pthread_sigmask(SIG_UNBLOCK, &unblocked, nil)
    }

    /// The signal that asked for the stop, or nil.
    public static var received: Int32? {
        let number = stopSignal.load(ordering: .relaxed)
        return number == 0 ? nil : number
    }
}
