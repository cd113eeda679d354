import Foundation

/// What can go wrong in a training run.
public enum TrainingError: Error, Equatable, CustomStringConvertible, LocalizedError {
    /// There is no file at a path.
    case missingFile(path: String)
    /// A configuration cannot be used.
    case badConfiguration(file: String, reason: String)
    /// A checkpoint cannot be used.
    case unusableCheckpoint(path: String, reason: String)
    /// A run folder already holds a run, and it was not said to resume it.
    case runExists(folder: String)
    /// There is nothing to resume.
    case nothingToResume(folder: String)
    /// The data are missing or empty.
    case noData(path: String, reason: String)
    /// The loss or the gradient is not finite for many steps in a row.
    case diverged(step: Int)

    public var description: String {
        switch self {
        case .missingFile(let path): "\(path): no such file"
        case .badConfiguration(let file, let reason): "\(file): \(reason)"
        case .unusableCheckpoint(let path, let reason): "\(path): \(reason)"
        case .runExists(let folder): "\(folder) already holds a run: pass --resume to go on with it, or name another folder"
        case .nothingToResume(let folder): "\(folder) holds no checkpoint to resume from"
        case .noData(let path, let reason): "\(path): \(reason)"
        case .diverged(let step): "training diverged: the loss has not been finite since step \(step)"
        }
    }

    public var errorDescription: String? { description }
}
