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
public struct FlowTrainingConfiguration: Sendable, Hashable, Codable, Validated {
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
    public var latentMSEWeight: Float
    /// The weight of the text posterior's divergence, summed over tokens and channels and averaged over the batch.
    public var klWeight: Float
    /// The weight of the cross entropy of the pieces that the text decoder reads from the text tokens.
    public var textReconstructionWeight: Float
    /// The share of a batch on which that cross entropy is computed.
    public var textReconstructionFraction: Float
    /// The weight of the cross entropy of the pieces that the text decoder reads where image-to-text samples are bound
    /// for. The mean square alone weighs all of a text token's numbers alike, and few of them tell a fox from a wolf.
    public var endpointCaptionWeight: Float
    /// The weight of the cross entropy of the pieces that the text decoder reads on the straight line from image latents to
    /// text tokens, from the image on: a flow that has not quite arrived then still says what it carries.
    public var pathCaptionWeight: Float
    /// The share of a batch that the velocity network sees; the other losses need a fraction of its time. With 0 it sees
    /// nothing, and may not learn.
    public var flowFraction: Float
    /// The share of those samples that learn image to text.
    public var imageToTextFraction: Float
    /// The share of text-to-image samples that are unconditional.
    public var unconditionalFraction: Float
    /// What learns; all of it where nothing is said.
    public var learns: [FlowPart]
    public var training: TrainingSettings
    public var sampling: SamplingDefaults
    public var captioning: CaptioningDefaults
    public var license: String
    public var trainedOn: String

    public init(
        name: String = "flowtok", velocity: VelocityConfiguration, textVariationalEncoder: TextVariationalConfiguration,
        textDecoder: TextTransformerConfiguration, textEncoder: TextEncoderTraining = .frozen, alignmentWeight: Float = 1,
        latentMSEWeight: Float = 0, klWeight: Float = 0.3, textReconstructionWeight: Float = 1, textReconstructionFraction: Float = 0.5,
        endpointCaptionWeight: Float = 0, pathCaptionWeight: Float = 0, flowFraction: Float = 1, imageToTextFraction: Float = 0.2,
        unconditionalFraction: Float = 0.1, learns: [FlowPart] = FlowPart.allCases, training: TrainingSettings,
        sampling: SamplingDefaults = SamplingDefaults(),
        captioning: CaptioningDefaults = CaptioningDefaults(), license: String = "", trainedOn: String = ""
    ) {
        self.name = name
        self.velocity = velocity
        self.textVariationalEncoder = textVariationalEncoder
        self.textDecoder = textDecoder
        self.textEncoder = textEncoder
        self.alignmentWeight = alignmentWeight
        self.latentMSEWeight = latentMSEWeight
        self.klWeight = klWeight
        self.textReconstructionWeight = textReconstructionWeight
        self.textReconstructionFraction = textReconstructionFraction
        self.endpointCaptionWeight = endpointCaptionWeight
        self.pathCaptionWeight = pathCaptionWeight
        self.flowFraction = flowFraction
        self.imageToTextFraction = imageToTextFraction
        self.unconditionalFraction = unconditionalFraction
        self.learns = learns
        self.training = training
        self.sampling = sampling
        self.captioning = captioning
        self.license = license
        self.trainedOn = trainedOn
    }

