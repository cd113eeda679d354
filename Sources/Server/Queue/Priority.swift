import Foundation

/// How urgent the work of a thread is to the system.
package enum Priority {
    /// Lets the calling thread, and those that it starts, draw only while no other thread of the server wants a core: replies
    /// are short, and drawing waits for them longest by being the same to the system.
    package static func lowerForDrawing() {
        // On Linux a priority is a thread's own.
        _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 5)
    }
}
