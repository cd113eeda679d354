import Files
import FlowTok
import Foundation
import Images
import Networks
import Sampling
import Synchronization
import TextTokenizers

/// What all interfaces have in common: the fields that say what is to be drawn, checked and brought into one form.
struct DrawingRequest: Sendable {
    /// The size of the images that the client asked for; nil for the model's own.
    struct Size: Sendable, Hashable {
        let width: Int
        let height: Int

        var text: String { "\(width)x\(height)" }
    }

    static let longestPrompt = 32_000
    private static let sides = 16...2048

    var prompt: String?
    var count: Int
    var seed: UInt64
    var steps: Int?
    var guidance: Float?
    var solver: Solver?
    /// What only generators that choose tokens have.
    var temperature: Double?
    var topK: Int?
    var topP: Double?
    var size: Size?
    /// What was accepted and does nothing, a sentence each.
    var warnings: [String] = []

    /// The fields under the names that the programs of the field use.
    ///
    /// - Throws: `APIError` 400 that names the field.
    init(_ fields: RequestFields, countFields: [String] = ["n"], options: ServerOptions) throws {
        prompt = try fields.text("prompt", limit: Self.longestPrompt)
        count = 1
        for name in countFields {
            let factor = try fields.integer(name, in: 1...max(1, options.maximumCount)) ?? 1
            count *= factor
        }
        guard count <= options.maximumCount else {
            throw APIError.badField(
                countFields.joined(separator: " × "), String(count), expected: "at most \(options.maximumCount) images")
        }
        seed = try fields.seed() ?? UInt64(UInt32.random(in: .min ... .max))
        steps = try fields.integer("steps", "num_inference_steps", in: 1...options.maximumSteps)
        guidance = try fields.number("guidance", "guidance_scale", "cfg_scale", in: -100...100)
        temperature = try fields.number("temperature", in: 0...1000).map(Double.init)
        topK = try fields.integer("top_k", in: 0...1_000_000)
        topP = try fields.number("top_p", in: 0...1).map(Double.init)
        if let name = try fields.text("solver") {
            guard let solver = Solver(rawValue: name.lowercased()) else {
                throw APIError.badField(
                    "solver", "\"\(name)\"", expected: "one of " + Solver.allCases.map(\.rawValue).joined(separator: ", "))
            }
            self.solver = solver
        } else if let name = try fields.text("sampler_name", "sampler_index") {
            // Clients of A1111 always send one, and mostly one that is none of a flow's.
            solver = Solver(rawValue: name.lowercased())
        }
        if let text = try fields.text("size"), text != "auto", !text.isEmpty { size = try Size(text) }
        let width = try fields.integer("width", in: Self.sides)
        let height = try fields.integer("height", in: Self.sides)
        if let side = width ?? height { size = Size(width: width ?? side, height: height ?? side) }
        if let negative = try fields.text("negative_prompt", limit: Self.longestPrompt), !negative.isEmpty {
            warnings.append("negative_prompt does nothing: a flow starts at the prompt alone")
        }
        if try fields.text("background") == "transparent" {
            throw APIError.badField("background", "\"transparent\"", expected: "\"opaque\" or \"auto\"")
        }
    }

    /// The prompt.
    ///
    /// - Throws: `APIError` 400 where it is missing or empty.
    func requirePrompt() throws -> String {
        guard let prompt else {
            throw APIError.badRequest("prompt is missing, expected some words, such as \"a red fox\"", field: "prompt", code: "missing_prompt")
        }
        guard prompt.contains(where: { !$0.isWhitespace }) else {
            throw APIError.badRequest(
                "the prompt is empty, expected some words, such as \"a red fox\"", field: "prompt", code: "empty_prompt")
        }
        return prompt
    }

    /// The size to send images in; nil for the model's own.
    ///
    /// - Throws: `APIError` 400 where the server resizes nothing.
    func sentSize(of model: ServedModel, _ policy: ServerOptions.SizePolicy) throws -> Size? {
        guard let size, size != Size(width: model.imageSize, height: model.imageSize) else { return nil }
        switch policy {
        case .resize: return size
        case .native: return nil
        case .reject:
            throw APIError.badField("size", "\"\(size.text)\"", expected: "\"\(model.imageSize)x\(model.imageSize)\", since this server resizes nothing")
        }
    }

    // MARK: - Work

    private func settings(_ flowtok: FlowTok) throws -> FlowSettings {
        try GenerationRequest("", count: count, solver: solver, steps: steps, guidance: guidance)
            .settings(over: flowtok.configuration.sampling)
    }

