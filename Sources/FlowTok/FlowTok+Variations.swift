import Images
import Networks
import Sampling
import Tensors

/// Images near a given one: back to its text tokens, some way towards those of its caption with another seed, or of another
/// prompt, and forth again. Settings that are nil are the model's own.
public struct VariationRequest: Sendable {
    /// Resized and cropped to the model's square.
    public var image: Image
    /// What to move towards; nil for the caption that the model reads from the image.
    public var prompt: String?
    /// How far to move, 0...1: 0 draws the image's own text tokens again, 1 draws the prompt and knows nothing of the image.
    public var strength: Float
    /// Nil: a random one, which the results hold.
    public var seed: UInt64?
    public var count: Int
    public var solver: Solver?
    public var steps: Int?
    /// The guidance scale; 1 is none.
    public var guidance: Float?
    /// Nil: the one that the model was loaded in.
    public var precision: Precision?

    public static let defaultStrength: Float = 0.5

    public init(
        of image: Image, prompt: String? = nil, strength: Float = defaultStrength, seed: UInt64? = nil, count: Int = 1,
        solver: Solver? = nil, steps: Int? = nil, guidance: Float? = nil, precision: Precision? = nil
    ) {
        self.image = image
        self.prompt = prompt
        self.strength = strength
        self.seed = seed
        self.count = count
        self.solver = solver
        self.steps = steps
        self.guidance = guidance
        self.precision = precision
    }
}

/// Images on the way from one prompt to another, by moving between their text tokens. Settings that are nil are the model's own.
public struct MorphRequest: Sendable {
    public var from: String
    public var to: String
    /// At least 2: the first image is that of `from`, the last one that of `to`.
    public var frames: Int
    /// Of both ends. Nil: a random one, which the results hold.
    public var seed: UInt64?
    public var solver: Solver?
    public var steps: Int?
    /// The guidance scale; 1 is none.
    public var guidance: Float?
    /// Nil: the one that the model was loaded in.
    public var precision: Precision?

    public init(
        from: String, to: String, frames: Int = 16, seed: UInt64? = nil, solver: Solver? = nil, steps: Int? = nil,
        guidance: Float? = nil, precision: Precision? = nil
    ) {
        self.from = from
        self.to = to
        self.frames = frames
        self.seed = seed
        self.solver = solver
        self.steps = steps
        self.guidance = guidance
        self.precision = precision
    }
}

extension FlowTok {
    /// Draws images near a given one. Image k has seed `request.seed` + k.
    ///
    /// - Parameter progress: called after every step of the drawing; throws to cancel.
    /// - Throws: `FlowTokError.badSetting`; `.cannotCaption` where the model only draws and the request has no prompt;
    ///   `.emptyPrompt` for a prompt of white space.
    public func variations(
        _ request: VariationRequest, progress: (GenerationProgress) throws -> Void = { _ in }
    ) throws -> [GeneratedImage] {
        guard request.strength >= 0, request.strength <= 1 else {
            throw FlowTokError.badSetting(name: "strength", given: String(request.strength), expected: "0 to 1")
        }
        if let prompt = request.prompt, !prompt.contains(where: { !$0.isWhitespace }) { throw FlowTokError.emptyPrompt }
        let settings = try GenerationRequest(
            request.prompt ?? "", count: request.count, solver: request.solver, steps: request.steps, guidance: request.guidance
        ).settings(over: configuration.sampling)
        let seed = request.seed ?? UInt64(UInt32.random(in: .min ... .max))
        let (origin, caption) = try start(of: request.image, describedBy: request.prompt, precision: request.precision) {
            try Task.checkCancellation()
        }
        let seeds = (0..<request.count).map { seed &+ UInt64($0) }
        let starts = try seeds.map {
            FlowStart.between(
                origin, try start(ofVariation: caption, seed: $0, precision: request.precision), at: request.strength)
        }
        let images = try draw(starts, settings: settings, precision: request.precision, progress: progress)
        return zip(images, seeds).map { image, seed in
            GeneratedImage(
                image: image, prompt: caption, seed: seed, settings: settings, precision: request.precision ?? precision,
                rng: .philox, model: configuration.name, origin: GenerationOrigin(strength: request.strength))
        }
    }

    /// The start of a caption that was read from an image, which may be empty.
    package func start(ofVariation caption: String, seed: UInt64, precision: Precision? = nil) throws -> FlowStart {
        // A caption of nothing is the fault of no user.
        try start(of: caption.contains { !$0.isWhitespace } ? caption : "a picture", seed: seed, precision: precision)
    }

    /// Draws images on the way from one prompt to another.
    ///
    /// - Parameter progress: called after every step of the drawing; throws to cancel.
    /// - Throws: `FlowTokError.emptyPrompt` and `.badSetting`.
    public func morph(
        _ request: MorphRequest, progress: (GenerationProgress) throws -> Void = { _ in }
    ) throws -> [GeneratedImage] {
        guard (2...1000).contains(request.frames) else {
            throw FlowTokError.badSetting(name: "frames", given: String(request.frames), expected: "2 to 1000")
        }
        let settings = try GenerationRequest(
            request.from, solver: request.solver, steps: request.steps, guidance: request.guidance
        ).settings(over: configuration.sampling)
        let seed = request.seed ?? UInt64(UInt32.random(in: .min ... .max))
        // The same noise at both ends: what differs between two frames is the words alone.
        let from = try start(of: request.from, seed: seed, precision: request.precision)
        let to = try start(of: request.to, seed: seed, precision: request.precision)
        let positions = (0..<request.frames).map { Float($0) / Float(request.frames - 1) }
        let images = try draw(
            positions.map { .between(from, to, at: $0) }, settings: settings, precision: request.precision, progress: progress)
        return zip(images, positions).map { image, position in
            GeneratedImage(
                image: image, prompt: request.from, seed: seed, settings: settings, precision: request.precision ?? precision,
                rng: .philox, model: configuration.name, origin: GenerationOrigin(morphedTo: request.to, position: position))
        }
    }

    /// Draws images near a given one. Cancelling the task stops it within one step.
    ///
    /// - Throws: as the call of the same name; `CancellationError`.
    public func variations(_ request: VariationRequest) async throws -> [GeneratedImage] {
        try await Compute.run { stop in try self.variations(request) { _ in try stop.check() } }
    }

    /// Draws images on the way from one prompt to another. Cancelling the task stops it within one step.
    ///
    /// - Throws: as the call of the same name; `CancellationError`.
    public func morph(_ request: MorphRequest) async throws -> [GeneratedImage] {
        try await Compute.run { stop in try self.morph(request) { _ in try stop.check() } }
    }
}
