import Foundation

/// Standard output for results, standard error for everything else.
enum Console {
    /// Prints one line of results.
    static func print(_ line: String) {
        fputs(line + "\n", stdout)
    }

    /// Prints `value` as one line of JSON.
    static func print(json value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Figures that JSON cannot say, such as the PSNR of equal pictures.
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        print(String(decoding: try encoder.encode(value), as: UTF8.self))
        // Whoever reads line by line waits for this one.
        fflush(stdout)
    }

    /// Says something on standard error: a message for people, in one line.
    static func report(_ message: String) {
        ProgressLine.clearCurrent()
        fflush(stdout)
        FileHandle.standardError.write(Data("flowtok: \(message.onOneLine)\n".utf8))
    }

    /// Sees to it that everything printed has arrived.
    static func finish() throws {
        guard fflush(stdout) != 0 || ferror(stdout) != 0 else { return }
        throw Failure(.data, "standard output cannot be written: \(String(cString: strerror(errno)))")
    }
}