    enum CodingKeys: String, CodingKey {
        case name, velocity
        case textVariationalEncoder = "text_variational_encoder"
        case textDecoder = "text_decoder"
        case textEncoder = "text_encoder"
        case alignmentWeight = "alignment_weight"
        case latentMSEWeight = "latent_mse_weight"
        case klWeight = "kl_weight"
        case textReconstructionWeight = "text_reconstruction_weight"
        case textReconstructionFraction = "text_reconstruction_fraction"
        case endpointCaptionWeight = "endpoint_caption_weight"
        case pathCaptionWeight = "path_caption_weight"
        case flowFraction = "flow_fraction"
        case imageToTextFraction = "image_to_text_fraction"
        case unconditionalFraction = "unconditional_fraction"
        case learns
        case training, sampling, captioning, license
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
        let named = try RenamedKeys(decoder)
        try named.read(&name, CodingKeys.name)
        try named.read(&textEncoder, CodingKeys.textEncoder)
        try named.read(&alignmentWeight, CodingKeys.alignmentWeight)
        try named.read(&latentMSEWeight, CodingKeys.latentMSEWeight)
        try named.read(&klWeight, CodingKeys.klWeight)
        try named.read(&textReconstructionWeight, CodingKeys.textReconstructionWeight)
        try named.read(&textReconstructionFraction, CodingKeys.textReconstructionFraction)
        try named.read(&endpointCaptionWeight, CodingKeys.endpointCaptionWeight)
        try named.read(&pathCaptionWeight, CodingKeys.pathCaptionWeight)
        try named.read(&flowFraction, CodingKeys.flowFraction)
        try named.read(&imageToTextFraction, CodingKeys.imageToTextFraction)
        try named.read(&unconditionalFraction, CodingKeys.unconditionalFraction)
        try named.read(&learns, CodingKeys.learns)
        try named.read(&sampling, CodingKeys.sampling)
        try named.read(&captioning, CodingKeys.captioning)
        try named.read(&license, CodingKeys.license)
        try named.read(&trainedOn, CodingKeys.trainedOn)
    }

    /// The configuration of the model that comes out.
    func model(over tokenizer: TokenizerFolder, latents: LatentStatistics) -> FlowTokConfiguration {
        FlowTokConfiguration(
            name: name, imageTokenizer: tokenizer.imageTokenizer, textEncoder: tokenizer.textEncoder,
            textVariationalEncoder: textVariationalEncoder, textDecoder: textDecoder, velocity: velocity,
            latents: latents, sampling: sampling, captioning: captioning, license: license, trainedOn: trainedOn)
    }

    /// - Throws: `InvalidValue` for the first value that cannot be used.
    public func validate(over tokenizer: TokenizerFolder) throws(InvalidValue) {
        let size = tokenizer.imageTokenizer.tokenSize
        let latents = LatentStatistics(
            mean: Array(repeating: 0, count: size), std: Array(repeating: 1, count: size))
        try validate()
        try model(over: tokenizer, latents: latents).validate()
    }

    /// Whether all parts learn, so that nothing has to be there before.
    public var learnsAll: Bool { Set(learns).count == FlowPart.allCases.count }

    /// - Throws: `InvalidValue` for the first value that cannot be used.
    public func validate() throws(InvalidValue) {
        for (name, fraction) in [
            ("text_reconstruction_fraction", textReconstructionFraction), ("flow_fraction", flowFraction),
            ("image_to_text_fraction", imageToTextFraction), ("unconditional_fraction", unconditionalFraction),
        ] {
            try expect(name, fraction, in: 0...1)
        }
        try expectWeights([
            ("alignment_weight", alignmentWeight), ("latent_mse_weight", latentMSEWeight), ("kl_weight", klWeight),
            ("text_reconstruction_weight", textReconstructionWeight), ("endpoint_caption_weight", endpointCaptionWeight),
            ("path_caption_weight", pathCaptionWeight),
        ])
        if learns.isEmpty {
            throw InvalidValue("learns is empty, expected one or more of \(FlowPart.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", "))")
        }
        if learns.contains(.velocity) && flowFraction == 0 {
            throw InvalidValue("flow_fraction is 0, expected more where the velocity network learns")
        }
        if Set(learns) == [.textDecoder] && textReconstructionWeight + endpointCaptionWeight + pathCaptionWeight == 0 {
            throw InvalidValue(
                "learns is \"text_decoder\" alone, which goes with a text_reconstruction_weight, endpoint_caption_weight or path_caption_weight above 0")
        }
        if imageToTextFraction > 0 && velocity.indicators < 3 {
            throw InvalidValue("velocity.indicators is \(velocity.indicators), expected 3 to learn image to text")
        }
        try velocity.validate(as: "velocity")
        try textVariationalEncoder.validate(as: "text_variational_encoder")
        try textDecoder.validate(as: "text_decoder")
        try training.validate(as: "training")
        try sampling.validate(as: "sampling")
        try captioning.validate(as: "captioning")
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