    /// Images of the prompt, the image with index k of the seed + k.
    mutating func drawing(with model: ServedModel) throws -> JobWork {
        let prompt = try requirePrompt()
        let seed = seed
        switch model.engine {
        case .flow(let flowtok):
            try warnOfLength(of: prompt, flowtok.textTokenizer)
            return .flow(flowtok, try settings(flowtok), count: count) { index, _ in
                let own = seed &+ UInt64(index)
                return JobWork.Planned(start: try flowtok.start(of: prompt, seed: own), prompt: prompt, seed: own)
            }
        case .generator(let generator):
            let (subject, name) = try subject(of: prompt, for: generator)
            let settings = settings(generator)
            let count = count
            return .alone(count: count) { job in
                for index in 0..<count {
                    let request = ImageGeneratorRequest(subject, seed: seed &+ UInt64(index), settings: settings)
                    let result = try generator.generate(request) { step in
                        try job.checkWanted()
                        job.report(step: step.step, of: step.steps, previews: [])
                    }
                    job.finish(
                        index,
                        GeneratedRecord(image: result.image, metadata: GenerationMetadata(result, of: name, request: request, by: generator)))
                }
            }
        }
    }

    /// What a generator is to draw, and its name. A generator of classes takes the number or the name of one as the prompt.
    private mutating func subject(
        of prompt: String, for generator: ImageGenerator
    ) throws -> (subject: ImageGeneratorRequest.Subject, name: String) {
        guard let classes = generator.classes else {
            if let textTokenizer = generator.textTokenizer { try warnOfLength(of: prompt, textTokenizer) }
            return (.caption(prompt), prompt)
        }
        let given = prompt.trimmingCharacters(in: .whitespacesAndNewlines)
        do {
            // A model may have other classes than ImageNet's, which have numbers only.
            let number = if let number = Int(given), number >= 0 { number } else { try ImageNetClasses.find(given).number }
            guard number < classes else { throw GeneratorError.noSuchClass(number, count: classes) }
            return (.imageClass(number), ImageNetClasses.all.indices.contains(number) ? ImageNetClasses.all[number].name : "class \(number)")
        } catch let error as GeneratorError {
            throw APIError.badRequest("the prompt names no class: \(error.description.oneLine)", field: "prompt", code: "unknown_class")
        }
    }

    /// The settings that a generator has. Programs of the field send steps and a sampler always, which mean nothing to some.
    private mutating func settings(_ generator: ImageGenerator) -> GeneratorSettings {
        let own = generator.defaults
        func applies<Value>(_ name: String, _ value: Value?, _ isThere: Bool) -> Value? {
            if value != nil, !isThere { warnings.append("\(name) does nothing: \"\(generator.name)\" has no such setting") }
            return isThere ? value : nil
        }
        _ = applies("solver", solver, false)
        return GeneratorSettings(
            steps: applies("steps", steps, own.steps != nil), guidance: applies("guidance", guidance.map(Double.init), own.guidance != nil),
            temperature: applies("temperature", temperature, own.temperature != nil), topK: applies("top_k", topK, own.topK != nil),
            topP: applies("top_p", topP, own.topP != nil))
    }

    private mutating func warnOfLength(of prompt: String, _ textTokenizer: any TextTokenizer) throws {
        guard let offset = try textTokenizer.truncationOffset(of: prompt) else { return }
        let kept = String(decoding: prompt.utf8.prefix(offset), as: UTF8.self).suffix(40)
        warnings.append("the prompt is too long for the model, which reads up to \"…\(kept.description.oneLine)\"")
    }

    /// Images near a given one.
    func variations(of image: Image, strength: Float, with model: ServedModel) throws -> JobWork {
        let flowtok = try model.flow(for: "drawing near an image")
        if let prompt { _ = try checkNotEmpty(prompt) }
        guard prompt != nil || model.canCaption else { throw FlowTokError.cannotCaption(model: model.name) }
        let (prompt, seed) = (prompt, seed)
        let origin = Once<(start: FlowStart, caption: String)>()
        return .flow(flowtok, try settings(flowtok), count: count) { index, job in
            let (start, caption) = try origin.value {
                try flowtok.start(of: image, describedBy: prompt) { try job.checkWanted() }
            }
            let own = seed &+ UInt64(index)
            let other = try flowtok.start(ofVariation: caption, seed: own)
            return JobWork.Planned(
                start: .between(start, other, at: strength), prompt: caption, seed: own,
                origin: GenerationOrigin(strength: strength))
        }
    }

