import Files

/// What is wrong with what an image tokenizer was given.
public enum ImageTokenizerError: Equatable, Sendable, CategorizedError {
    /// Images of another shape than [batch, 3, side, side].
    case imageShape(found: [Int], expected: [Int])
    /// Latents for a tokenizer of integer tokens, or the other way round.
    case tokenKind(found: String, expected: String)
    /// Tokens of another shape; a -1 stands for any number.
    case tokenShape(found: [Int], expected: [Int])
    /// A number of tokens that the tokenizer does not take, where it takes several.
    case tokenCount(found: Int, expected: ClosedRange<Int>)
    /// An integer token that the codebook does not have: token `position` of image `image`.
    case tokenOutOfRange(image: Int, position: Int, token: Int, codebookSize: Int)
    /// A number of the tokens, or of the image that they stand for, is infinite or not a number.
    case notFinite(what: String, value: Float)
    /// The decoder is guided by a caption and none was given.
    case missingTextGuidance
    /// Hidden states of a caption in another shape; a -1 stands for any number.
    case textShape(found: [Int], expected: [Int])
    /// The tokenizer ends in codes of a MaskGIT-VQGAN, whose pixel decoder it does not hold.
    case noPixelDecoder
    /// A configuration from which no model can be built.
    case badConfiguration(String)
    /// A checkpoint of something else than what was asked for.
    case otherArchitecture(file: String, expected: String, found: String)
    /// A checkpoint that looks like an architecture, of which something cannot be inferred from it.
    case undetermined(file: String, architecture: String, reason: String)
}

extension ImageTokenizerError {
    public var category: ErrorCategory { .data }

    public var description: String {
        func text(_ shape: [Int]) -> String {
            "[" + shape.map { $0 < 0 ? "any" : String($0) }.joined(separator: ", ") + "]"
        }
        return switch self {
        case .imageShape(let found, let expected): "images of shape \(text(found)), expected \(text(expected))"
        case .tokenKind(let found, let expected): "\(found) for a tokenizer of \(expected)"
        case .tokenShape(let found, let expected): "tokens of shape \(text(found)), expected \(text(expected))"
        case .tokenCount(let found, let expected):
            "\(found) tokens, expected \(expected.lowerBound) to \(expected.upperBound)"
        case .tokenOutOfRange(let image, let position, let token, let size):
            "token \(position) of image \(image) is \(token), expected 0 to \(size - 1)"
        case .notFinite(let what, let value): "\(what) is \(value), expected finite values: the tokens or the weights are damaged"
        case .missingTextGuidance: "this tokenizer's decoder is guided by a caption, and none was given"
        case .textShape(let found, let expected): "a caption's states of shape \(text(found)), expected \(text(expected))"
        case .noPixelDecoder:
            "this tokenizer ends in codes of a MaskGIT-VQGAN, and the checkpoint does not hold its pixel decoder"
        case .badConfiguration(let problem): problem
        case .otherArchitecture(let file, let expected, let found): "\(file): expected \(expected), found \(found)"
        case .undetermined(let file, let architecture, let reason): "\(file): looks like \(architecture), but \(reason)"
        }
    }
}
