import Foundation
import Images
import ModelFolders
import Networks
import Sampling
import Synchronization
import Tensors
import TextTokenizers

/// Text to images and images to text with one model.
///
/// The model's weights never change after loading, so that one `FlowTok` can serve several tasks at once.
///
/// ```swift
/// let flowtok = try FlowTok()
/// let fox = try flowtok.generate("a red fox", seed: 7)
/// try fox.write(to: "fox.png")
/// print(try flowtok.caption(fox))
/// ```
public final class FlowTok: Sendable {
    /// The folder that the model came from.
    public let folder: String
    public let model: FlowTokModel
    public let textTokenizer: any TextTokenizer
    /// Pixels to latents and back.
    public let imageTokenizer: AnyImageTokenizer

    /// What was found strange about the model's files so far, without making them useless: a line each. Captioning reads
    /// parts of them that drawing never needs.
    public var warnings: [String] { opened.warnings }
    private let opened: ModelFolder

    /// What products are computed in, and what the weights are kept in, where a request does not say otherwise.
    public let precision: Precision
    /// Whether the model's matrices are packed in its files as that precision: it has no other then.
    public let isPacked: Bool
    /// The model in other precisions, loaded when they are first asked for.
    private let others = Mutex<[Precision: FlowTokModel]>([:])
    private let searches = Mutex<CaptionSearch.Proposals?>(nil)

    public var configuration: FlowTokConfiguration { model.configuration }

    /// Loads the model that this package ships.
    ///
    /// - Throws: `FlowTokError.modelNotFound` where it is not found, and whatever `init(model:)` throws.
    public convenience init(precision: Precision? = nil) throws {
        try self.init(model: DefaultModel.path(), precision: precision)
    }

    /// Loads a model folder: one of this package's own, or published files with the `config.json` of `flowtok import`.
    ///
    /// - Parameter precision: see `ModelFolder.init(path:precision:)` for what it is where nothing is said.
    /// - Throws: `FlowTokError` where the folder, a file or its configuration is unfit; `WeightMismatch`,
    ///   `CheckpointError`, `ImageTokenizerError` or `VocabularyError` where a file does not hold what it should.
    public init(model path: String, precision: Precision? = nil) throws {
        let opened = try ModelFolder(path: path, precision: precision)
        self.precision = opened.precision
        isPacked = opened.isPacked
        folder = path
        model = opened.model
        textTokenizer = opened.textTokenizer
        self.opened = opened
        imageTokenizer = AnyImageTokenizer(opened)
    }

    /// The model whose products are computed in a precision.
    func model(in wanted: Precision?) throws -> FlowTokModel {
        guard let wanted, wanted != precision else { return model }
        return try others.withLock { others in
            if let loaded = others[wanted] { return loaded }
            let loaded = try ModelFolder(path: folder, precision: wanted).model
            others[wanted] = loaded
            return loaded
        }
    }

    /// Draws one picture of `prompt` with the model's own settings.
    ///
    /// - Parameter seed: the same seed gives the same picture, whatever the number of threads.
    public func generate(_ prompt: String, seed: UInt64) throws -> Image {
        var request = GenerationRequest(prompt)
        request.seed = seed
        return try generate(request)[0].image
    }

    /// Draws `request.count` pictures. Picture k has seed `request.seed` + k and is the one that this seed gives alone.
    ///
    /// - Parameter progress: called after every step of the solver; throws to cancel. A cancelled task ends with
    ///   `CancellationError`.
    /// - Throws: `FlowTokError.emptyPrompt` and `.badSetting`; `SolverError` where the flow cannot be followed.
    public func generate(
        _ request: GenerationRequest, progress: (GenerationProgress) throws -> Void = { _ in }
    ) throws -> [GeneratedImage] {
        let settings = try request.settings(over: configuration.sampling)
        let seed = request.seed ?? UInt64(UInt32.random(in: .min ... .max))
        guard request.prompt.contains(where: { !$0.isWhitespace }) else { throw FlowTokError.emptyPrompt }
        let ids = try textTokenizer.encode(prompt: request.prompt)
        let precision = request.precision ?? precision
        let model = try model(in: precision)
        let largest = FlowTok.largestBatch(of: settings)
        var results: [GeneratedImage] = []
        for start in stride(from: 0, to: request.count, by: largest) {
            let seeds = (start..<min(start + largest, request.count)).map { seed &+ UInt64($0) }
            results += try Precision.$current.withValue(precision) {
                try draw(model, precision, ids, seeds: seeds, request: request, settings: settings) { step in
                    try progress(GenerationProgress(image: start, count: request.count, drawing: step))
                }
            }
        }
        return results
    }

    /// The most images that are drawn in one batch. Alone, an image is always the same; in a larger product OpenBLAS may sum a
    /// row differently, and dopri5 chooses its steps for all images together.
    package static func largestBatch(of settings: FlowSettings) -> Int {
        Machine.usesOpenBLAS || settings.solver == .dopri5 ? 1 : 8
    }

