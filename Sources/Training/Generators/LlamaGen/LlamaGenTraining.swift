import Files
import Layers
import Networks
import Tensors

/// Training of LlamaGen as GigaTok uses it (2504.08736; reference section 9): every code is predicted from those before it, behind
/// a class or the states of a caption.
public struct LlamaGenTraining: GeneratorKind {
    public static let id = "llamagen"

    public var shape: TransformerShape
    /// The width inside the feed-forward networks; nil for two thirds of four widths, rounded up to a multiple of 256.
    public var hidden: Int?

    enum CodingKeys: String, CodingKey {
        case width, layers, heads, hidden
    }

    public init(from decoder: any Decoder) throws {
        shape = try TransformerShape(from: decoder)
        hidden = try decoder.container(keyedBy: CodingKeys.self).decodeIfPresent(Int.self, forKey: .hidden)
    }

    public func encode(to encoder: any Encoder) throws {
        try shape.encode(to: encoder)
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encodeIfPresent(hidden, forKey: .hidden)
    }

    public func network(
        tokens: TokenShape, imageSize: Int, subjects: GeneratorSubjects, conditionLength: Int
    ) throws(InvalidValue) -> LlamaGenConfiguration {
        try shape.checked(as: "")
        return LlamaGenConfiguration(
            codebookSize: tokens.codebookSize ?? 1, length: tokens.count, subjects: subjects, conditionLength: conditionLength,
            width: shape.width, layers: shape.layers, heads: shape.heads, hidden: hidden)
    }

    public func learner(_ network: LlamaGenConfiguration, weights: Weights) -> any GeneratorLearner {
        LlamaGenLearner(generator: LlamaGen(network, weights: weights))
    }
}

/// A LlamaGen in training.
private struct LlamaGenLearner: GeneratorLearner {
    let generator: LlamaGen

    func loss(
        _ codes: [[Int32]], labels: [Int?], captions: TextCondition?, random: inout CounterRandom
    ) -> (loss: Tensor, metrics: [(name: String, value: Double)]) {
        let logits = generator.logits(codes.flatMap { $0.dropLast() }, labels: labels, captions: captions)
        return (logits.crossEntropy(codes.flatMap { $0 }), [])
    }
}
