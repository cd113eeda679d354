import Files
import Layers
import Networks
import Tensors

/// Training of GigaTok (2504.08736; reference section 8): a codebook of unit vectors with the losses of its use, and semantic
/// regularization, which keeps features of the decoder near those of a frozen encoder.
public struct GigaTokTraining: TokenizerKind {
    public static let id = "gigatok"
    /// A transformer of a published size is written by the size's name.
    public static let otherKeys = ["encoder_width_layers_heads": "encoder_size", "decoder_width_layers_heads": "decoder_size"]

    public enum Gradient: String, Sendable, Codable {
        case straightThrough = "straight_through"
        case rotation
    }

    /// The frozen encoder: a checkpoint of a vision transformer of DINOv2's kind, or the folder of a tokenizer; nil for training
    /// without semantic regularization.
    public var teacher: String?
    /// The weight of the regularization.
    public var semanticWeight: Float
    /// How the gradient of the codes reaches the vectors.
    public var gradient: Gradient
    public var commitmentCost: Float
    /// The weight of the loss that wants all codes used; 0 for none.
    public var entropyWeight: Float
    /// Whether latent tokens begin as those of their cell of the image (`GigaTokLocalStart`), and not as in the official training.
    public var startsLocally: Bool

    public init(
        teacher: String? = nil, semanticWeight: Float = 0.5, gradient: Gradient = .rotation, commitmentCost: Float = 0.25,
        entropyWeight: Float = 0, startsLocally: Bool = false
    ) {
        self.startsLocally = startsLocally
        self.teacher = teacher
        self.semanticWeight = semanticWeight
        self.gradient = gradient
        self.commitmentCost = commitmentCost
        self.entropyWeight = entropyWeight
    }

    enum CodingKeys: String, CodingKey {
        case teacher, gradient
        case semanticWeight = "semantic_weight"
        case commitmentCost = "commitment_cost"
        case entropyWeight = "entropy_weight"
        case startsLocally = "local_start"
    }

    /// Reads what is named and keeps the defaults of everything else.
    public init(from decoder: any Decoder) throws {
        self.init()
        let values = try decoder.container(keyedBy: CodingKeys.self)
        teacher = try values.decodeIfPresent(String.self, forKey: .teacher)
        try values.read(&semanticWeight, .semanticWeight)
        try values.read(&gradient, .gradient)
        try values.read(&commitmentCost, .commitmentCost)
        try values.read(&entropyWeight, .entropyWeight)
        try values.read(&startsLocally, .startsLocally)
    }

    public func validate(_ network: GigaTokConfiguration) throws(InvalidValue) {
        try expectWeights([
            ("semantic_weight", semanticWeight), ("commitment_cost", commitmentCost), ("entropy_weight", entropyWeight),
        ])
        if teacher != nil, network.distillationDepth > network.decoder.layers {
            throw InvalidValue(
                "network.distill_depth is \(network.distillationDepth), expected at most the decoder's \(network.decoder.layers) layers")
        }
    }

    /// Features are as wide as the teacher's.
    public func completed(_ network: GigaTokConfiguration) throws -> GigaTokConfiguration {
        guard let teacher else { return network }
        var network = network
        network.teacherWidth = try FrozenEncoder(path: teacher).width
        return network
    }

    /// A codebook of unit vectors, as the official training begins with.
    public func given(_ network: GigaTokConfiguration) throws -> [String: Tensor] {
        var random = CounterRandom(seed: 0, stream: stableHash(Self.codebook))
        var found = startsLocally ? GigaTokLocalStart(network).parameters : [:]
        found[Self.codebook] = Tensor.randomNormal([network.codebookSize, network.codeSize], using: &random).unitRows()
        return found
    }

    private static let codebook = "quantize.embedding.weight"

    public func isOfTraining(_ parameter: String) -> Bool { parameter.contains(".distill_mlp.") }

    public func ask(_ weights: Weights, of network: GigaTokConfiguration) {
        _ = network.imageTokenizer(weights)
        if teacher != nil { _ = GigaTokDistillation(network, weights: weights) }
    }

    public func learner(_ network: GigaTokConfiguration, weights: Weights, store: ParameterStore) throws -> any TokenizerLearner {
        try GigaTokLearner(self, network, weights: weights)
    }
}

/// A GigaTok in training.
private final class GigaTokLearner: TokenizerLearner {
    private let options: GigaTokTraining
    private let configuration: GigaTokConfiguration
    private let encoder: GigaTokEncoder
    private let decoder: GigaTokDecoder
    private let quantizer: VectorQuantizer
    private let codebook: CodebookTraining
    private let semantics: (teacher: FrozenEncoder, distillation: GigaTokDistillation)?

    init(_ options: GigaTokTraining, _ configuration: GigaTokConfiguration, weights: Weights) throws {
        self.options = options
        self.configuration = configuration
        let network = GigaTok(configuration, weights: weights)
        (encoder, decoder, quantizer) = (try network.encoder, try network.decoder, network.quantizer)
        codebook = CodebookTraining(
            gradient: options.gradient == .rotation ? .rotation : .straightThrough, commitmentCost: options.commitmentCost,
            entropyCost: options.entropyWeight)
        semantics = try options.teacher.map {
            (try FrozenEncoder(path: $0), GigaTokDistillation(configuration, weights: weights))
        }
    }

    func loss(_ images: Tensor, step: Int, random: inout CounterRandom) throws -> TokenizerObjective {
        let quantized = codebook(encoder(images * 2 + -1), quantizer)
        let tokens = decoder.embed(quantized.values)
        let depth = min(configuration.distillationDepth, configuration.decoder.layers)
        let middle = decoder.transformed(decoder.queries(tokens), memory: tokens, first: depth)
        let features = decoder.features(decoder.transformed(middle, memory: tokens, after: depth))
        var objective = TokenizerObjective(
            image: decoder.convolutions(features) * 0.5 + 0.5, loss: quantized.loss,
            metrics: [("quantizer_loss", Double((quantized.codebookLoss + quantized.commitmentLoss).item))], codes: quantized.indices)
        if options.entropyWeight > 0 { objective.metrics.append(("entropy_loss", Double(quantized.entropyLoss.item))) }
        if let semantics {
            let alignment = featureAlignmentLoss(
                semantics.distillation(middle), teacher: semantics.teacher(images, grid: configuration.grid))
            objective.loss = objective.loss + alignment * options.semanticWeight
            objective.metrics.append(("semantic_loss", Double(alignment.item)))
        }
        return objective
    }
}
