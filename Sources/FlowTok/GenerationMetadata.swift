import Foundation
import Images
import Networks
import Sampling
import Tensors

/// How a picture came about: what its file carries, and all that it takes to draw it again.
public struct GenerationMetadata: Sendable, Hashable, Codable {
    /// The settings that a picture was drawn with.
    public struct Settings: Sendable, Hashable, Codable {
        /// Nil where no flow was followed.
        public var solver: Solver?
        public var steps: Int
        public var guidance: Float
        /// The noise in the choice of tokens; nil where none are chosen.
        public var temperature: Double?
        /// How many of the likeliest codes tokens were drawn from; nil for all.
        public var topK: Int?
        /// The share of probability that codes were drawn from; nil for all.
        public var topP: Double?
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
            case topK = "top_k"
            case topP = "top_p"
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
    /// What else than the prompt and the seed the flow started from; nil where it started from these alone.
    public var origin: GenerationOrigin?

    enum CodingKeys: String, CodingKey {
        case prompt, seed, model, settings, pictures, origin
        case imageClass = "class"
    }

    public init(_ image: GeneratedImage) {
        prompt = image.prompt
        seed = image.seed
        model = image.model
        origin = image.origin
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
            temperature: result.settings.temperature, topK: result.settings.topK.flatMap { $0 > 0 ? $0 : nil },
            topP: result.settings.topP.flatMap { $0 < 1 ? $0 : nil }, guidanceInterval: [0, 1], precision: generator.precision,
            rng: request.rng, width: result.image.width, height: result.image.height)
    }

    /// The record of a grid of pictures, which `picture` holds: their prompts a line each, and the first one's settings.
    public init?(grid picture: Image, of records: [GenerationMetadata]) {
        guard let first = records.first else { return nil }
        self = first
        if records.contains(where: { $0.imageClass != first.imageClass }) { imageClass = nil }
        if records.contains(where: { $0.origin?.position != first.origin?.position }) { origin?.position = nil }
        var seen: Set<String> = []
        prompt = records.map(\.prompt).filter { seen.insert($0).inserted }.joined(separator: "\n")
        pictures = records.count
        settings.width = picture.width
        settings.height = picture.height
    }
}

// MARK: - Texts in files

extension GeneratedImage {
    /// The texts that a file of this picture carries: see `GenerationMetadata.texts`.
    public var texts: [ImageText] { GenerationMetadata(self).texts }
}

extension GenerationMetadata {
    /// The name of the record itself, and the program in the settings of `parameters`.
    private static let program = "flowtok"

    /// The record as texts for `Image.write(to:quality:text:)`: `Description` is the prompt; `parameters` is the prompt and the
    /// settings in the form that programs of this kind write and read, see `GenerationParameters`; `flowtok` is the record in
    /// JSON, which alone says everything exactly.
    public var texts: [ImageText] {
        // No text in a file can hold a NUL.
        let prompt = prompt.replacingOccurrences(of: "\0", with: " ")
        var texts = [
            ImageText(keyword: "Software", text: Self.program), ImageText(keyword: "Description", text: prompt),
            ImageText(keyword: "parameters", text: GenerationParameters(prompt: prompt, fields: parameters).text),
        ]
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Settings that JSON cannot say, such as an infinite guidance scale, stand in `parameters`.
        if let json = try? encoder.encode(self) {
            texts.append(ImageText(keyword: Self.program, text: String(decoding: json, as: UTF8.self)))
        }
        return texts
    }

    /// The settings under the names that are customary, and those that have none.
    private var parameters: [GenerationParameters.Field] {
        typealias Field = GenerationParameters.Field
        var fields = [Field("Steps", String(settings.steps))]
        if let solver = settings.solver { fields.append(Field("Sampler", solver.samplerName)) }
        fields += [
            Field("CFG scale", String(settings.guidance)), Field("Seed", String(seed)),
            Field("Size", "\(settings.width)x\(settings.height)"), Field("Model", model),
        ]
        if let temperature = settings.temperature { fields.append(Field("Temperature", String(temperature))) }
        if let topK = settings.topK { fields.append(Field("Top-k", String(topK))) }
        if let topP = settings.topP { fields.append(Field("Top-p", String(topP))) }
        if let imageClass { fields.append(Field("Class", String(imageClass))) }
        if settings.guidanceInterval != [0, 1] {
            fields.append(Field("Guidance interval", settings.guidanceInterval.map { String($0) }.joined(separator: " to ")))
        }
        if settings.precision != .float32 { fields.append(Field("Precision", settings.precision.rawValue)) }
        if settings.rng != .philox { fields.append(Field("RNG", settings.rng.rawValue)) }
        if let pictures { fields.append(Field("Pictures", String(pictures))) }
        if let strength = origin?.strength { fields.append(Field("Variation strength", String(strength))) }
        if let other = origin?.morphedTo { fields.append(Field("Morphed to", other)) }
        if let position = origin?.position { fields.append(Field("Position", String(position))) }
        return fields + [Field("Version", Self.program)]
    }