    private func draw(
        _ model: FlowTokModel, _ precision: Precision, _ ids: [Int32], seeds: [UInt64], request: GenerationRequest,
        settings: FlowSettings, progress: (DrawingStep) throws -> Void
    ) throws -> [GeneratedImage] {
        let noise = Tensor.concatenated(
            seeds.map { seed in
                var random: any NoiseSource = request.rng.source(seed: seed)
                return random.normal([1] + model.latentShape)
            }, axis: 0)
        var path: [DrawingStep] = []
        let images = try model.draw(seeds.flatMap { _ in ids }, noise: noise, settings: settings) { step in
            if request.recordsTrajectory { path.append(step) }
            try Task.checkCancellation()
            if step.step > 0 { try progress(step) }
        }.images()
        let frames = try FlowTok.spread(path, over: 8).map { try $0.pixels().images() }
        return seeds.indices.map { i in
            GeneratedImage(
                image: images[i], prompt: request.prompt, seed: seeds[i], settings: settings, precision: precision,
                rng: request.rng, model: configuration.name, trajectory: frames.map { $0[i] })
        }
    }

    /// At most `count` entries, the first and the last among them.
    private static func spread<Entry>(_ path: [Entry], over count: Int) -> [Entry] {
        guard path.count > count else { return path }
        return (0..<count).map { path[$0 * (path.count - 1) / (count - 1)] }
    }

    /// The most likely caption of a picture, which is resized and cropped to the model's square.
    ///
    /// - Throws: `FlowTokError.cannotCaption` where the model only draws.
    public func caption(_ image: Image) throws -> String {
        try caption([image])[0]
    }

    /// One caption to a picture.
    public func caption(
        _ images: [Image], steps: Int? = nil, precision: Precision? = nil
    ) throws -> [String] {
        try images.flatMap { try captions(of: $0, count: 1, steps: steps, precision: precision) }
    }

    /// Up to `count` different captions of a picture, the best first.
    ///
    /// - Throws: as `rankedCaptions(of:count:steps:precision:progress:)`.
    public func captions(
        of image: Image, count: Int, steps: Int? = nil, precision: Precision? = nil,
        progress: () throws -> Void = {}
    ) throws -> [String] {
        try rankedCaptions(of: image, count: count, steps: steps, precision: precision, progress: progress).map(\.text)
    }

    /// Up to `count` different captions of a picture with how sure the model is of each, the best first.
    ///
    /// - Parameters:
    ///   - steps: of the flow from the image to its text; nil for the model's own.
    ///   - progress: called after every step; throws to cancel. A cancelled task ends with `CancellationError`.
    /// - Throws: `FlowTokError.cannotCaption` where the model only draws, `.badSetting`; `SolverError` where the flow cannot be
    ///   followed.
    public func rankedCaptions(
        of image: Image, count: Int = 1, steps: Int? = nil, precision: Precision? = nil,
        progress: () throws -> Void = {}
    ) throws -> [Caption] {
        guard count >= 1 else {
            throw FlowTokError.badSetting(name: "count", given: String(count), expected: "at least 1")
        }
        guard configuration.textDecoder != nil, let tokenizer = textTokenizer as? SentencePieceTokenizer else {
            throw FlowTokError.cannotCaption(model: configuration.name)
        }
        let settings = try captioningSettings(steps: steps)
        let model = try model(in: precision)
        return try Precision.$current.withValue(precision ?? self.precision) {
            let search = try CaptionSearch(model, tokenizer, proposals(tokenizer))
            let found = try search.captions(of: image, settings: settings) { _ in
                try Task.checkCancellation()
                try progress()
            }
            return Array(found.prefix(count))
        }
    }

    /// The model's own settings for captions, with other steps where they are given.
    ///
    /// - Throws: `FlowTokError.badSetting` for steps out of range.
    func captioningSettings(steps: Int?) throws -> CaptioningDefaults {
        var settings = configuration.captioning
        settings.steps = steps ?? settings.steps
        guard (1...10_000).contains(settings.steps) else {
            throw FlowTokError.badSetting(name: "steps", given: String(settings.steps), expected: "1 to 10000")
        }
        return settings
    }

    /// What captions can be proposed, made when it is first needed.
    package func proposals(_ tokenizer: SentencePieceTokenizer) throws -> CaptionSearch.Proposals {
        try searches.withLock { made in
            if let made { return made }
            let latents = try opened.tensor(NameIndex.tensorName())
            let fresh = CaptionSearch.Proposals(grammar: try CaptionGrammar(tokenizer), names: latents.flatMap { NameIndex($0, shape: model.latentShape) })
            made = fresh
            return fresh
        }
    }
}

extension FlowTokModel {
    /// The latents [1, K, D] of an image, which is resized and cropped to the model's square, as the flow sees them.
    func latents(of image: Image) throws -> Tensor {
        let side = configuration.imageTokenizer.imageSize
        return normalized(imageTokenizer.encode(try Tensor([image.centerSquare(side)], side: side)).mean)
    }
}
