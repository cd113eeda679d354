import FlowTok
import Foundation
import Images
import Networks
import Sampling
import Tensors

/// What a picture says of how it was drawn, as far as it can be drawn again.
struct RecordedDrawing {
    let file: String
    private(set) var prompts: [String] = []
    private(set) var count = 1
    private(set) var isGrid = false
    private(set) var seed: UInt64?
    private(set) var steps: Int?
    private(set) var guidance: Float?
    private(set) var guidanceInterval: ClosedRange<Float>?
    private(set) var solver: Solver?
    private(set) var rng: NoiseGenerator?
    private(set) var precision: Precision?
    private var model: String?

    /// Reads a picture's record: flowtok's own, or the settings that other programs of the field write.
    ///
    /// - Throws: `Failure` where there is none, `FileError` and `ImageError`.
    init(_ file: String) throws {
        self.file = file
        let texts = try PictureInput.metadata(file).texts
        if let record = GenerationMetadata(texts: texts) {
            try take(record)
        } else if let text = texts.first(where: { $0.keyword == "parameters" })?.text, let found = GenerationParameters(parsing: text) {
            take(found)
        } else {
            throw Failure(.data, "\(file): says nothing of how it was drawn, expected a picture with a prompt in its metadata")
        }
        prompts = prompts.map(\.withoutControlCharacters).filter { !$0.isEmpty }
        guard !prompts.isEmpty else { throw Failure(.data, "\(file): its record has an empty prompt, expected some words") }
        for prompt in prompts { try PromptList.check(prompt, name: "\(file): the prompt", status: .data) }
        if let steps, !(1...10_000).contains(steps) { throw Failure(.data, "\(file): its record has \(steps) steps, expected 1 to 10000") }
        if let guidance, !(guidance.isFinite && abs(guidance) <= 1000) {
            throw Failure(.data, "\(file): its record has guidance \(guidance), expected a number from -1000 to 1000")
        }
    }

    private mutating func take(_ record: GenerationMetadata) throws {
        guard record.origin == nil else {
            throw Failure(.data, "\(file): was drawn on the way from another picture or caption, expected a picture of flowtok t2i")
        }
        guard record.imageClass == nil, let solver = record.settings.solver else {
            throw Failure(.data, "\(file): was drawn by flowtok generate with \"\(record.model.onOneLine)\", expected a picture of flowtok t2i")
        }
        prompts = [record.prompt]
        if let pictures = record.pictures, pictures >= 1 {
            prompts = record.prompt.split(whereSeparator: \.isNewline).map(String.init)
            guard !prompts.isEmpty, pictures <= 10_000, pictures.isMultiple(of: prompts.count) else {
                throw Failure(.data, "\(file): a grid of \(pictures) pictures that does not say which prompt each one has")
            }
            (count, isGrid) = (pictures / prompts.count, true)
        }
        seed = record.seed
        model = record.model
        steps = record.settings.steps
        guidance = record.settings.guidance
        let interval = record.settings.guidanceInterval
        if interval.count == 2, interval[0] >= 0, interval[0] <= interval[1], interval[1] <= 1 { guidanceInterval = interval[0]...interval[1] }
        self.solver = solver
        rng = record.settings.rng
        precision = record.settings.precision
    }

    private mutating func take(_ parameters: GenerationParameters) {
        prompts = [parameters.prompt]
        seed = parameters["Seed"].flatMap { UInt64($0) }
        steps = parameters["Steps"].flatMap { Int($0) }
        guidance = parameters["CFG scale"].flatMap { Float($0) }
        solver = parameters["Sampler"].flatMap { Solver(rawValue: $0.lowercased()) }
        model = parameters["Model"] ?? "another program"
    }

    /// Says where the picture will be another one.
    func reportDifferences(from flowtok: FlowTok) {
        guard let model, model != flowtok.configuration.name else { return }
        Console.report(
            "warning: \(file) was drawn by \"\(model.onOneLine)\", and this model is \"\(flowtok.configuration.name)\": the picture will be another")
    }
}
