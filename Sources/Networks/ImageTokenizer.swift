public import Sampling
import Tensors

/// Images as tokens.
public enum ImageTokens: Sendable {
    /// Continuous tokens [batch, K, D].
    case latents(Tensor)
    /// Entries of a codebook, a row to an image: K of them, or K·channels, token after token, where a token has several.
    case indices([[Int32]])

    /// The number of images.
    public var count: Int {
        switch self {
        case .latents(let latents): latents.shape.first ?? 0
        case .indices(let indices): indices.count
        }
    }

    /// The latents [batch, K, D]; nil where the tokens are entries of a codebook.
    public var latents: Tensor? {
        if case .latents(let latents) = self { latents } else { nil }
    }

    /// The first `count` tokens of every image: of tokenizers of which any prefix decodes.
    ///
    /// - Parameter channels: codes of a token.
    public func prefix(_ count: Int, channels: Int = 1) -> ImageTokens {
        switch self {
        case .latents(let latents): .latents(latents.sliced(axis: 1, 0..<min(count, latents.shape[1])))
        case .indices(let indices): .indices(indices.map { Array($0.prefix(count * channels)) })
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

/// What the tokens of an image are.
public struct TokenShape: Sendable, Hashable {
    /// What a token is made of.
    public enum Values: Sendable, Hashable {
        /// This many numbers.
        case latents(channels: Int)
        /// Entries of a codebook of `size`, `channels` to a token.
        case codes(size: Int, channels: Int = 1)
    }

    /// How many tokens an image may have; most tokenizers have a fixed number.
    public let counts: ClosedRange<Int>
    public let values: Values

    public init(counts: ClosedRange<Int>, values: Values) {
        self.counts = counts
        self.values = values
    }

    /// The fewest tokens, twice as many, four times as many, …, and the most.
    public var doublingCounts: [Int] {
        sequence(first: counts.lowerBound) { $0 < counts.upperBound ? min(2 * $0, counts.upperBound) : nil }.map { $0 }
    }

    /// Always `count` tokens.
    public init(count: Int, values: Values) { self.init(counts: count...count, values: values) }

    /// K, the most tokens of an image.
    public var count: Int { counts.upperBound }

    /// The entries of the codebook; nil where tokens are continuous.
    public var codebookSize: Int? {
        if case .codes(let size, _) = values { size } else { nil }
    }

    /// The numbers, or codes, of a token.
    public var channels: Int {
        switch values {
        case .latents(let channels), .codes(_, let channels): channels
        }
    }

    /// "32 tokens of 4096 codes", "1 to 256 tokens of 64000 codes", "77 tokens of 16 numbers".
    public var summary: String {
        let number = counts.count == 1 ? "\(count)" : "\(counts.lowerBound) to \(count)"
        let tokens = number + (counts == 1...1 ? " token" : " tokens")
        return switch values {
        case .latents(let channels): "\(tokens) of \(channels) numbers"
        case .codes(let size, 1): "\(tokens) of \(size) codes"
        case .codes(let size, let channels): "\(tokens) of \(channels) codes of \(size)"
        }
    }
}

/// How a decoder that is a flow or a diffusion itself makes pixels.
public struct DecoderSettings: Sendable, Hashable {
    public var steps: Int
    /// How closely the tokens are followed; 1 is without guidance.
    public var guidance: Double
    public var method: GuidanceMethod

    public init(steps: Int, guidance: Double, method: GuidanceMethod) {
        self.steps = steps
        self.guidance = guidance
        self.method = method
    }
}

/// How tokens become pixels where there is a choice: a decoder that is a flow or a diffusion itself. Others ignore it. What
/// is nil is as published.
public struct DecodeOptions: Sendable, Hashable {
    /// The noise that a decoder starts from: the same seed gives the same image.
    public var seed: UInt64
    public var steps: Int?
    public var guidance: Double?
    public var method: GuidanceMethod?
    /// Where the noise comes from that a seed stands for.
    public var rng: NoiseGenerator

    public init(
        seed: UInt64 = 0, steps: Int? = nil, guidance: Double? = nil, method: GuidanceMethod? = nil,
        rng: NoiseGenerator = .philox
    ) {
        self.seed = seed
        self.steps = steps
        self.guidance = guidance
        self.method = method
        self.rng = rng
    }

    /// These options over the published settings of a decoder.
    public func settings(over published: DecoderSettings) -> DecoderSettings {
        DecoderSettings(
            steps: max(1, steps ?? published.steps), guidance: guidance ?? published.guidance, method: method ?? published.method)
    }
}

/// How an image becomes the square that a tokenizer sees.
public enum ImageFraming: Sendable, Hashable {
    /// How pixels are resized.
    public enum Resampling: Sendable, Hashable {
        case bilinear
        case bicubic
    }

    /// The shorter edge is resized to the square's side, and the middle is kept.
    case shorterEdge(Resampling)
    /// The same, bicubically, after halving the image as often as it stays larger, as in OpenAI's code for ImageNet.
    case halved
}

/// A tokenizer between square images and tokens, of whichever architecture.
public protocol ImageTokenizer: Sendable {
    /// The side of the images, in pixels.
    var imageSize: Int { get }
    var tokens: TokenShape { get }
    /// What guides the decoder; nil where nothing does.
    var textGuidance: TextGuidanceShape? { get }
    /// How the official code turns this tokenizer's output into bytes.
    var byteRounding: ByteRounding { get }
    /// How the official code makes a square of an image; unless the tokenizer says otherwise, the shorter edge is resized
    /// bicubically.
    var framing: ImageFraming { get }
    /// The published settings of a decoder that takes several steps; nil where one evaluation makes the image.
    var decoderSettings: DecoderSettings? { get }

    /// The tokens of images [batch, 3, side, side] in 0...1: codebook entries, or the mean of the latents' posterior.
    ///
    /// - Throws: `ImageTokenizerError.imageShape`.
    func tokenize(_ images: Tensor) throws -> ImageTokens

    /// Images [batch, 3, side, side], nominally in 0...1 and not clamped, from tokens and, where the decoder is guided,
    /// the hidden states of their captions [batch, positions, width].
    ///
    /// - Parameter progress: called after every step of a decoder that takes several; throws to cancel.
    /// - Throws: `ImageTokenizerError` where the tokens or the text do not fit the tokenizer, and what `progress` throws.
    func detokenize(
        _ tokens: ImageTokens, guidedBy text: Tensor?, options: DecodeOptions, progress: (GenerationStep) throws -> Void
    ) throws -> Tensor
}

extension ImageTokenizer {
    public var framing: ImageFraming { .shorterEdge(.bicubic) }
    public var decoderSettings: DecoderSettings? { nil }

    /// Whether `detokenize` needs the hidden states of a caption.
    public var needsTextGuidance: Bool { textGuidance != nil }

    /// Images from tokens with the published settings.
    public func detokenize(_ tokens: ImageTokens, guidedBy text: Tensor? = nil) throws -> Tensor {
        try detokenize(tokens, guidedBy: text, options: DecodeOptions()) { _ in }
    }

    func check(images: Tensor) throws {
        let expected = [-1, 3, imageSize, imageSize]
        guard images.rank == 4, images.shape[1...] == expected[1...] else {
            throw ImageTokenizerError.imageShape(found: images.shape, expected: expected)
        }
    }

    /// Latents of this tokenizer's shape.
    func checkedLatents(_ given: ImageTokens) throws -> Tensor {
        guard case .latents(let channels) = tokens.values, case .latents(let latents) = given else {
            throw ImageTokenizerError.tokenKind(
                found: given.kind, expected: tokens.codebookSize == nil ? "latents" : "integer tokens")
        }
        if latents.rank == 3, latents.shape[2] == channels, tokens.counts.count > 1, !tokens.counts.contains(latents.shape[1]) {
            throw ImageTokenizerError.tokenCount(found: latents.shape[1], expected: tokens.counts)
        }
        guard latents.rank == 3, tokens.counts.contains(latents.shape[1]), latents.shape[2] == channels else {
            throw ImageTokenizerError.tokenShape(found: latents.shape, expected: [-1, tokens.count, channels])
        }
        if let place = latents.firstNonFinite {
            throw ImageTokenizerError.notFinite(
                what: "number \(place % channels) of token \(place / channels % latents.shape[1])", value: latents.values[place])
        }
        return latents
    }

    /// Codes of this tokenizer's number and range.
    func checkedIndices(_ given: ImageTokens) throws -> [[Int32]] {
        guard case .codes(let size, let channels) = tokens.values, case .indices(let indices) = given else {
            throw ImageTokenizerError.tokenKind(
                found: given.kind, expected: tokens.codebookSize == nil ? "latents" : "integer tokens")
        }
        for (image, row) in indices.enumerated() {
            guard row.count % channels == 0, tokens.counts.contains(row.count / channels) else {
                if tokens.counts.count > 1 {
                    throw ImageTokenizerError.tokenCount(found: row.count / channels, expected: tokens.counts)
                }
                throw ImageTokenizerError.tokenShape(
                    found: [indices.count, row.count], expected: [-1, tokens.count * channels])
            }
            for (position, token) in row.enumerated() where token < 0 || Int(token) >= size {
                throw ImageTokenizerError.tokenOutOfRange(
                    image: image, position: position, token: Int(token), codebookSize: size)
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
