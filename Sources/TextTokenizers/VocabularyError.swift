import Files

/// What went wrong with a vocabulary, in one line: the file, what was expected and what was found.
public enum VocabularyError: Equatable, Sendable, CategorizedError {
    /// The file is not what it should be. `place` is a line, byte offset or piece number.
    case malformed(file: String, place: String, expected: String, found: String)
    /// A token id that the vocabulary does not have.
    case idOutOfRange(id: Int, count: Int, position: Int)
    /// A vocabulary cannot be trained with these sentences or options.
    case cannotTrain(reason: String)
    /// The vocabulary does not serve a model.
    case unfit(reason: String)
    /// The tokenizer failed on an input that it should have taken.
    case tokenizerFailed(reason: String)
}

extension VocabularyError {
    public var category: ErrorCategory { .data }

    /// One line, whatever the file held.
    public var description: String {
        message.unicodeScalars.reduce(into: "") { line, scalar in
            let isControl = scalar.properties.generalCategory == .control || "\u{2028}\u{2029}".unicodeScalars.contains(scalar)
            line += isControl ? "\\u{\(String(scalar.value, radix: 16))}" : String(scalar)
        }
    }

    private var message: String {
        switch self {
        case .malformed(let file, let place, let expected, let found):
            "malformed vocabulary \(file), \(place): expected \(expected), found \(found)"
        case .idOutOfRange(let id, let count, let position):
            "token id \(id) at position \(position) is outside the vocabulary: expected 0..<\(count)"
        case .cannotTrain(let reason):
            "cannot train a vocabulary: \(reason)"
        case .unfit(let reason):
            "the vocabulary does not serve this model: \(reason)"
        case .tokenizerFailed(let reason):
            "tokenizer failed: \(reason)"
        }
    }
}
