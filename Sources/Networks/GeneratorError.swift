import Files
import Foundation

/// What can go wrong between a request to a generator and its tokens.
public enum GeneratorError: Equatable, Sendable, CategorizedError {
    /// A setting is out of range: its name, what was given and what is expected.
    case badSetting(name: String, given: String, expected: String)
    /// No class of that name or number; `similar` are names that come close.
    case unknownClass(String, similar: [String])
    /// Several classes have that name; `classes` tells their numbers and what they are.
    case ambiguousClass(String, classes: [String])
    /// A class number that the model does not have.
    case noSuchClass(Int, count: Int)
    /// A caption for a generator of classes, or the other way round.
    case otherSubject(expected: String)
    /// A configuration that cannot be inferred from tensors, and why.
    case undetermined(String)

    public var description: String {
        switch self {
        case .badSetting(let name, let given, let expected): "\(name) is \(given), expected \(expected)"
        case .unknownClass(let given, let similar):
            "no class \"\(given)\": expected 0 to 999 or the name of an ImageNet class"
                + (similar.isEmpty ? ", such as \"golden retriever\"" : ". Did you mean \(similar.joined(separator: ", "))?")
        case .ambiguousClass(let given, let classes):
            "\"\(given)\" is the name of \(classes.count) classes: \(classes.joined(separator: "; ")). Give the number"
        case .noSuchClass(let given, let count): "no class \(given): the model has classes 0 to \(count - 1)"
        case .otherSubject(let expected): "this generator draws \(expected)"
        case .undetermined(let reason): reason
        }
    }

    public var category: ErrorCategory {
        if case .undetermined = self { .data } else { .usage }
    }
}
