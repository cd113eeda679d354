import Checkpoints
import Foundation
import Images
import ModelFolders
import Networks
import Tensors
import TextTokenizers

/// Images to tokens and back with any image tokenizer, that of a FlowTok included.
public struct AnyImageTokenizer: Sendable {
    /// What token files record.
    public let identity: TokenizerIdentity
    public let tokenizer: any ImageTokenizer
    /// What was found strange about the files so far, without making them useless: a line each.
    public var warnings: [String] { found() }
    private let found: @Sendable () -> [String]
    /// The mean and std of the latents, where the model was published with them.
    private let statistics: LatentStatistics?
    /// Captions to the hidden states that guide the decoder; nil where nothing reads them.
    private let guidance: (@Sendable (String) throws -> Tensor)?
    /// What products are computed in; nil where the task says it.
    private let precision: Precision?

    /// The image tokenizer of a FlowTok, guided by its text encoder.
    init(_ opened: ModelFolder) {
        self.init(
            identity: TokenizerIdentity(name: opened.configuration.name), tokenizer: opened.model.imageTokenizer,
            statistics: opened.configuration.latents, warnings: { opened.warnings }
        ) { caption in opened.model.textEncoder(try opened.textTokenizer.encode(caption)) }
    }

    private init(
        identity: TokenizerIdentity, tokenizer: any ImageTokenizer, statistics: LatentStatistics? = nil,
        warnings: @escaping @Sendable () -> [String], precision: Precision? = nil,
        guidance: (@Sendable (String) throws -> Tensor)?
    ) {
        self.identity = identity
        self.tokenizer = tokenizer
        self.statistics = statistics
        found = warnings
        self.precision = precision
        self.guidance = guidance
    }

    /// The image tokenizer at a path: a folder of the hub, one that `flowtok import` described, the folder of a FlowTok, or
    /// a checkpoint alone.
    ///
    /// - Parameters:
    ///   - clip: CLIP, for a tokenizer whose decoder is guided by captions. Without it, and without one in the folder,
    ///     guidance is zeros.
    ///   - precision: what the weights are kept in, and products computed in; where nothing is said, a FlowTok's own, what a
    ///     packed model is packed as, and float32 of others.
    /// - Throws: `FlowTokError`, `ImageTokenizerError`, `WeightMismatch`, `CheckpointError` or `VocabularyError` where a
    ///   file is missing or does not hold what it should.
    public init(path: String, clip: CLIPSource? = nil, precision wanted: Precision? = nil) throws {
        if try AnyImageTokenizer.isFlowTok(path) {
            self = try FlowTok(model: path, precision: wanted).imageTokenizer
            return
        }
        let location = try TokenizerLocation(path: path)
        let checkpoint = try Checkpoint.ofModel(location.weightsFile)
        let precision = try ModelFolder.precision(wanted, of: [checkpoint]) ?? .float32
        let (tokenizer, identity) = try location.load(checkpoint, precision: precision)
        let assumed = location.warnings
        let found: @Sendable () -> [String] = { assumed + checkpoint.warnings }
        let files = try clip.map { try .clip(CLIPFiles(sources: $0.paths, activation: $0.activation)) } ?? location.text
        guard let shape = tokenizer.textGuidance, let files else {
            self.init(identity: identity, tokenizer: tokenizer, warnings: found, precision: precision, guidance: nil)
            return
        }
        let text = files.configuration
        guard (text.contextLength, text.width) == (shape.contextLength, shape.width) else {
            throw FlowTokError.unusableFiles(
                "\(location.weightsFile) reads texts of \(shape.contextLength)×\(shape.width) and \(files.weightsFile) gives \(text.contextLength)×\(text.width): they belong to different models"
            )
        }
        let encoder = try files.load(precision: precision)
        self.init(
            identity: identity, tokenizer: tokenizer, warnings: { found() + encoder.warnings() }, precision: precision,
            guidance: encoder.states)
    }

    /// Whether a path is the folder of a model that draws by itself.
    package static func isFlowTok(_ path: String) throws -> Bool {
        guard FileManager.default.fileExists(atPath: path + "/" + ModelFolder.configurationFile) else { return false }
        return try ModelFamilies.family(ofFolder: path).isFlow
    }

    /// Whether captions make a difference to `picture(of:caption:)`.
    public var readsCaptions: Bool { guidance != nil }

