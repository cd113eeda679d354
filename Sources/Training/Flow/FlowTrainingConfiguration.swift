import Files
import FlowTok
import Networks
import Sampling

/// What a flow run does with the text encoder, which a tokenizer's decoder alone teaches little about words.
public enum TextEncoderTraining: String, Sendable, Hashable, Codable {
    /// It stays as the tokenizer has it, as FlowTok keeps CLIP's.
    case frozen
    /// It starts as the tokenizer has it and learns with the flow.
    case tuned
    /// It starts anew and learns with the flow.
    case fresh
}

/// The parts of a flow, any of which may learn while the others stay as the flow to start from has them.
public enum FlowPart: String, Sendable, Hashable, Codable, CaseIterable {
    /// The velocity network, in both directions.
    case velocity
    /// The text variational encoder, and the text encoder unless that is frozen.
    case text
    case textDecoder = "text_decoder"
}

/// What a flow run is made from, besides a trained tokenizer.
public struct FlowTrainingConfiguration: Sendable, Hashable, Codable {
    /// The name of the model that comes out.
    public var name: String
    public var velocity: VelocityConfiguration
    public var textVariationalEncoder: TextVariationalConfiguration
    public var textDecoder: TextTransformerConfiguration
    /// What becomes of the tokenizer's text encoder.
    public var textEncoder: TextEncoderTraining
    /// The weight of the contrastive alignment of text tokens with the projected hidden states.
    public var alignmentWeight: Float
    /// The weight of the mean squared distance of the text posterior's mean from the image latents. The flow alone teaches
    /// the text encoder what captions look like only through its own noise; this says it plainly, after which the flow has
    /// what captions leave open to decide.
    public var matchingWeight: Float
    /// The weight of the text posterior's divergence, summed over tokens and channels and averaged over the batch.
    public var klWeight: Float
    /// The weight of the cross entropy of the pieces that the text decoder reads from the text tokens.
    public var decodingWeight: Float
    /// The share of a batch on which that cross entropy is computed.
    public var decodingShare: Float
    /// The weight of the cross entropy of the pieces that the text decoder reads where image-to-text samples are bound
    /// for. The mean square alone weighs all of a text token's numbers alike, and few of them tell a fox from a wolf.
    public var captioningWeight: Float
    /// The weight of the cross entropy of the pieces that the text decoder reads on the straight line from image latents to
    /// text tokens, from the image on: a flow that has not quite arrived then still says what it carries.
    public var readingWeight: Float
    /// The share of a batch that the velocity network sees; the other losses need a fraction of its time. With 0 it sees
    /// nothing, and may not learn.
    public var flowShare: Float
    /// The share of those samples that learn image to text.
    public var imageToTextShare: Float
    /// The share of text-to-image samples that are unconditional.
    public var unconditionalShare: Float
    /// What learns; all of it where nothing is said.
    public var learns: [FlowPart]
    public var training: TrainingSettings
    public var sampling: SamplingDefaults
    public var captioning: CaptioningDefaults
    public var licence: String
    public var trainedOn: String

    public init(
        name: String = "flowtok", velocity: VelocityConfiguration, textVariationalEncoder: TextVariationalConfiguration,
        textDecoder: TextTransformerConfiguration, textEncoder: TextEncoderTraining = .frozen, alignmentWeight: Float = 1,
        matchingWeight: Float = 0, klWeight: Float = 0.3, decodingWeight: Float = 1, decodingShare: Float = 0.5,
        captioningWeight: Float = 0, readingWeight: Float = 0, flowShare: Float = 1, imageToTextShare: Float = 0.2,
        unconditionalShare: Float = 0.1, learns: [FlowPart] = FlowPart.allCases, training: TrainingSettings,
        sampling: SamplingDefaults = SamplingDefaults(),
        captioning: CaptioningDefaults = CaptioningDefaults(), licence: String = "", trainedOn: String = ""
    ) {
        self.name = name
        self.velocity = velocity
        self.textVariationalEncoder = textVariationalEncoder
        self.textDecoder = textDecoder
        self.textEncoder = textEncoder
        self.alignmentWeight = alignmentWeight
        self.matchingWeight = matchingWeight
        self.klWeight = klWeight
        self.decodingWeight = decodingWeight
        self.decodingShare = decodingShare
        self.captioningWeight = captioningWeight
        self.readingWeight = readingWeight
        self.flowShare = flowShare
        self.imageToTextShare = imageToTextShare
        self.unconditionalShare = unconditionalShare
        self.learns = learns
        self.training = training
        self.sampling = sampling
        self.captioning = captioning
        self.licence = licence
        self.trainedOn = trainedOn
    }

    enum CodingKeys: String, CodingKey {
        case name, velocity
        case textVariationalEncoder = "text_variational_encoder"
        case textDecoder = "text_decoder"
        case textEncoder = "text_encoder"
        case alignmentWeight = "alignment_weight"
        case matchingWeight = "matching_weight"
        case klWeight = "kl_weight"
        case decodingWeight = "decoding_weight"
        case decodingShare = "decoding_share"
        case captioningWeight = "captioning_weight"
        case readingWeight = "reading_weight"
        case flowShare = "flow_share"
        case imageToTextShare = "image_to_text_share"
        case unconditionalShare = "unconditional_share"
        case learns
        case training, sampling, captioning, licence
        case trainedOn = "trained_on"
    }

