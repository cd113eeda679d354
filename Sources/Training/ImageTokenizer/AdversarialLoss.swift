import Files
import Layers
import Tensors

/// How a discriminator takes part in a tokenizer's training: late, since squared error has to have drawn what an image is before
/// somebody can say what is missing in it. Squared error alone blurs what it is not sure of.
public struct AdversarialConfiguration: Sendable, Hashable, Codable {
    /// The weight of -mean D(reconstruction).
    public var weight: Float
    /// The step from which the discriminator learns.
    public var start: Int
    /// The steps after that over which the weight grows from nothing: a young discriminator knows nothing.
    public var rampSteps: Int
    /// The channels of the discriminator's first stage; they double with each further one.
    public var width: Int
    /// The discriminator's stages after the first.
    public var layers: Int

    public init(weight: Float = 0.05, start: Int = 0, rampSteps: Int = 500, width: Int = 32, layers: Int = 3) {
        self.weight = weight
        self.start = start
        self.rampSteps = rampSteps
        self.width = width
        self.layers = layers
    }

    enum CodingKeys: String, CodingKey {
        case weight, start, width, layers
        case rampSteps = "ramp_steps"
    }

    /// Reads what is named and keeps the defaults of everything else.
    public init(from decoder: any Decoder) throws {
        self.init()
        let values = try decoder.container(keyedBy: CodingKeys.self)
        try values.read(&weight, .weight)
        try values.read(&start, .start)
        try values.read(&rampSteps, .rampSteps)
        try values.read(&width, .width)
        try values.read(&layers, .layers)
    }

    /// - Throws: `InvalidValue` for the first value that cannot be used.
    func validate(side: Int) throws(InvalidValue) {
        if !(weight >= 0 && weight.isFinite) { throw InvalidValue("weight is \(weight), expected at least 0") }
        if start < 0 { throw InvalidValue("start is \(start), expected at least 0") }
        if rampSteps < 0 { throw InvalidValue("ramp_steps is \(rampSteps), expected at least 0") }
        if !(1...512).contains(width) { throw InvalidValue("width is \(width), expected 1 to 512") }
        if !(1...6).contains(layers) { throw InvalidValue("layers is \(layers), expected 1 to 6") }
        // Every stage but the last halves, and the last two take a margin of one.
        guard side >> layers >= 4 else { throw InvalidValue("layers is \(layers), expected fewer for images of \(side) pixels") }
    }
}

/// A discriminator that learns in the same steps as the tokenizer: its own loss sees the reconstruction as a constant, and the
/// tokenizer's loss sees the discriminator as one.
struct AdversarialLoss: Sendable {
    private let configuration: AdversarialConfiguration
    private let learning: PatchDiscriminator
    private let constant: PatchDiscriminator

    /// The names of the discriminator's parameters begin with this.
    static let prefix = "discriminator"

    init(_ configuration: AdversarialConfiguration, parameters: any WeightSource) {
        self.configuration = configuration
        func discriminator(_ source: any WeightSource) -> PatchDiscriminator {
            PatchDiscriminator(Weights(source)[Self.prefix], width: configuration.width, layers: configuration.layers)
        }
        learning = discriminator(parameters)
        constant = discriminator(DetachedWeights(parameters))
    }

    /// The two losses of a step, weighted; nil before the discriminator takes part.
    func callAsFunction(_ reconstruction: Tensor, target: Tensor, step: Int) -> (tokenizer: Tensor, discriminator: Tensor)? {
        guard step >= configuration.start else { return nil }
        let since = step - configuration.start
        let share = configuration.rampSteps == 0 ? 1 : min(1, Float(since) / Float(configuration.rampSteps))
        return (
            constant.adversarialLoss(reconstruction) * (configuration.weight * share),
            learning.loss(real: target, drawn: reconstruction.detached)
        )
    }
}

/// Another source's parameters as constants, which gradients do not reach.
private final class DetachedWeights: WeightSource {
    private let source: any WeightSource

    init(_ source: any WeightSource) { self.source = source }

    func contains(_ name: String) -> Bool { source.contains(name) }

    func tensor(named name: String, shape: [Int], initial: Initializer) -> Tensor {
        source.tensor(named: name, shape: shape, initial: initial).detached
    }
}
