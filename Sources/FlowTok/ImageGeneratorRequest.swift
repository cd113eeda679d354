import Images
import ModelFolders
import Networks
import Tensors

/// What a generator is to draw. Settings that are nil are those of the model's published figures.
public struct GeneratorRequest: Sendable, Hashable {
    public enum Subject: Sendable, Hashable {
        /// A class by its number, for ImageNet's see `ImageNetClasses`.
        case imageClass(Int)
        case caption(String)
    }

    public var subject: Subject
    /// The same seed gives the same picture, whatever the number of threads.
    public var seed: UInt64
    public var steps: Int?
    /// The guidance scale, in the terms of the model's own schedule.
    public var guidance: Double?
    /// The noise in the choice of tokens.
    public var temperature: Double?
    /// Where the noise comes from that a seed stands for.
    public var rng: NoiseGenerator

    public init(
        _ subject: Subject, seed: UInt64, steps: Int? = nil, guidance: Double? = nil, temperature: Double? = nil,
        rng: NoiseGenerator = .philox
    ) {
        self.subject = subject
        self.seed = seed
        self.steps = steps
        self.guidance = guidance
        self.temperature = temperature
        self.rng = rng
    }
}

/// A picture that a generator drew, and how it came about.
public struct GeneratorPicture: Sendable {
    public let image: Image
    public let steps: Int
    public let guidance: Double
    public let temperature: Double
}

/// How a kind of generator draws where nothing else is asked for: as for the published figures (TiTok reference,
/// section 1).
enum GeneratorSampling: Sendable {
    case maskGIT(MaskGITSampling)
    case maskGenVQ(MaskGenVQSampling)
    case maskGenKL(MaskGenKLSampling)

    init(_ configuration: GeneratorConfiguration) {
        switch configuration {
        case .maskGIT(let shape):
            self = .maskGIT(shape.architecture == .uvit ? .titokS128 : shape.tokens > 32 ? .titokB64 : .titokL32)
        case .maskGenVQ: self = .maskGenVQ(MaskGenVQSampling(temperature: 2))
        case .maskGenKL: self = .maskGenKL(MaskGenKLSampling())
        }
    }
}
