import Checkpoints
import Foundation
import Images
import Layers
import ModelFolders
import Networks
import Sampling
import Tensors
import TextTokenizers

/// Images of classes, or of captions, by a generator over the tokens of an image tokenizer: MaskGIT over TiTok, MaskGen over
/// TA-TiTok, those that were trained here, and every other family of the registry that makes tokens.
///
/// The weights never change after loading, so that one generator can serve several tasks at once.
public final class ImageGenerator: Sendable {
    public let name: String
    public let configuration: any TokenGeneratorConfiguration
    public let precision: Precision
    /// What is strange about the files, without making them useless: a line each.
    public let warnings: [String]
    private let generator: any TokenGenerator
    private let tokenizer: any ImageTokenizer
    /// What reads captions; nil where classes are drawn.
    private let text: CaptionConditioner?

    /// Loads the parts of a folder.
    ///
    /// - Parameter wanted: what the weights are kept in, and products computed in; nil for what a packed model is packed as,
    ///   and float32 of others.
    /// - Throws: `FlowTokError` where parts are missing or do not fit each other; `ImageTokenizerError`, `WeightMismatch`,
    ///   `CheckpointError` or `VocabularyError` where a file does not hold what it should.
    public init(_ folder: GeneratorFolder, precision wanted: Precision? = nil) throws {
        name = folder.name
        configuration = folder.configuration
        let pixels = try Checkpoint.ofModel(folder.tokenizer.weightsFile)
        let checkpoint = try Checkpoint.ofModel(folder.weightsFile)
        let precision = try ModelFolder.precision(wanted, of: [checkpoint, pixels]) ?? .float32
        self.precision = precision
        tokenizer = try folder.tokenizer.load(pixels, precision: precision).tokenizer
        text = try folder.text.map { try $0.conditioner(precision: precision) }
        let source = CheckpointWeights(checkpoint)
        generator = configuration.generator(Weights(PackingWeights(source, as: precision)))
        try source.verify(ignoring: type(of: configuration).ignores)
        warnings = folder.warnings + checkpoint.warnings + pixels.warnings + (text?.warnings() ?? [])
        try folder.checkFit(tokenizer, text: text)
    }

    /// The side of the images, in pixels.
    public var imageSize: Int { tokenizer.imageSize }

    /// The number of classes; nil where captions are drawn.
    public var classes: Int? {
        if case .classes(let count) = generator.subjects { count } else { nil }
    }

    /// The settings of the published figures; what is nil does not apply.
    public var defaults: GeneratorSettings { generator.defaults }

    /// The text tokenizer of captions, which tells what of one is read; nil where classes are drawn.
    public var textTokenizer: (any TextTokenizer)? { text?.textTokenizer }

    /// Draws one image.
    ///
    /// - Parameter progress: called after every step; throws to cancel. A cancelled task ends with `CancellationError`.
    /// - Throws: `GeneratorError` where a setting is out of range or the model has no such class,
    ///   `FlowTokError.badSetting` for a caption given to a generator of classes, or the other way round.
    public func generate(
        _ request: ImageGeneratorRequest, progress: (GenerationStep) throws -> Void = { _ in }
    ) throws -> ImageGeneratorResult {
        var settings = try request.settings.filled(from: generator.defaults)
        let (condition, guidance) = try condition(request.subject)
        return try Precision.$current.withValue(precision) {
            var noise: any NoiseSource = request.rng.source(seed: request.seed)
            var steps = 0
            let tokens = try generator.generate(condition, settings: settings, noise: &noise) { step in
                try Task.checkCancellation()
                steps = step.steps
                try progress(step)
            }
            // What the generator computed with is of no use to the tokenizer.
            Machine.releaseCachedMemory()
            // One a token, where their number is no choice.
            settings.steps = settings.steps ?? steps
            // A tokenizer that captions guide, and a generator of classes: nothing guides.
            let states = tokenizer.textGuidance.map { guidance ?? .zeros([1, $0.contextLength, $0.width]) }
            let images = try tokenizer.images(
                tokens, guidedBy: states, options: DecodeOptions(seed: request.seed, rng: request.rng))
            return ImageGeneratorResult(image: images[0], settings: settings)
        }
    }

    /// What conditions the generator, and what guides the decoder of the tokenizer.
    private func condition(
        _ subject: ImageGeneratorRequest.Subject
    ) throws -> (condition: GeneratorCondition, guidance: Tensor?) {
        switch (generator.subjects, subject) {
        case (.classes, .imageClass(let number)): return (.classes([number]), nil)
        case (.captions, .caption(let caption)):
            // A folder of a generator of captions opens with a text encoder only.
            guard let text else { throw GeneratorError.otherSubject(expected: "captions, with a text encoder beside it") }
            return try Precision.$current.withValue(precision) {
                let (condition, guidance) = try text(caption)
                return (.captions(condition, unconditional: try text("").condition), guidance)
            }
        case (_, .imageClass(let number)):
            throw FlowTokError.badSetting(
                name: "the class", given: String(number), expected: "a caption, since \"\(name)\" draws captions")
        case (_, .caption(let caption)):
            throw FlowTokError.badSetting(
                name: "the caption", given: "\"\(caption)\"", expected: "a class, since \"\(name)\" draws classes")
        }
    }
}