    /// Images at positions between two prompts, all of one seed.
    func morph(from: String, to: String, at positions: [Float], with model: ServedModel) throws -> JobWork {
        let flowtok = try model.flow(for: "moving between prompts")
        _ = try (checkNotEmpty(from), checkNotEmpty(to))
        let seed = seed
        let ends = Once<(FlowStart, FlowStart)>()
        return .flow(flowtok, try settings(flowtok), count: positions.count) { index, _ in
            let (first, last) = try ends.value { (try flowtok.start(of: from, seed: seed), try flowtok.start(of: to, seed: seed)) }
            return JobWork.Planned(
                start: .between(first, last, at: positions[index]), prompt: from, seed: seed,
                origin: GenerationOrigin(morphedTo: to, position: positions[index]))
        }
    }

    /// Image to caption to image and so on, so many times, beginning with an image or with the prompt.
    func roundtrip(of image: Image?, rounds: Int, with model: ServedModel) throws -> JobWork {
        let flowtok = try model.flow(for: "going to and fro")
        guard model.canCaption else { throw FlowTokError.cannotCaption(model: model.name) }
        let first = image == nil ? try requirePrompt() : nil
        let (settings, seed) = (try settings(flowtok), seed)
        return .alone(count: rounds) { job in
            var picture = image
            for round in 0..<rounds {
                let caption: String
                if round == 0, let first {
                    caption = first
                } else if let picture {
                    let read = try flowtok.captions(of: picture, count: 1) { try job.checkWanted() }.first ?? ""
                    caption = read.contains { !$0.isWhitespace } ? read : "a picture"
                } else {
                    return
                }
                job.finish(captions: [caption])
                let own = seed &+ UInt64(round)
                let drawn = try flowtok.draw([try flowtok.start(of: caption, seed: own)], settings: settings) { progress in
                    try job.checkWanted()
                    job.report(step: progress.step, of: progress.steps, previews: [])
                }
                let result = GeneratedImage(
                    image: drawn[0], prompt: caption, seed: own, settings: settings, precision: flowtok.precision, rng: .philox,
                    model: flowtok.configuration.name)
                job.finish(round, GeneratedRecord(image: drawn[0], metadata: GenerationMetadata(result)))
                picture = drawn[0]
            }
        }
    }

    private func checkNotEmpty(_ prompt: String) throws -> String {
        guard prompt.contains(where: { !$0.isWhitespace }) else { throw FlowTokError.emptyPrompt }
        return prompt
    }
}

extension JobWork {
    /// Captions of an image.
    static func captioning(_ image: Image, count: Int, with model: ServedModel) throws -> JobWork {
        let flowtok = try model.flow(for: "captioning")
        guard model.canCaption else { throw FlowTokError.cannotCaption(model: model.name) }
        return .alone(count: 0) { job in
            job.finish(captions: try flowtok.captions(of: image, count: count) { try job.checkWanted() })
        }
    }

    /// What the image tokenizer keeps of an image.
    static func reconstruction(_ image: Image, with model: ServedModel) throws -> JobWork {
        let flowtok = try model.flow(for: "reconstructing an image")
        return .alone { job in
            let latents = try flowtok.imageTokenizer.encode(image)
            // The decoder listens to a caption where it can.
            let caption = model.canCaption ? try flowtok.captions(of: image, count: 1) { try job.checkWanted() }.first ?? "" : ""
            let drawn = try flowtok.imageTokenizer.decode(latents, caption: caption)
            let result = GeneratedImage(
                image: drawn, prompt: caption, seed: 0, settings: FlowSettings(flowtok.configuration.sampling),
                precision: flowtok.precision, rng: .philox, model: flowtok.configuration.name,
                origin: GenerationOrigin(strength: 0))
            job.finish(0, GeneratedRecord(image: drawn, metadata: GenerationMetadata(result)))
        }
    }
}

extension DrawingRequest.Size {
    /// "512x512".
    ///
    /// - Throws: `APIError` 400 for anything else.
    init(_ text: String) throws {
        let parts = text.lowercased().split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
        guard parts.count == 2, let width = parts[0], let height = parts[1], (16...2048).contains(width), (16...2048).contains(height) else {
            throw APIError.badField(
                "size", "\"\(text.prefix(40).description.oneLine)\"",
                expected: "WIDTHxHEIGHT in pixels, 16 to 2048, such as \"512x512\"")
        }
        self.init(width: width, height: height)
    }
}

/// A value that is made when it is first asked for; a failure is not kept.
private final class Once<Value: Sendable>: Sendable {
    private let made = Mutex<Value?>(nil)

    func value(_ make: () throws -> Value) throws -> Value {
        try made.withLock { made in
            if let made { return made }
            let value = try make()
            made = value
            return value
        }
    }
}
