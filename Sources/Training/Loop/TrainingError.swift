import Checkpoints
import Files
import FlowTok
import Foundation
import Layers
import TextTokenizers

/// What can go wrong in a training run. Every message is one line that names the file or folder in question.
public enum TrainingError: Equatable, Sendable, CategorizedError {
    /// A file that must be there is not.
    case missingFile(path: String)
    /// A checkpoint cannot be used.
    case unusableCheckpoint(path: String, reason: String)
    /// The configuration of a run that is resumed differs at a key that decides what the run computes.
    case configurationChanged(path: String, key: String, stored: String, given: String)
    /// A run folder already holds a run, and it was not said to resume it.
    case runExists(folder: String)
    /// There is nothing to resume.
    case nothingToResume(folder: String)
    /// Another process trains in the folder at present.
    case folderInUse(folder: String)
    /// A run folder cannot be made.
    case unwritableFolder(folder: String, reason: String)
    /// A folder or a file holds a model of another kind than is needed.
    case otherKind(path: String, found: String, expected: String)
    /// The data are missing or empty.
    case noData(path: String, reason: String)
    /// The loss or the gradient is not finite for many steps in a row.
    case diverged(step: Int)
    /// A setting that means nothing for what is trained.
    case unusableSetting(name: String, reason: String)

    public var description: String {
        switch self {
        case .missingFile(let path): "\(path): no such file"
        case .unusableCheckpoint(let path, let reason): "\(path): \(reason)"
        case .configurationChanged(let path, let key, let stored, let given):
            "\(path): the run was made with \(key) \(stored), which is now \(given): put it back to resume, or start another run"
        case .runExists(let folder): "\(folder) already holds a run: pass --resume to go on with it, or name another folder"
        case .nothingToResume(let folder): "\(folder) holds no checkpoint to resume from"
        case .folderInUse(let folder): "\(folder) is in use: another process trains in it"
        case .unwritableFolder(let folder, let reason): "\(folder): cannot be made: \(reason)"
        case .otherKind(let path, let found, let expected): "\(path): it is of \(found), expected \(expected)"
        case .noData(let path, let reason): "\(path): \(reason)"
        case .unusableSetting(let name, let reason): "\(name): \(reason)"
        case .diverged(let step): "training diverged: the loss has not been finite since step \(step)"
        }
    }

    public var category: ErrorCategory {
        switch self {
        case .runExists: .usage
        case .nothingToResume, .missingFile: .missing
        default: .data
        }
    }
}
