import ArgumentParser
import Files
import Foundation
import Logging

/// A log on standard error, a line an entry.
struct LineLog: LogHandler {
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case text, json
    }

    var logLevel = Logger.Level.info
    var metadata: Logger.Metadata = [:]
    private let format: Format

    init(_ format: Format) { self.format = format }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let fields = metadata.merging(event.metadata ?? [:]) { $1 }.mapValues { "\($0)" }
        let time = Date().formatted(.iso8601)
        let line: String
        switch format {
        case .text:
            let rest = fields.sorted { $0.key < $1.key }.map { " \($0.key)=\(quoted($0.value))" }.joined()
            line = "\(time) \(event.level) \(onOneLine("\(event.message)"))\(rest)"
        case .json:
            let all = fields.merging(["time": time, "level": "\(event.level)", "message": "\(event.message)"]) { $1 }
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            line = (try? encoder.encode(all)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
        }
        // One write, so that lines of several threads do not mix.
        _ = StandardStream.write(line + "\n", to: STDERR_FILENO)
    }

    private func quoted(_ value: String) -> String {
        let line = onOneLine(value)
        return line.contains(" ") || line.isEmpty ? "\"\(line)\"" : line
    }

    /// The text without control characters, which a client may have sent.
    private func onOneLine(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.map { $0.properties.generalCategory == .control ? " " : $0 }))
    }
}
