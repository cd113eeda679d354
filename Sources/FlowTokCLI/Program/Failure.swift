import Files
import Foundation

/// What goes to the user when a command fails: an exit status and one line.
struct Failure: Error, CustomStringConvertible {
    let status: ExitStatus
    let message: String

    init(_ status: ExitStatus, _ message: String) {
        self.status = status
        self.message = message
    }

    /// The status and the line of any error.
    init(_ error: any Error) {
        if let failure = error as? Failure {
            self = failure
        } else {
            self.init(Failure.status(of: error), Failure.text(of: error))
        }
    }

    var description: String { message.onOneLine }

    private static func text(of error: any Error) -> String {
        // The system's errors describe themselves to programmers only.
        type(of: error) is NSError.Type ? error.systemReason : String(describing: error)
    }

    private static func status(of error: any Error) -> ExitStatus {
        switch error.errorCategory {
        case .usage: .usage
        case .data: .data
        case .missing: .missing
        case .cancelled: .interrupted
        case .internalFault: .fault
        }
    }
}

extension String {
    /// The text without line breaks and other control characters, whatever a file or an argument put into it.
    var onOneLine: String {
        var line = String.UnicodeScalarView()
        for scalar in unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator:
                if line.last != " " { line.append(" ") }
            default: line.append(scalar)
            }
        }
        return String(line).trimmingSuffix(" ")
    }

    private func trimmingSuffix(_ character: Character) -> String {
        String(self[..<(lastIndex { $0 != character }.map(index(after:)) ?? startIndex)])
    }
}
