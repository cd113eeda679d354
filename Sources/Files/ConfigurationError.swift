/// What is wrong with a configuration file that a person wrote.
public enum ConfigurationError: Equatable, Sendable, CategorizedError {
    /// It cannot be used; the reason names the key.
    case badConfiguration(file: String, reason: String)
    /// What a key of it names (a folder of data, a vocabulary, a model) is missing or cannot be used.
    case unusableInput(file: String, key: String, reason: String, isMissing: Bool)

    public var category: ErrorCategory {
        if case .unusableInput(_, _, _, isMissing: true) = self { .missing } else { .data }
    }

    public var description: String {
        switch self {
        case .badConfiguration(let file, let reason): "\(FilePath.shown(file)): \(reason)"
        case .unusableInput(let file, let key, let reason, _): "\(FilePath.shown(file)): \(key): \(reason)"
        }
    }

    /// Runs `body`; an error of it becomes one that names the file and the key of the configuration that asked for it.
    ///
    /// - Throws: `.unusableInput`.
    package static func reading<Result>(_ key: String, of file: String, _ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch {
            throw ConfigurationError.unusableInput(
                file: file, key: key, reason: "\(error)", isMissing: error.errorCategory == .missing)
        }
    }
}
