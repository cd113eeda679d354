import Files
import Foundation
import Synchronization

/// Standard output for results, standard error for everything else. All that the program prints goes through here, and either
/// stream may be closed, full, or read by nobody.
enum Console {
    /// Why standard output took no more, as an error number; 0 where it took everything.
    private static let failure = Atomic<Int32>(0)
    /// Whether standard output belongs to a file that the command writes.
    private static let isTaken = Atomic<Bool>(false)

    /// Prints one line of results, at once: whoever reads line by line waits for it.
    static func print(_ line: String) {
        if isTaken.load(ordering: .relaxed) {
            ProgressLine.clearCurrent()
            _ = StandardStream.write(line + "\n", to: STDERR_FILENO)
        } else if let code = StandardStream.write(line + "\n", to: STDOUT_FILENO) {
            failure.store(code, ordering: .relaxed)
        }
    }

    /// Prints `value` as one line of JSON.
    static func print(json value: some Encodable) throws { print(try JSONLine.text(value)) }

    /// Prints a line that nothing depends on: that it does not arrive is no failure of the command.
    static func mention(_ line: String) {
        _ = StandardStream.write(line + "\n", to: isTaken.load(ordering: .relaxed) ? STDERR_FILENO : STDOUT_FILENO)
    }

    /// Sends results to standard error from now on, since standard output takes a file.
    static func leaveStandardOutput() { isTaken.store(true, ordering: .relaxed) }

    /// Whether nothing more that is printed arrives.
    static var isBroken: Bool { failure.load(ordering: .relaxed) != 0 }

    /// Says something on standard error: a message for people, in one line.
    static func report(_ message: String) {
        ProgressLine.clearCurrent()
        _ = StandardStream.write("flowtok: \(message.onOneLine)\n", to: STDERR_FILENO)
    }

    /// Reports what is strange and no error, each line once: what is found when a model is opened, and what only when its
    /// parts are used.
    static func warn(_ warnings: [String]) {
        for warning in warnings where warned.withLock({ $0.insert(warning).inserted }) { report("warning: \(warning)") }
    }

    /// Prints warnings once the command has done its work: where that fails, the error says what the warnings would.
    static func warnWhenDone(_ warnings: @escaping @Sendable () -> [String]) {
        pending.withLock { $0.append(warnings) }
    }

    /// Prints what was put off.
    static func warnPending() {
        for warnings in pending.withLock({ $0 }) { warn(warnings()) }
    }

    private static let pending = Mutex<[@Sendable () -> [String]]>([])
    private static let warned = Mutex<Set<String>>([])

    /// Throws where something that was printed did not arrive.
    static func finish() throws {
        let code = failure.load(ordering: .relaxed)
        guard code != 0 else { return }
        throw Failure(.data, "standard output cannot be written: \(String(cString: strerror(code)))")
    }
}

/// Values as lines of JSON.
enum JSONLine {
    static func text(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Figures that JSON cannot say, such as the PSNR of equal pictures.
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}
