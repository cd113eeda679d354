import Checkpoints
import Foundation
import Images
import ModelFolders
import Networks
import Tensors
import TextTokenizers

/// Pictures to tokens and back with any image tokenizer: that of a FlowTok, TiTok, TA-TiTok, FlowTiTok or MaskGIT-VQGAN.
public struct PictureTokenizer: Sendable {
    /// What token files record.
    public let maker: TokenizerIdentity
    public let tokenizer: any ImageTokenization
    /// What was found strange about the files so far, without making them useless: a line each.
    public var warnings: [String] { found() }
    private let found: @Sendable () -> [String]
    /// Captions to the hidden states that guide the decoder; nil where nothing reads them.
    private let guidance: (@Sendable (String) throws -> Tensor)?

    /// The image tokenizer of a FlowTok, guided by its text encoder.
    public init(_ flowtok: FlowTok) {
        self.init(
            maker: TokenizerIdentity(name: flowtok.configuration.name), tokenizer: flowtok.model.imageTokenizer,
            warnings: { flowtok.warnings }
        ) { caption in flowtok.model.textEncoder(try flowtok.captions.encode(caption)) }
    }

    private init(
        maker: TokenizerIdentity, tokenizer: any ImageTokenization, warnings: @escaping @Sendable () -> [String],
        guidance: (@Sendable (String) throws -> Tensor)?
    ) {
        self.maker = maker
        self.tokenizer = tokenizer
        found = warnings
        self.guidance = guidance
    }

    /// The image tokenizer at a path: a folder of the hub, one that `flowtok import` described, the folder of a FlowTok, or
    /// a checkpoint alone.
    ///
    /// - Parameters:
    ///   - clip: CLIP, for a tokenizer whose decoder is guided by captions. Without it, and without one in the folder,
    ///     guidance is zeros.
    ///   - precision: what the weights are kept in, and products computed in; where nothing is said, a FlowTok's own, and
    ///     float32 of others.
    /// - Throws: `FlowTokError`, `ImageTokenizerError`, `WeightMismatch`, `CheckpointError` or `VocabularyError` where a
    ///   file is missing or does not hold what it should.
    public init(path: String, clip: CLIPSource? = nil, precision wanted: Precision? = nil) throws {
        if PictureTokenizer.isFlowTok(path) {
            self.init(try FlowTok(model: path, precision: wanted))
            return
        }
        let precision = wanted ?? .float32
        let location = try TokenizerLocation(path: path)
        let checkpoint = try Checkpoint(path: location.weightsFile)
        let (tokenizer, maker) = try location.load(checkpoint, precision: precision)
        let files = try clip.map { try CLIPFiles(sources: $0.paths, activation: $0.activation) } ?? location.text
        guard let shape = tokenizer.textGuidance, let files else {
            self.init(maker: maker, tokenizer: tokenizer, warnings: { checkpoint.warnings }, guidance: nil)
            return
        }
        let text = files.configuration
        guard (text.contextLength, text.width) == (shape.contextLength, shape.width) else {
            throw FlowTokError.unusableFiles(
                "\(location.weightsFile) reads texts of \(shape.contextLength)×\(shape.width) and \(files.weightsFile) gives \(text.contextLength)×\(text.width): they belong to different models")
        }
        let encoder = try files.load(precision: precision)
        self.init(maker: maker, tokenizer: tokenizer, warnings: { checkpoint.warnings + encoder.warnings }) { encoder([$0]) }
    }

    /// Whether a path is the folder of a model that draws by itself.
    private static func isFlowTok(_ path: String) -> Bool {
        guard FileManager.default.fileExists(atPath: path + "/" + ModelFolder.configurationFile),
            let kind = try? FolderKind(folder: path)
        else { return false }
        return kind == .flowTok || kind == .officialFlowTok
    }

    /// Whether captions make a difference to `picture(of:caption:)`.
    public var readsCaptions: Bool { guidance != nil }

    /// The side of the pictures, in pixels.
    public var imageSize: Int { tokenizer.imageSize }

    /// The tokens of a picture, which is resized and cropped to the tokenizer's square: codes, or the mean of the posterior
    /// over latents.
    public func tokens(of picture: Image) throws -> ImageTokens {
        try tokenizer.tokenize(Tensor([picture.centerSquare(imageSize)], side: imageSize))
    }

    /// A picture from its tokens.
    ///
    /// - Parameter caption: what guides the decoder of a tokenizer that captions guide. The empty caption is one like any
    ///   other; where nothing reads captions, zeros take its place.
    /// - Throws: `ImageTokenizerError` where the tokens are not this tokenizer's, `FlowTokError.badSetting` for a caption
    ///   that nothing can read.
    public func picture(of tokens: ImageTokens, caption: String = "") throws -> Image {
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
                    ? "none, since CLIP's text tower is not at hand" : "none, since nothing guides the decoder of \(maker.name)")
        }
        return try tokenizer.pictures(tokens, guidedBy: states)[0]
    }
}

extension ImageTokenization {
    /// The pictures that tokens stand for, rounded to bytes as the official code of this tokenizer does.
    func pictures(_ tokens: ImageTokens, guidedBy text: Tensor?) throws -> [Image] {
        let images = try detokenize(tokens, guidedBy: text)
        return byteRounding.pixels(images).map { Image(width: images.shape[3], height: images.shape[2], pixels: $0) }
    }
}