    /// Reads what is named and keeps the defaults of everything else. `velocity`, `text_variational_encoder`,
    /// `text_decoder` and `training` have none, but `text_decoder.vocab_size` may be left out for a run to fill in.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            velocity: try values.decode(VelocityConfiguration.self, forKey: .velocity),
            textVariationalEncoder: try values.decode(
                TextVariationalConfiguration.self, forKey: .textVariationalEncoder),
            textDecoder: try values.textTower(.textDecoder),
            training: try values.decode(TrainingSettings.self, forKey: .training))
        try values.read(&name, .name)
        try values.read(&textEncoder, .textEncoder)
        try values.read(&alignmentWeight, .alignmentWeight)
        try values.read(&matchingWeight, .matchingWeight)
        try values.read(&klWeight, .klWeight)
        try values.read(&decodingWeight, .decodingWeight)
        try values.read(&decodingShare, .decodingShare)
        try values.read(&captioningWeight, .captioningWeight)
        try values.read(&readingWeight, .readingWeight)
        try values.read(&flowShare, .flowShare)
        try values.read(&imageToTextShare, .imageToTextShare)
        try values.read(&unconditionalShare, .unconditionalShare)
        try values.read(&learns, .learns)
        try values.read(&sampling, .sampling)
        try values.read(&captioning, .captioning)
        try values.read(&licence, .licence)
        try values.read(&trainedOn, .trainedOn)
    }

    /// The configuration of the model that comes out.
    func model(over tokenizer: TokenizerTrainingConfiguration, latents: LatentStatistics) -> FlowTokConfiguration {
        FlowTokConfiguration(
            name: name, imageTokenizer: tokenizer.imageTokenizer, textEncoder: tokenizer.textEncoder,
            textVariationalEncoder: textVariationalEncoder, textDecoder: textDecoder, velocity: velocity,
            latents: latents, sampling: sampling, captioning: captioning, licence: licence, trainedOn: trainedOn)
    }

    /// Why no run can be made from this over a tokenizer, or nil.
    public func problem(over tokenizer: TokenizerTrainingConfiguration) -> String? {
        let size = tokenizer.imageTokenizer.tokenSize
        let latents = LatentStatistics(
            mean: Array(repeating: 0, count: size), deviation: Array(repeating: 1, count: size))
        return problem ?? model(over: tokenizer, latents: latents).problem
    }

    /// Whether all parts learn, so that nothing has to be there before.
    public var learnsAll: Bool { Set(learns).count == FlowPart.allCases.count }

    /// Why no run can be made from this over any tokenizer, or nil.
    public var problem: String? {
        for (name, share) in [
            ("decoding_share", decodingShare), ("flow_share", flowShare), ("image_to_text_share", imageToTextShare),
            ("unconditional_share", unconditionalShare),
        ] where !(0...1).contains(share) {
            return "\(name) is \(share), expected 0 to 1"
        }
        for (name, weight) in [
            ("alignment_weight", alignmentWeight), ("matching_weight", matchingWeight), ("kl_weight", klWeight),
            ("decoding_weight", decodingWeight), ("captioning_weight", captioningWeight), ("reading_weight", readingWeight),
        ] where !(weight >= 0 && weight.isFinite) {
            return "\(name) is \(weight), expected at least 0"
        }
        if learns.isEmpty {
            return "learns is empty, expected one or more of \(FlowPart.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", "))"
        }
        if learns.contains(.velocity) && flowShare == 0 {
            return "flow_share is 0, expected more where the velocity network learns"
        }
        if Set(learns) == [.textDecoder] && decodingWeight + captioningWeight + readingWeight == 0 {
            return "learns is \"text_decoder\" alone, which goes with a decoding_weight, captioning_weight or reading_weight above 0"
        }
        if imageToTextShare > 0 && velocity.indicators < 3 {
            return "velocity.indicators is \(velocity.indicators), expected 3 to learn image to text"
        }
        let parts: [(String, String?)] = [
            ("velocity", velocity.problem), ("text_variational_encoder", textVariationalEncoder.problem),
            ("text_decoder", textDecoder.problem), ("training", training.problem), ("sampling", sampling.problem),
            ("captioning", captioning.problem),
        ]
        for case (let name, let problem?) in parts { return "\(name).\(problem)" }
        return nil
    }
}

extension KeyedDecodingContainer {
    /// A text tower whose `vocab_size` may be left out, 0 then: the vocabulary that a run names fills it in.
    func textTower(_ key: Key) throws -> TextTransformerConfiguration {
        let values = try nestedContainer(keyedBy: TextTowerKeys.self, forKey: key)
        var tower = TextTransformerConfiguration(
            vocabularySize: 0,
            contextLength: try values.decode(Int.self, forKey: .contextLength),
            width: try values.decode(Int.self, forKey: .width),
            layers: try values.decode(Int.self, forKey: .layers),
            heads: try values.decode(Int.self, forKey: .heads))
        try values.read(&tower.vocabularySize, .vocabularySize)
        try values.read(&tower.activation, .activation)
        try values.read(&tower.causal, .causal)
        return tower
    }
}

/// As `TextTransformerConfiguration` writes them.
private enum TextTowerKeys: String, CodingKey {
    case vocabularySize = "vocab_size"
    case contextLength = "context_length"
    case width, layers, heads, activation, causal
}
