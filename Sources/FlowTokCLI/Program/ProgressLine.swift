import Files
import Foundation
import Synchronization

/// A line on standard error that tells how far something is: a bar at a terminal, which is redrawn in place, and plain
/// lines elsewhere where that is wanted.
final class ProgressLine: Sendable {
    /// Whether standard error is a terminal that can redraw a line.
    static let isTerminal = isatty(STDERR_FILENO) == 1 && ProcessInfo.processInfo.environment["TERM"] != "dumb"

    private struct State {
        var isShown = false
        var last = Date.distantPast
    }

    let isTerminal = ProgressLine.isTerminal
    private let isEnabled: Bool
    private let state = Mutex(State())

    /// - Parameters:
    ///   - enabled: whether anything is shown at all.
    ///   - onlyOnTerminal: whether nothing is shown where standard error is a file or a pipe.
    init(enabled: Bool, onlyOnTerminal: Bool = false) {
        isEnabled = enabled && (isTerminal || !onlyOnTerminal)
        current.withLock { $0 = self }
    }

    /// Shows a share of 0 to 1, and what it is a share of. A terminal gets at most twenty pictures a second.
    func show(_ fraction: Double, _ text: String) {
        guard isEnabled else { return }
        state.withLock { state in
            guard isTerminal else {
                write(text + "\n")
                return
            }
            let now = Date()
            guard now.timeIntervalSince(state.last) >= 0.05 else { return }
            state.last = now
            state.isShown = true
            let cells = 24
            let full = Int((min(max(fraction, 0), 1) * Double(cells)).rounded(.down))
            let bar = String(repeating: "█", count: full) + String(repeating: "░", count: cells - full)
            write("\r\(bar) \(text)\u{1B}[K")
        }
    }

    /// Removes the bar.
    func finish() {
        state.withLock { state in
            if state.isShown { write("\r\u{1B}[K") }
            state.isShown = false
            state.last = .distantPast
        }
    }

    /// Removes the bar that is shown at present, so that a message can take its place.
    static func clearCurrent() {
        current.withLock { $0 }?.finish()
    }

    /// A time in the two units that matter: "45 s", "3 min 20 s", "2 h 5 min".
    static func duration(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds < 1e9 else { return "?" }
        let whole = Int(max(0, seconds).rounded())
        if whole < 60 { return "\(whole) s" }
        if whole < 3600 { return "\(whole / 60) min \(whole % 60) s" }
        return "\(whole / 3600) h \(whole % 3600 / 60) min"
    }

    private func write(_ text: String) {
        _ = StandardStream.write(text, to: STDERR_FILENO)
    }
}

/// The line made last.
private let current = Mutex<ProgressLine?>(nil)
