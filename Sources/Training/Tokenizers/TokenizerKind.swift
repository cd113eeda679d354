import Files
import Layers
import Networks
import Tensors

/// One kind of training of image tokenizers. What is the same for all kinds (data, the losses of pixels, samples, export, the
/// loop) is written once; a kind adds its own keys to the section `model` of the configuration, and the loss of its tokens.
///
/// A kind is a folder beside this file and a line in `TokenizerKinds.all`.
public protocol TokenizerKind: Codable, Sendable, Equatable {
    /// The shape of the network, coded as the `config.json` that comes out.
    associatedtype Network: ImageTokenizerConfiguration

    /// How `"kind"` names it.
    static var id: String { get }
    /// Keys that may stand in a file in the place of those that the configuration is written with.
    static var otherKeys: [String: String] { get }
    /// Whether the loss sees pixels, so that the losses of pixels apply.
    static var drawsPixels: Bool { get }

    /// The side of the images that are trained on, in pixels.
    func imageSize(_ network: Network) -> Int

    /// - Throws: `InvalidValue` where the keys of the kind cannot be used, or do not go with the network.
    func validate(_ network: Network) throws(InvalidValue)

    /// The network that is trained where the configuration leaves out what a file tells that it names.
    func completed(_ network: Network) throws -> Network

    /// Parameters to start from besides those of a `start`, by name: of files that the kind names.
    func given(_ network: Network) throws -> [String: Tensor]

    /// Whether a parameter stays as it was given.
    func isFixed(_ parameter: String, of network: Network) -> Bool

    /// Whether weight decay shrinks a parameter, as in the official training.
    func decays(_ parameter: String, rank: Int) -> Bool

    /// Whether a parameter serves training alone, so that one to start from has it not.
    func isOfTraining(_ parameter: String) -> Bool

    /// What learns: the network and the loss of its tokens.
    ///
    /// - Throws: what reading the files that the kind names throws.
    func learner(_ network: Network, weights: Weights, store: ParameterStore) throws -> any TokenizerLearner

    /// What is shown of images [batch, 3, side, side]: as many pictures for each, in rows below the images themselves.
    func reconstructions(_ images: Tensor, _ network: Network, weights: Weights) throws -> [Tensor]

    /// The configuration of what comes out, with what is measured of the trained network.
    ///
    /// - Parameter images: gives so many images [count, 3, side, side].
    func finished(_ network: Network, weights: Weights, images: (_ count: Int) throws -> Tensor) throws -> Network

    /// Asks for every parameter that the published files hold.
    func ask(_ weights: Weights, of network: Network)

    /// What the published files hold besides parameters.
    func tables(_ network: Network) -> [(String, Tensor)]
}

extension TokenizerKind {
    public static var otherKeys: [String: String] { [:] }
    public static var drawsPixels: Bool { true }
    public func imageSize(_ network: Network) -> Int { network.imageSize }
    public func completed(_ network: Network) throws -> Network { network }
    public func given(_ network: Network) throws -> [String: Tensor] { [:] }
    public func isFixed(_ parameter: String, of network: Network) -> Bool { false }
    public func decays(_ parameter: String, rank: Int) -> Bool { true }
    public func isOfTraining(_ parameter: String) -> Bool { false }
    public func reconstructions(_ images: Tensor, _ network: Network, weights: Weights) throws -> [Tensor] {
        let tokenizer = network.imageTokenizer(weights)
        return [try tokenizer.detokenize(tokenizer.tokenize(images))]
    }
    public func finished(_ network: Network, weights: Weights, images: (_ count: Int) throws -> Tensor) throws -> Network { network }
    public func ask(_ weights: Weights, of network: Network) { _ = network.imageTokenizer(weights) }
    public func tables(_ network: Network) -> [(String, Tensor)] { [] }
}

/// What a kind makes of a batch.
public struct TokenizerObjective {
    /// The reconstruction [batch, 3, side, side] in 0...1; nil where the loss does without one.
    public var image: Tensor?
    /// The loss of the tokens, or all of it.
    public var loss: Tensor
    public var metrics: [(name: String, value: Double)]
    /// The codes of the batch, where there is a codebook.
    public var codes: [Int32]

    public init(
        image: Tensor? = nil, loss: Tensor, metrics: [(name: String, value: Double)] = [], codes: [Int32] = []
    ) {
        self.image = image
        self.loss = loss
        self.metrics = metrics
        self.codes = codes
    }
}

/// A network in training.
public protocol TokenizerLearner: AnyObject {
    /// The loss of images [batch, 3, side, side] in 0...1.
    func loss(_ images: Tensor, step: Int, random: inout CounterRandom) throws -> TokenizerObjective
    /// See `TrainingTask.memory`.
    var memory: [String: Tensor] { get set }
    /// See `TrainingTask.finish(step:)`.
    func finish(step: Int)
}

extension TokenizerLearner {
    public var memory: [String: Tensor] {
        get { [:] }
        set {}
    }
    public func finish(step: Int) {}
}