    /// Reads the record back; nil where the texts hold none of this program's.
    public init?(texts: [ImageText]) {
        func text(_ keyword: String) -> String? { texts.first { $0.keyword == keyword }?.text }
        if let json = text(Self.program), let record = try? JSONDecoder().decode(GenerationMetadata.self, from: Data(json.utf8)),
            record.settings.guidanceInterval.count == 2
        {
            self = record
            return
        }
        guard let parameters = text("parameters") else { return nil }
        if let read = GenerationParameters(parsing: parameters), read["Version"] == Self.program {
            self.init(prompt: read.prompt) { name in
                switch name {
                case "Solver": read["Sampler"]
                case "Guidance": read["CFG scale"]
                default: read[name]
                }
            }
        } else {
            self.init(earlierText: parameters)
        }
    }

    /// Reads the text of version 0.1: a last line with the names of this program's own, in which `Model` comes last and may hold
    /// anything.
    private init?(earlierText text: String) {
        guard let end = text.lastIndex(of: "\n") else { return nil }
        var fields: [String: String] = [:]
        var rest = text[text.index(after: end)...]
        while let colon = rest.range(of: ": ") {
            let name = String(rest[..<colon.lowerBound])
            let comma = name == "Model" ? nil : rest.range(of: ", ", range: colon.upperBound..<rest.endIndex)
            fields[name] = String(rest[colon.upperBound..<(comma?.lowerBound ?? rest.endIndex)])
            rest = rest[(comma?.upperBound ?? rest.endIndex)...]
        }
        self.init(prompt: String(text[..<end])) { fields[$0] }
    }

    /// The record of settings as text; nil where one is missing that every record has, or says nothing.
    private init?(prompt: String, settings text: (String) -> String?) {
        let size = (text("Size") ?? "").split(separator: "x").compactMap { Int($0) }
        let solver = text("Solver").flatMap { Solver(samplerName: $0) }
        guard let steps = text("Steps").flatMap({ Int($0) }), text("Solver") == nil || solver != nil,
            let guidance = text("Guidance").flatMap({ Float($0) }), let seed = text("Seed").flatMap({ UInt64($0) }),
            let model = text("Model"), size.count == 2
        else { return nil }
        let interval = text("Guidance interval")?.components(separatedBy: " to ").compactMap { Float($0) } ?? [0, 1]
        self.prompt = prompt
        self.seed = seed
        self.model = model
        settings = Settings(
            solver: solver, steps: steps, guidance: guidance, temperature: text("Temperature").flatMap { Double($0) },
            topK: text("Top-k").flatMap { Int($0) }, topP: text("Top-p").flatMap { Double($0) },
            guidanceInterval: interval.count == 2 ? interval : [0, 1],
            precision: text("Precision").flatMap({ Precision(rawValue: $0) }) ?? .float32,
            rng: text("RNG").flatMap({ NoiseGenerator(rawValue: $0) }) ?? .philox, width: size[0], height: size[1])
        imageClass = text("Class").flatMap { Int($0) }
        pictures = text("Pictures").flatMap { Int($0) }
        let found = GenerationOrigin(
            strength: text("Variation strength").flatMap { Float($0) }, morphedTo: text("Morphed to"),
            position: text("Position").flatMap { Float($0) })
        origin = found == GenerationOrigin() ? nil : found
    }
}

extension Solver {
    /// The name that programs of the field show.
    package var samplerName: String {
        switch self {
        case .euler: "Euler"
        case .midpoint: "Midpoint"
        case .heun: "Heun"
        case .adamsBashforth2: "AB2"
        case .dopri5: "DOPRI5"
        }
    }

    /// The solver of such a name, or of its own.
    fileprivate init?(samplerName: String) { self.init(rawValue: samplerName.lowercased()) }
}