    /// Codes of a token; 1 where tokens are continuous.
    public var codeChannels: Int { tokenizer.tokens.codebookSize == nil ? 1 : max(1, tokenizer.tokens.channels) }

    /// The tokenizer of the latents beneath this one's codes, such as those that a rounding makes codes of which was not
    /// trained with them, and what their distribution is taken for where something says; nil where codes have none beneath
    /// them. Where tokens are continuous anyway, it is this tokenizer, and the distribution is known only where the model was
    /// published with it.
    public var continuous: (tokenizer: AnyImageTokenizer, statistics: LatentStatistics?)? {
        if let whole = tokenizer as? any TokenizerOverLatents {
            return (
                AnyImageTokenizer(
                    identity: identity, tokenizer: whole.unquantized, warnings: found, precision: precision,
                    guidance: guidance),
                whole.latentStatistics
            )
        }
        return tokenizer.tokens.codebookSize == nil ? (self, statistics) : nil
    }

    /// The side of the pictures, in pixels.
    public var imageSize: Int { tokenizer.imageSize }

    /// What the tokenizer sees of an image: resized and cropped to its square, as the official code does.
    public func square(of image: Image) -> Image {
        switch tokenizer.framing {
        case .shorterEdge(.bilinear): image.centerSquare(imageSize, filter: .bilinear)
        case .shorterEdge(.bicubic): image.centerSquare(imageSize, filter: .bicubic)
        case .halved: image.halvedCenterSquare(imageSize)
        }
    }

    /// The result of the tokenizer at its precision.
    private func computed<Result>(_ body: () throws -> Result) rethrows -> Result {
        try Precision.$current.withValue(precision ?? .current, operation: body)
    }

    /// The tokens of an image, which is resized and cropped to the tokenizer's square: codes, or the mean of the posterior
    /// over latents [1, K, D].
    ///
    /// - Throws: `ImageTokenizerError`.
    public func encode(_ image: Image) throws -> ImageTokens {
        try computed { try tokenizer.tokenize(Tensor([square(of: image)], side: imageSize)) }
    }

    /// An image from its tokens.
    ///
    /// - Parameters:
    ///   - caption: what guides the decoder of a tokenizer that captions guide. The empty caption is one like any other;
    ///     where nothing reads captions, zeros take its place.
    ///   - progress: called after every step of a decoder that takes several; throws to cancel.
    /// - Throws: `ImageTokenizerError` where the tokens are not this tokenizer's, `FlowTokError.badSetting` for a caption
    ///   that nothing can read, and what `progress` throws.
    public func decode(
        _ tokens: ImageTokens, caption: String = "", options: DecodeOptions = DecodeOptions(),
        progress: (GenerationStep) throws -> Void = { _ in }
    ) throws -> Image {
        let states: Tensor?
        if let shape = tokenizer.textGuidance {
            states = try guidance?(caption) ?? .zeros([tokens.count, shape.contextLength, shape.width])
        } else {
            states = nil
        }
        if guidance == nil, !caption.isEmpty {
            throw FlowTokError.badSetting(
                name: "the caption", given: "\"\(caption)\"",
                expected: tokenizer.needsTextGuidance
                    ? "none, since CLIP's text tower is not at hand" : "none, since nothing guides the decoder of \(identity.name)")
        }
        return try computed { try tokenizer.images(tokens, guidedBy: states, options: options, progress: progress)[0] }
    }

    /// An image from latents [1, K, D].
    ///
    /// - Throws: as `decode(_:caption:options:progress:)`.
    public func decode(_ latents: Tensor) throws -> Image { try decode(.latents(latents)) }
}

extension ImageTokenizer {
    /// The images that tokens stand for, rounded to bytes as the official code of this tokenizer does.
    func images(
        _ tokens: ImageTokens, guidedBy text: Tensor?, options: DecodeOptions = DecodeOptions(),
        progress: (GenerationStep) throws -> Void = { _ in }
    ) throws -> [Image] {
        let images = try detokenize(tokens, guidedBy: text, options: options, progress: progress)
        if let place = images.firstNonFinite { throw ImageTokenizerError.notFinite(what: "pixel value \(place)", value: images.values[place]) }
        return byteRounding.pixels(images).map { Image(width: images.shape[3], height: images.shape[2], pixels: $0) }
    }
}
