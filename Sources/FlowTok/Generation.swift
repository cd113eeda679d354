import Foundation
import Images
import Networks
import Sampling
import Tensors

/// What to draw. Settings that are nil are the model's own.
public struct GenerationRequest: Sendable, Hashable {
    public var prompt: String
    /// Nil: a random one, which the result holds.
    public var seed: UInt64?
    public var count: Int
    public var solver: Solver?
    public var steps: Int?
    /// The guidance scale; 1 is none.
    public var guidance: Float?
    /// The times, in 0...1, between which guidance applies.
    public var guidanceInterval: ClosedRange<Float>?
    /// Nil: the one that the model was loaded in.
    public var precision: Precision?
    /// Where the noise comes from that a seed stands for: `.torch` draws what an official script draws after
    /// `torch.manual_seed`.
    public var rng: NoiseGenerator
    /// Whether the results hold pictures of the flow on its way.
    public var recordsTrajectory: Bool

    public init(
        _ prompt: String, seed: UInt64? = nil, count: Int = 1, solver: Solver? = nil, steps: Int? = nil,
        guidance: Float? = nil, guidanceInterval: ClosedRange<Float>? = nil, precision: Precision? = nil,
        rng: NoiseGenerator = .philox, recordsTrajectory: Bool = false
    ) {
        self.prompt = prompt
        self.seed = seed
        self.count = count
        self.solver = solver
        self.steps = steps
        self.guidance = guidance
        self.guidanceInterval = guidanceInterval
        self.precision = precision
        self.rng = rng
        self.recordsTrajectory = recordsTrajectory
    }

    /// The settings with the model's own filled in.
    ///
    /// - Throws: `FlowTokError.badSetting` where one is out of range.
    package func settings(over defaults: SamplingDefaults) throws -> FlowSettings {
        guard (1...10_000).contains(count) else {
            throw FlowTokError.badSetting(name: "count", given: String(count), expected: "1 to 10000")
        }
        let steps = steps ?? defaults.steps
        guard (1...10_000).contains(steps) else {
            throw FlowTokError.badSetting(name: "steps", given: String(steps), expected: "1 to 10000")
        }
        let guidance = guidance ?? defaults.guidance
        guard guidance.isFinite, abs(guidance) <= 1000 else {
            throw FlowTokError.badSetting(name: "guidance", given: String(guidance), expected: "a number up to 1000")
        }
        let interval = guidanceInterval ?? defaults.guidanceInterval[0]...defaults.guidanceInterval[1]
        guard interval.lowerBound >= 0, interval.upperBound <= 1 else {
            throw FlowTokError.badSetting(
                name: "guidance interval", given: "\(interval.lowerBound),\(interval.upperBound)",
                expected: "two times in order, 0 to 1")
        }
        return FlowSettings(
            solver: solver ?? defaults.solver, steps: steps, guidance: Guidance(scale: guidance, interval: interval))
    }
}

/// How far a request is.
public struct GenerationProgress {
    /// The index of the first image of those being drawn now, and the number of all.
    public let image: Int
    public let count: Int
    /// Steps done for them, and steps in all.
    public var step: Int { drawing.step }
    public var steps: Int { drawing.steps }
    let drawing: DrawingStep

    /// What the images that are being drawn now look like after this step. It costs as much as decoding them.
    public func previews() throws -> [Image] { try drawing.pixels().images() }

    /// What some of them look like, by their place among those that are being drawn now.
    package func previews(of places: [Int]) throws -> [Image] { try drawing.pixels(ofRows: places).images() }
}

/// A picture and how it came about.
public struct GeneratedImage: Sendable {
    public let image: Image
    public let prompt: String
    public let seed: UInt64
    public let settings: FlowSettings
    public let precision: Precision
    public let rng: NoiseGenerator
    /// The name of the model.
    public let model: String
    /// The picture forming, from the text tokens to the last step; empty unless it was asked for.
    public let trajectory: [Image]
    /// What else than the prompt and the seed the flow started from; nil where it started from these alone.
    public let origin: GenerationOrigin?

    package init(
        image: Image, prompt: String, seed: UInt64, settings: FlowSettings, precision: Precision, rng: NoiseGenerator,
        model: String, trajectory: [Image] = [], origin: GenerationOrigin? = nil
    ) {
        self.image = image
        self.prompt = prompt
        self.seed = seed
        self.settings = settings
        self.precision = precision
        self.rng = rng
        self.model = model
        self.trajectory = trajectory
        self.origin = origin
    }
}

/// What else than a prompt and a seed a flow started from: an image, another prompt, or both.
public struct GenerationOrigin: Sendable, Hashable, Codable {
    /// How far from the image towards the prompt the flow started, 0...1; nil where it did not start near an image.
    public var strength: Float?
    /// The prompt at the other end of a morph; nil where there is none.
    public var morphedTo: String?
    /// Where between the two prompts the flow started, 0...1; nil for a file that holds the whole way.
    public var position: Float?

    enum CodingKeys: String, CodingKey {
        case strength, position
        case morphedTo = "morphed_to"
    }

    public init(strength: Float? = nil, morphedTo: String? = nil, position: Float? = nil) {
        self.strength = strength
        self.morphedTo = morphedTo
        self.position = position
    }
}
