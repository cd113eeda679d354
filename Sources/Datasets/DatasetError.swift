import Files

/// What can go wrong while a dataset is built, read or composed.
public enum DatasetError: Equatable, Sendable, CategorizedError {
    /// A folder or file that must exist does not.
    case missing(path: String, hint: String)
    /// A file exists and cannot be read or written.
    case unreadable(path: String, reason: String)
    /// A file could not be written whole; nothing of it was left behind.
    case unwritable(path: String, reason: String)
    /// A tar archive breaks a rule: `reason` says which, `offset` where in the file.
    case badArchive(path: String, offset: Int, reason: String)
    /// A record (JSON, XML, dictionary line) does not say what it should.
    case badRecord(path: String, reason: String)
    /// Pictures, captions or shards of a data set are damaged: `count` of so many, with what is wrong with the first.
    case damaged(path: String, count: Int, of: Int, files: String)
    /// A folder holds nothing that can be trained on.
    case empty(path: String, expected: String)
    /// Classes were asked for of which the data set has no picture, or of pictures without classes.
    case missingClasses(path: String, reason: String)
    /// A program that the builder needs is not installed.
    case missingProgram(name: String, package: String)
    /// Scenes were asked for of a configuration whose data are images.
    case noScenes(file: String)
    /// A configuration that cannot produce a scene.
    case badConfiguration(reason: String)

    public var description: String {
        switch self {
        case .missing(let path, let hint): "\(path): not found; \(hint)"
        case .unreadable(let path, let reason): "\(path): cannot be read: \(reason)"
        case .unwritable(let path, let reason): "\(path): cannot be written: \(reason)"
        case .badArchive(let path, let offset, let reason): "\(path): bad tar archive at byte \(offset): \(reason)"
        case .badRecord(let path, let reason): "\(path): \(reason)"
        case .damaged(let path, let count, let all, let files):
            "\(path): \(count) of \(all) are damaged: \(files); mend or remove them, or say \"skip_bad\": true in \"data\" to train without them"
        case .empty(let path, let expected): "\(path): holds no \(expected)"
        case .missingClasses(let path, let reason): "\(path): \(reason)"
        case .missingProgram(let name, let package): "the program \(name) is not installed (Debian package \(package))"
        case .noScenes(let file): "\(file): data.images has no scenes, expected data.sprites"
        case .badConfiguration(let reason): "scene configuration: \(reason)"
        }
    }

    public var category: ErrorCategory {
        switch self {
        case .missing, .missingProgram: .missing
        case .noScenes: .usage
        default: .data
        }
    }
}
