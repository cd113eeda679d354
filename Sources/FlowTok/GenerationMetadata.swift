import Foundation
import Images
import Networks
import Sampling
import Tensors

/// How a picture came about: what its PNG carries, and all that it takes to draw it again.
public struct PictureRecord: Sendable, Hashable, Codable {
    /// The settings that a picture was drawn with.
    public struct Settings: Sendable, Hashable, Codable {
        /// Nil where no flow was followed.
        public var solver: Solver?
        public var steps: Int
        public var guidance: Float
        /// The noise in the choice of tokens; nil where none are chosen.
        public var temperature: Double?
        /// The times between which guidance applied: two, in order.
        public var guidanceInterval: [Float]
        public var precision: Precision
        /// Where the noise of the seed came from.
        public var rng: NoiseGenerator
        /// The picture's size in pixels.
        public var width: Int
        public var height: Int

        enum CodingKeys: String, CodingKey {
            case solver, steps, guidance, temperature
            case guidanceInterval = "guidance_interval"
            case precision, rng, width, height
        }
    }

    public var prompt: String
    /// The seed; of a grid the first one, which counts up from picture to picture.
    public var seed: UInt64
    /// The name of the model.
    public var model: String
    public var settings: Settings
    /// The number of the class; nil where a caption was drawn.
    public var imageClass: Int?
    /// The number of pictures in a grid; nil for a single picture.
    public var pictures: Int?

    enum CodingKeys: String, CodingKey {
        case prompt, seed, model, settings, pictures
        case imageClass = "class"
    }

    public init(_ image: GeneratedImage) {
        prompt = image.prompt
        seed = image.seed
        model = image.model
        settings = Settings(
            solver: image.settings.solver, steps: image.settings.steps, guidance: image.settings.guidance.scale,
            guidanceInterval: [image.settings.guidance.interval.lowerBound, image.settings.guidance.interval.upperBound],
            precision: image.precision, rng: image.rng, width: image.image.width, height: image.image.height)
    }

    /// The record of a picture that a generator drew.
    ///
    /// - Parameter prompt: what was drawn, in words.
    public init(
        _ result: ImageGeneratorResult, of prompt: String, request: ImageGeneratorRequest, by generator: ImageGenerator
    ) {
        self.prompt = prompt
        seed = request.seed
        model = generator.name
        if case .imageClass(let number) = request.subject { imageClass = number }
        settings = Settings(
            solver: nil, steps: result.settings.steps ?? 0, guidance: Float(result.settings.guidance ?? 0),
            temperature: result.settings.temperature, guidanceInterval: [0, 1], precision: generator.precision,
            rng: request.rng, width: result.image.width, height: result.image.height)
    }

    /// The record of a grid of pictures, which `picture` holds: their prompts a line each, and the first one's settings.
    public init?(grid picture: Image, of records: [PictureRecord]) {
        guard let first = records.first else { return nil }
        self = first
        if records.contains(where: { $0.imageClass != first.imageClass }) { imageClass = nil }
        var seen: Set<String> = []
        prompt = records.map(\.prompt).filter { seen.insert($0).inserted }.joined(separator: "\n")
        pictures = records.count
        settings.width = picture.width
        settings.height = picture.height
    }
}

// MARK: - Text chunks

extension GeneratedImage {
    /// The text chunks that a PNG of this picture carries: the prompt, and the settings in the customary form.
    public var pngText: [PNGText] { PictureRecord(self).pngText }
}

extension PictureRecord {
    private static let keyword = "parameters"

    /// The record as text chunks: `Description` is the prompt; `parameters` is the prompt and, in a last line, the settings
    /// in the form that programs of this kind write and read.
    public var pngText: [PNGText] {
        var fields = [("Steps", String(settings.steps))]
        if let solver = settings.solver { fields.append(("Solver", solver.rawValue)) }
        fields.append(("Guidance", String(settings.guidance)))
        if let temperature = settings.temperature { fields.append(("Temperature", String(temperature))) }
        if let imageClass { fields.append(("Class", String(imageClass))) }
        if settings.guidanceInterval != [0, 1] {
            fields.append(("Guidance interval", settings.guidanceInterval.map { String($0) }.joined(separator: " to ")))
        }
        if settings.precision != .float32 { fields.append(("Precision", settings.precision.rawValue)) }
        if settings.rng != .philox { fields.append(("RNG", settings.rng.rawValue)) }
        fields += [("Seed", String(seed)), ("Size", "\(settings.width)x\(settings.height)")]
        if let pictures { fields.append(("Pictures", String(pictures))) }
        // A model's name may hold anything, so it comes last.
        fields.append(("Model", model))
        let line = fields.map { "\($0): \($1)" }.joined(separator: ", ")
        // No chunk can hold a NUL.
        let prompt = prompt.replacingOccurrences(of: "\0", with: " ")
        return [
            PNGText(keyword: "Software", text: "flowtok"), PNGText(keyword: "Description", text: prompt),
            PNGText(keyword: PictureRecord.keyword, text: prompt + "\n" + line.replacingOccurrences(of: "\n", with: " ")),
        ]
    }

    /// Reads the record back; nil where the texts hold none.
    public init?(pngText: [PNGText]) {
        guard let text = pngText.first(where: { $0.keyword == PictureRecord.keyword })?.text,
            let end = text.lastIndex(of: "\n")
        else { return nil }
        var fields: [String: String] = [:]
        var rest = text[text.index(after: end)...]
        while let colon = rest.range(of: ": ") {
            let name = String(rest[..<colon.lowerBound])
            let comma = name == "Model" ? nil : rest.range(of: ", ", range: colon.upperBound..<rest.endIndex)
            fields[name] = String(rest[colon.upperBound..<(comma?.lowerBound ?? rest.endIndex)])
            rest = rest[(comma?.upperBound ?? rest.endIndex)...]
        }
        let size = (fields["Size"] ?? "").split(separator: "x").compactMap { Int($0) }
        let solver = fields["Solver"].flatMap { Solver(rawValue: $0) }
        guard let steps = fields["Steps"].flatMap({ Int($0) }), fields["Solver"] == nil || solver != nil,
            let guidance = fields["Guidance"].flatMap({ Float($0) }), let seed = fields["Seed"].flatMap({ UInt64($0) }),
            let model = fields["Model"], size.count == 2
        else { return nil }
        let interval = fields["Guidance interval"]?.components(separatedBy: " to ").compactMap { Float($0) } ?? [0, 1]
        self.prompt = String(text[..<end])
        self.seed = seed
        self.model = model
        settings = Settings(
            solver: solver, steps: steps, guidance: guidance, temperature: fields["Temperature"].flatMap { Double($0) },
            guidanceInterval: interval.count == 2 ? interval : [0, 1],
            precision: fields["Precision"].flatMap({ Precision(rawValue: $0) }) ?? .float32,
            rng: fields["RNG"].flatMap({ NoiseGenerator(rawValue: $0) }) ?? .philox, width: size[0], height: size[1])
        imageClass = fields["Class"].flatMap { Int($0) }
        pictures = fields["Pictures"].flatMap { Int($0) }
    }
}
