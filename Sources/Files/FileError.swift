import Foundation

/// Whose fault an error is, and so what a program does about it: the command line ends with a status of its own for each.
public enum ErrorCategory: Sendable {
    /// The request was wrong: a setting out of range, an empty prompt.
    case usage
    /// An input is not what it should be, or an output cannot be written.
    case data
    /// A file, folder or model is not there.
    case missing
    /// The work was stopped by whoever asked for it.
    case cancelled
    /// A fault of this package.
    case internalFault
}

/// An error that knows its category. All errors of this package do; each describes itself in one line that says what was
/// expected, what was found, and where.
public protocol CategorizedError: Error, CustomStringConvertible, LocalizedError {
    var category: ErrorCategory { get }
}

extension CategorizedError {
    public var errorDescription: String? { description }
    public var failureReason: String? { nil }
    public var recoverySuggestion: String? { nil }
    public var helpAnchor: String? { nil }
}

extension Error {
    /// The category of any error: that of a `CategorizedError`, `.cancelled` for Swift's own `CancellationError`, and
    /// `.internalFault` for whatever else got out.
    public var errorCategory: ErrorCategory {
        switch self {
        case let error as any CategorizedError: error.category
        case is CancellationError: .cancelled
        default: .internalFault
        }
    }
}

/// Why a file could not be read or written.
public enum FileError: Equatable, Sendable, CategorizedError {
    /// There is no file at `path`.
    case missing(path: String)
    /// The system refused to open, map or read the file.
    case unreadable(path: String, reason: String)
    /// The path names a folder, a named pipe, a device or a socket; `found` says which, with its article.
    case notRegular(path: String, found: String)
    /// The file has more bytes than are read into memory.
    case tooLarge(path: String, bytes: Int, limit: Int)
    /// The file could not be created, written, flushed or put in its place; what was there before is untouched.
    case unwritable(path: String, reason: String)
    /// A file at `path` would replace one that the program was given to read.
    case replacesInput(path: String, input: String)
    /// There is a file at `path` that is not to be replaced.
    case exists(path: String)
    /// The contents are not what they should be: gzip or JSON that is damaged, or JSON of another shape than expected.
    case malformed(path: String, reason: String)

    public var category: ErrorCategory {
        switch self {
        case .missing: .missing
        case .replacesInput, .exists: .usage
        default: .data
        }
    }

    public var description: String {
        switch self {
        case .missing(let path): "\(FilePath.shown(path)): no such file"
        case .unreadable(let path, let reason): "\(FilePath.shown(path)): cannot be read: \(reason)"
        case .notRegular(let path, let found): "\(FilePath.shown(path)): is \(found), expected a file"
        case .tooLarge(let path, let bytes, let limit):
            "\(FilePath.shown(path)): has \(bytes) bytes, expected at most \(limit)"
        case .unwritable(let path, let reason): "\(FilePath.shown(path)): cannot be written: \(reason)"
        case .replacesInput(let path, let input):
            path == input
                ? "\(FilePath.shown(path)): would be written over, and is an input of this command: expected another output"
                : "\(FilePath.shown(path)): is the input \(FilePath.shown(input)), which would be written over: expected another output"
        case .exists(let path): "\(FilePath.shown(path)): is there already and is not replaced, expected another name"
        case .malformed(let path, let reason): "\(FilePath.shown(path)): \(reason)"
        }
    }
}

/// The system's words for an error number.
package func systemMessage(_ code: Int32) -> String {
    String(cString: strerror(code))
}
