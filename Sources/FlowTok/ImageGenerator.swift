import Checkpoints
import Foundation
import Images
import Layers
import ModelFolders
import Networks
import Sampling
import Tensors
import TextTokenizers

/// Pictures of ImageNet's classes, or of captions, by masked generation over the tokens of an image tokenizer: MaskGIT over
/// TiTok, MaskGen over TA-TiTok.
///
/// The weights never change after loading, so that one generator can serve several tasks at once.
public final class PictureGenerator: Sendable {
    private enum Network: Sendable {
        case maskGIT(MaskGITGenerator)
        case maskGenVQ(MaskGenVQ)
        case maskGenKL(MaskGenKL)
    }

    public let name: String
    public let configuration: GeneratorConfiguration
    public let precision: Precision
    /// What is strange about the files, without making them useless: a line each.
    public let warnings: [String]
    private let network: Network
    private let tokenizer: any ImageTokenization
    /// CLIP; nil where classes are drawn.
    private let text: CLIPConditioner?

    /// Loads the parts of a folder.
    ///
    /// - Throws: `FlowTokError` where parts are missing or do not fit each other; `ImageTokenizerError`, `WeightMismatch`,
    ///   `CheckpointError` or `VocabularyError` where a file does not hold what it should.
    public init(_ folder: GeneratorFolder, precision: Precision = .float32) throws {
        name = folder.name
        configuration = folder.configuration
        self.precision = precision
        let pixels = try Checkpoint(path: folder.tokenizer.weightsFile)
        tokenizer = try folder.tokenizer.load(pixels, precision: precision).tokenizer
        text = try folder.text.map { try CLIPConditioner($0, precision: precision) }
        let checkpoint = try Checkpoint(path: folder.weightsFile)
        let source = CheckpointWeights(checkpoint)
        let weights = Weights(PackingWeights(source, as: precision))
        switch folder.configuration {
        case .maskGIT(let shape):
            network = .maskGIT(MaskGITGenerator(shape, weights: weights))
            try source.verify(ignoring: MaskGITGenerator.ignores)
        case .maskGenVQ(let shape):
            network = .maskGenVQ(MaskGenVQ(shape, weights: weights))
            try source.verify(ignoring: MaskGenVQ.ignores)
        case .maskGenKL(let shape):
            network = .maskGenKL(MaskGenKL(shape, weights: weights))
            try source.verify()
        }
        warnings = checkpoint.warnings + pixels.warnings + (text?.encoder.warnings ?? [])
        try folder.checkFit(tokenizer, text: text)
    }

    /// The side of the pictures, in pixels.
    public var imageSize: Int { tokenizer.imageSize }

    /// The number of classes; nil where captions are drawn.
    public var classes: Int? {
        if case .maskGIT(let configuration) = configuration { configuration.classes } else { nil }
    }

    /// The codec of captions, which tells what of one is read; nil where classes are drawn.
    public var captions: (any CaptionCodec)? { text?.encoder.captions }

    /// Draws one picture.
    ///
    /// - Parameter progress: called after every step with the number of steps done and of all; throws to cancel. A
    ///   cancelled task ends with `CancellationError`.
    /// - Throws: `GeneratorError` where a setting is out of range or the model has no such class,
    ///   `FlowTokError.badSetting` for a caption given to a generator of classes, or the other way round.
    public func generate(
        _ request: GeneratorRequest, progress: (Int, Int) throws -> Void = { _, _ in }
    ) throws -> GeneratorPicture {
        try Precision.$current.withValue(precision) {
            var noise: any NoiseSource = request.rng.source(seed: request.seed)
            return try draw(request, noise: &noise) { step, steps in
                try Task.checkCancellation()
                try progress(step, steps)
            }
        }
    }

    private func draw(
        _ request: GeneratorRequest, noise: inout any NoiseSource, progress: (Int, Int) throws -> Void
    ) throws -> GeneratorPicture {
        switch (network, GeneratorSampling(configuration), request.subject) {
        case (.maskGIT(let generator), .maskGIT(var sampling), .imageClass(let number)):
            sampling.steps = request.steps ?? sampling.steps
            sampling.guidance = request.guidance ?? sampling.guidance
            sampling.temperature = request.temperature ?? sampling.temperature
            let tokens = try generator.generate(classes: [number], sampling: sampling, noise: &noise) {
                try progress($0.step, $0.steps)
            }
            return try picture(
                .indices(tokens), nil, sampling.steps, sampling.guidance, sampling.temperature)
        case (.maskGenVQ(let generator), .maskGenVQ(var sampling), .caption(let caption)):
            guard let text else { throw captionExpected(request.subject) }
            sampling.steps = request.steps ?? sampling.steps
            sampling.guidance = request.guidance ?? sampling.guidance
            sampling.temperature = request.temperature ?? sampling.temperature
            let (condition, guidance) = text(caption)
            let tokens = try generator.generate(
                condition, unconditional: text("").condition, sampling: sampling, noise: &noise
            ) { try progress($0.step, $0.steps) }
            return try picture(.indices(tokens), guidance, sampling.steps, sampling.guidance, sampling.temperature)
        case (.maskGenKL(let generator), .maskGenKL(var sampling), .caption(let caption)):
            guard let text else { throw captionExpected(request.subject) }
            sampling.steps = request.steps ?? sampling.steps
            sampling.guidance = request.guidance ?? sampling.guidance
            sampling.temperature = request.temperature ?? sampling.temperature
            let (condition, guidance) = text(caption)
            let latents = try generator.generate(
                condition, unconditional: text("").condition, sampling: sampling, noise: &noise, progress: progress)
            return try picture(.latents(latents), guidance, sampling.steps, sampling.guidance, sampling.temperature)
        default: throw captionExpected(request.subject)
        }
    }

    private func picture(
        _ tokens: ImageTokens, _ guidance: Tensor?, _ steps: Int, _ scale: Double, _ temperature: Double
    ) throws -> GeneratorPicture {
        let shape = tokenizer.textGuidance
        // A tokenizer that captions guide, and a generator of classes: nothing guides.
        let states = shape.map { guidance ?? .zeros([1, $0.contextLength, $0.width]) }
        return GeneratorPicture(
            image: try tokenizer.pictures(tokens, guidedBy: states)[0], steps: steps, guidance: scale,
            temperature: temperature)
    }

    private func captionExpected(_ subject: GeneratorRequest.Subject) -> FlowTokError {
        switch subject {
        case .imageClass(let number):
            .badSetting(name: "the class", given: String(number), expected: "a caption, since \"\(name)\" draws captions")
        case .caption(let caption):
            .badSetting(name: "the caption", given: "\"\(caption)\"", expected: "a class, since \"\(name)\" draws classes")
        }
    }
}
