import Tensors

/// Images as tokens.
public enum ImageTokens: Sendable {
    /// Continuous tokens [batch, K, D].
    case latents(Tensor)
    /// Entries of a codebook, K to an image.
    case indices([[Int32]])

    /// The number of images.
    public var count: Int {
        switch self {
        case .latents(let latents): latents.shape.first ?? 0
        case .indices(let indices): indices.count
        }
    }

    fileprivate var kind: String {
        switch self {
        case .latents: "latents"
        case .indices: "integer tokens"
        }
    }
}

/// The hidden states of a caption that guide a decoder.
public struct TextGuidanceShape: Sendable, Hashable {
    /// Positions of the text.
    public let contextLength: Int
    /// Numbers of a position's hidden state.
    public let width: Int

    public init(contextLength: Int, width: Int) {
        self.contextLength = contextLength
        self.width = width
    }
}

/// A tokenizer between square images and a fixed number of tokens, of whichever architecture.
public protocol ImageTokenization: Sendable {
    /// The side of the images, in pixels.
    var imageSize: Int { get }
    /// [K, D]: tokens of an image and numbers of a token's vector.
    var latentShape: [Int] { get }
    /// The entries of the codebook; nil where tokens are continuous.
    var codebookSize: Int? { get }
    /// What guides the decoder; nil where nothing does.
    var textGuidance: TextGuidanceShape? { get }
    /// How the official code turns this tokenizer's output into bytes.
    var byteRounding: ByteRounding { get }

    /// The tokens of images [batch, 3, side, side] in 0...1: codebook entries, or the mean of the latents' posterior.
    ///
    /// - Throws: `ImageTokenizerError.imageShape`.
    func tokenize(_ images: Tensor) throws -> ImageTokens

    /// Images [batch, 3, side, side], nominally in 0...1 and not clamped, from tokens and, where the decoder is guided,
    /// the hidden states of their captions [batch, positions, width].
    ///
    /// - Throws: `ImageTokenizerError` where the tokens or the text do not fit the tokenizer.
    func detokenize(_ tokens: ImageTokens, guidedBy text: Tensor?) throws -> Tensor
}

extension ImageTokenization {
    /// Whether `detokenize` needs the hidden states of a caption.
    public var needsTextGuidance: Bool { textGuidance != nil }

    /// Images without guidance.
    public func detokenize(_ tokens: ImageTokens) throws -> Tensor { try detokenize(tokens, guidedBy: nil) }

    func check(images: Tensor) throws {
        let expected = [-1, 3, imageSize, imageSize]
        guard images.rank == 4, images.shape[1...] == expected[1...] else {
            throw ImageTokenizerError.imageShape(found: images.shape, expected: expected)
        }
    }

    func checkedLatents(_ tokens: ImageTokens) throws -> Tensor {
        guard codebookSize == nil, case .latents(let latents) = tokens else {
            throw ImageTokenizerError.tokenKind(
                found: tokens.kind, expected: codebookSize == nil ? "latents" : "integer tokens")
        }
        guard latents.rank == 3, latents.shape[1...] == latentShape[...] else {
            throw ImageTokenizerError.tokenShape(found: latents.shape, expected: [-1] + latentShape)
        }
        return latents
    }

    func checkedIndices(_ tokens: ImageTokens) throws -> [[Int32]] {
        guard let codebookSize, case .indices(let indices) = tokens else {
            throw ImageTokenizerError.tokenKind(
                found: tokens.kind, expected: codebookSize == nil ? "latents" : "integer tokens")
        }
        for (image, row) in indices.enumerated() {
            guard row.count == latentShape[0] else {
                throw ImageTokenizerError.tokenShape(found: [indices.count, row.count], expected: [-1, latentShape[0]])
            }
            for (position, token) in row.enumerated() where token < 0 || Int(token) >= codebookSize {
                throw ImageTokenizerError.tokenOutOfRange(
                    image: image, position: position, token: Int(token), codebookSize: codebookSize)
            }
        }
        return indices
    }

    /// The text that guides `count` images; nil where the decoder is not guided, whatever was given.
    func checkedText(_ text: Tensor?, count: Int) throws -> Tensor? {
        guard let textGuidance else { return nil }
        guard let text else { throw ImageTokenizerError.missingTextGuidance }
        let expected = [count, textGuidance.contextLength, textGuidance.width]
        guard text.shape == expected else { throw ImageTokenizerError.textShape(found: text.shape, expected: expected) }
        return text
    }
}
