import Files
import Foundation

/// What can go wrong between a request and its result.
public enum FlowTokError: Equatable, Sendable, CategorizedError {
    /// The prompt holds nothing but white space.
    case emptyPrompt
    /// A setting of a request is out of range: its name, what was given and what is expected.
    case badSetting(name: String, given: String, expected: String)
    /// No model folder at a path, or none of the places where the default model is looked for.
    case modelNotFound(path: String)
    /// A file of a model folder is missing.
    case missingFile(folder: String, file: String)
    /// A file of a model folder cannot be used.
    case unusableModel(file: String, reason: String)
    /// Tokens of another shape than the model's.
    case tokenShape(found: [Int], expected: [Int])
    /// Tokens that another model made.
    case foreignTokens(file: String, model: TokenizerIdentity, expected: TokenizerIdentity)
    /// A file that holds no tokens of a picture, or such as the model has none.
    case unusableTokens(file: String, reason: String)
    /// The model of this name only draws: it has no text decoder.
    case cannotCaption(model: String)
    /// Files that form no model together.
    case unusableFiles(String)
    /// Files that form no model as long as others are missing.
    case incompleteFiles(String)
    /// The request was cancelled.
    case cancelled

    public var description: String {
        switch self {
        case .emptyPrompt: "the prompt is empty: expected some words, such as \"a red fox\""
        case .badSetting(let name, let given, let expected): "\(name) is \(given), expected \(expected)"
        case .modelNotFound(let path): "no model at \(path): expected a folder with config.json, model.safetensors and tokenizer.model"
        case .missingFile(let folder, let file): "the model folder \(folder) has no \(file)"
        case .unusableModel(let file, let reason): "\(file): \(reason)"
        case .tokenShape(let found, let expected): "tokens of shape \(found), expected \(expected)"
        case .foreignTokens(let file, let model, let expected):
            "\(file) holds tokens of the model \"\(model.description(beside: expected)), which \"\(expected.description(beside: model)) cannot decode"
        case .unusableTokens(let file, let reason): "\(file): \(reason)"
        case .cannotCaption(let model):
            "the model \"\(model)\" has no text decoder: it draws captions and cannot write them, expected a model for both directions"
        case .unusableFiles(let reason): reason
        case .incompleteFiles(let reason): reason
        case .cancelled: "cancelled"
        }
    }

    public var category: ErrorCategory {
        switch self {
        case .emptyPrompt, .badSetting: .usage
        case .modelNotFound, .missingFile, .incompleteFiles: .missing
        case .unusableModel, .tokenShape, .foreignTokens, .unusableTokens, .cannotCaption, .unusableFiles: .data
        case .cancelled: .cancelled
        }
    }
}
