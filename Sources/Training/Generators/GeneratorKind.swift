import Files
import Layers
import Networks
import Tensors

/// One kind of training of generators of classes or captions over the tokens of an image tokenizer. What is the same for all kinds is
/// written once; a kind adds its own keys to the section `model` of the configuration, and the loss.
///
/// A kind is a folder beside this file and a line in `GeneratorKinds.all`.
public protocol GeneratorKind: Codable, Sendable, Equatable {
    associatedtype Network: TokenGeneratorConfiguration

    /// How `"kind"` names it.
    static var id: String { get }

    /// The tokenizer as the generator needs it; nil where it has other tokens than the kind learns.
    ///
    /// - Parameter images: gives some of the data's images [count, 3, side, side], for statistics.
    func tokenizer(_ given: GeneratorTokenizer, images: (Range<UInt64>) throws -> Tensor) throws -> GeneratorTokenizer?

    /// What tokens the kind learns, for messages.
    static var tokens: String { get }

    /// The shape of the network.
    ///
    /// - Parameters:
    ///   - subjects: what it is to draw.
    ///   - conditionLength: the places that the condition takes of a sequence: one for a class, the positions of a caption.
    /// - Throws: `InvalidValue` where the keys of the kind cannot be used, or do not go with the tokens.
    func network(
        tokens: TokenShape, imageSize: Int, subjects: GeneratorSubjects, conditionLength: Int
    ) throws(InvalidValue) -> Network

    /// Whether weight decay shrinks a parameter, as in the official training.
    func decays(_ parameter: String, rank: Int) -> Bool

    /// What learns.
    func learner(_ network: Network, weights: Weights) -> any GeneratorLearner
}

extension GeneratorKind {
    public static var tokens: String { "a tokenizer with a codebook" }

    public func tokenizer(_ given: GeneratorTokenizer, images: (Range<UInt64>) throws -> Tensor) throws -> GeneratorTokenizer? {
        guard case .codes(_, channels: 1) = given.configuration.tokens.values else { return nil }
        return given
    }

    public func decays(_ parameter: String, rank: Int) -> Bool { rank >= 2 }
}

/// A generator in training.
public protocol GeneratorLearner {
    /// The loss of images.
    ///
    /// - Parameters:
    ///   - codes: of every image, token after token.
    ///   - labels: of every image its class, or its caption by its place in `captions`; nil where it is hidden.
    func loss(
        _ codes: [[Int32]], labels: [Int?], captions: TextCondition?, random: inout CounterRandom
    ) -> (loss: Tensor, metrics: [(name: String, value: Double)])
}

/// The shape of a transformer in a configuration: one that has none is refused.
extension TransformerShape {
    func checked(as key: String) throws(InvalidValue) {
        try expectSizes([("\(key)width", width, 65536), ("\(key)layers", layers, 1024), ("\(key)heads", heads, 1024)])
        try expectHeads("\(key)width", width: width, heads: heads)
    }
}
