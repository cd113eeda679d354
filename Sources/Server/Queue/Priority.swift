import Foundation

/// How urgent the work of a thread is to the system.
package enum Priority {
    /// Gives the calling thread, and those that it starts, a lower priority than those that answer: a reply takes a
    /// millisecond, and is not to wait until the system takes a core away from a thread that draws.
    package static func lowerForDrawing() {
        // On Linux a priority is a thread's own.
        _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 5)
    }
}
