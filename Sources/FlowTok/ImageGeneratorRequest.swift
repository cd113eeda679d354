import Images
import ModelFolders
import Networks
import Tensors

/// What an image generator is to draw. Settings that are nil are those of the model's published figures.
public struct ImageGeneratorRequest: Sendable, Hashable {
    public enum Subject: Sendable, Hashable {
        /// A class by its number, for ImageNet's see `ImageNetClasses`.
        case imageClass(Int)
        case caption(String)
    }

    public var subject: Subject
    /// The same seed gives the same image, whatever the number of threads.
    public var seed: UInt64
    public var settings: GeneratorSettings
    /// Where the noise comes from that a seed stands for.
    public var rng: NoiseGenerator

    public init(
        _ subject: Subject, seed: UInt64, settings: GeneratorSettings = GeneratorSettings(), rng: NoiseGenerator = .philox
    ) {
        self.subject = subject
        self.seed = seed
        self.settings = settings
        self.rng = rng
    }
}

/// An image that a generator drew, and the settings that it was drawn with.
public struct ImageGeneratorResult: Sendable {
    public let image: Image
    public let settings: GeneratorSettings
}
