import Files
import Foundation
import Layers
import Networks
import Tensors

/// Training of the MaskGIT generators over TiTok's tokens (2406.07550, section 4.1; TiTok reference, section 11): tokens are
/// masked, and the network learns which codes were there.
public struct MaskGITTraining: GeneratorKind {
    public static let id = "maskgit"

    public var architecture: MaskGITConfiguration.Architecture
    public var shape: TransformerShape
    /// The width inside the feed-forward networks; nil for four widths.
    public var hidden: Int?
    /// What every code but the right one takes of the target.
    public var labelSmoothing: Float
    /// The weight of tokens that are not masked, against 1 of those that are.
    public var visibleWeight: Float

    enum CodingKeys: String, CodingKey {
        case architecture = "model_type"
        case width, layers, heads, hidden
        case labelSmoothing = "label_smoothing"
        case visibleWeight = "visible_weight"
    }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        architecture = try values.decodeIfPresent(MaskGITConfiguration.Architecture.self, forKey: .architecture) ?? .vit
        shape = try TransformerShape(from: decoder)
        hidden = try values.decodeIfPresent(Int.self, forKey: .hidden)
        labelSmoothing = try values.decodeIfPresent(Float.self, forKey: .labelSmoothing) ?? 0.1
        visibleWeight = try values.decodeIfPresent(Float.self, forKey: .visibleWeight) ?? 0.1
    }

    public func encode(to encoder: any Encoder) throws {
        try shape.encode(to: encoder)
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(architecture, forKey: .architecture)
        try values.encodeIfPresent(hidden, forKey: .hidden)
        try values.encode(labelSmoothing, forKey: .labelSmoothing)
        try values.encode(visibleWeight, forKey: .visibleWeight)
    }

    public func network(
        tokens: TokenShape, imageSize: Int, subjects: GeneratorSubjects, conditionLength: Int
    ) throws(InvalidValue) -> MaskGITConfiguration {
        try shape.checked(as: "")
        try expect("label_smoothing", labelSmoothing, in: 0...0.99)
        try expect("visible_weight", visibleWeight, in: 0...1000)
        return MaskGITConfiguration(
            architecture: architecture, codebookSize: tokens.codebookSize ?? 1, length: tokens.count, subjects: subjects,
            width: shape.width, layers: shape.layers, heads: shape.heads, hidden: hidden ?? 4 * shape.width)
    }

    /// Official names that decay spares (TiTok reference, section 11).
    public func decays(_ parameter: String, rank: Int) -> Bool {
        rank >= 2 && !["ln", "bias", "embedding", "norm", "gamma", "embed"].contains { parameter.contains($0) }
    }

    public func learner(_ network: MaskGITConfiguration, weights: Weights) -> any GeneratorLearner {
        MaskGITLearner(options: self, generator: MaskGITGenerator(network, weights: weights))
    }
}

/// A MaskGIT generator in training.
package struct MaskGITLearner: GeneratorLearner {
    let options: MaskGITTraining
    let generator: MaskGITGenerator

    /// How many of `length` tokens are masked at a uniform number: the arccosine schedule.
    package static func maskedCount(_ uniform: Float, of length: Int) -> Int {
        let share = max(Double(acos(Double(uniform))) / (.pi / 2), 1e-6)
        return max(1, Int((Double(length) * share).rounded()))
    }

    package func loss(
        _ codes: [[Int32]], labels: [Int?], captions: TextCondition?, random: inout CounterRandom
    ) -> (loss: Tensor, metrics: [(name: String, value: Double)]) {
        let configuration = generator.configuration
        let (length, width) = (configuration.length, configuration.codebookSize)
        let targets = codes.flatMap { $0 }
        var (ids, masked) = (targets, [Bool](repeating: false, count: targets.count))
        for image in codes.indices {
            let count = Self.maskedCount(random.uniform(), of: length)
            for place in random.permutation(length).prefix(count) {
                ids[image * length + place] = configuration.maskID
                masked[image * length + place] = true
            }
        }
        let logits = generator.network.logits(ids, labels: labels, captions: captions)
            .reshaped([targets.count, width])
        let weights = masked.map { $0 ? 1 : options.visibleWeight }
        let loss = logits.smoothedCrossEntropy(targets, weights: weights, smoothing: options.labelSmoothing)
        let best = logits.detached.argmax()
        let hidden = masked.indices.filter { masked[$0] }
        let right = hidden.count { best[$0] == targets[$0] }
        let plain = logits.detached.crossEntropy(zip(targets, masked).map { $1 ? $0 : -1 })
        return (
            loss, [("masked_loss", Double(plain.item)), ("masked_accuracy", Double(right) / Double(max(1, hidden.count)))]
        )
    }
}

extension Tensor {
    /// Σ w · (-(1 - ε) log p[target] - ε mean log p) / (Σ w + 1e-8) for logits [rows, codes].
    package func smoothedCrossEntropy(_ targets: [Int32], weights: [Float], smoothing: Float) -> Tensor {
        let (rows, width) = (shape[0], shape[1])
        let total = weights.reduce(0, +) + 1e-8
        let shares = Tensor(uninitialized: [rows, width]) { buffer in
            for row in 0..<rows {
                let weight = weights[row] / total
                for code in 0..<width { buffer[row * width + code] = -weight * smoothing / Float(width) }
                buffer[row * width + Int(targets[row])] -= weight * (1 - smoothing)
            }
        }
        return (logSoftmax() * shares).sum()
    }
}
