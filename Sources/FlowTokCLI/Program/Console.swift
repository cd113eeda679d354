import Foundation
import Synchronization

/// Standard output for results, standard error for everything else.
enum Console {
    /// Why standard output took no more, as an error number; 0 where it took everything.
    private static let failure = Atomic<Int32>(0)

    /// Prints one line of results, at once: whoever reads line by line waits for it.
    static func print(_ line: String) {
        var rest = Array((line + "\n").utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            if count <= 0 {
                failure.store(count < 0 ? errno : EIO, ordering: .relaxed)
                return
            }
            rest = rest.dropFirst(count)
        }
    }

    /// Prints `value` as one line of JSON.
    static func print(json value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Figures that JSON cannot say, such as the PSNR of equal pictures.
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        print(String(decoding: try encoder.encode(value), as: UTF8.self))
    }

    /// Says something on standard error: a message for people, in one line.
    static func report(_ message: String) {
        ProgressLine.clearCurrent()
        FileHandle.standardError.write(Data("flowtok: \(message.onOneLine)\n".utf8))
    }

    /// Reports what is strange and no error, each line once: what is found when a model is opened, and what only when its
    /// parts are used.
    static func warn(_ warnings: [String]) {
        for warning in warnings where warned.withLock({ $0.insert(warning).inserted }) { report("warning: \(warning)") }
    }

    private static let warned = Mutex<Set<String>>([])

    /// Throws where something that was printed did not arrive.
    static func finish() throws {
        let code = failure.load(ordering: .relaxed)
        guard code != 0 else { return }
        throw Failure(.data, "standard output cannot be written: \(String(cString: strerror(code)))")
    }
}
