import Files
import Foundation
import Sampling

/// What `config.json` of a model folder says: the architecture, how to sample, and where the model comes from.
public struct FlowTokConfiguration: Sendable, Hashable, Codable, Validated {
    /// Always "flowtok" for models of this package's own making.
    public var modelType: String
    /// The model's name, which token files and pictures record.
    public var name: String
    public var imageTokenizer: FlowTiTokConfiguration
    public var textEncoder: TextTransformerConfiguration
    public var textVariationalEncoder: TextVariationalConfiguration
    /// Nil for models that only draw.
    public var textDecoder: TextTransformerConfiguration?
    public var velocity: VelocityConfiguration
    public var latents: LatentStatistics
    public var sampling: SamplingDefaults
    public var captioning: CaptioningDefaults
    /// An SPDX license expression.
    public var license: String
    /// The data it was trained on, in words.
    public var trainedOn: String

    public init(
        name: String, imageTokenizer: FlowTiTokConfiguration, textEncoder: TextTransformerConfiguration,
        textVariationalEncoder: TextVariationalConfiguration, textDecoder: TextTransformerConfiguration?,
        velocity: VelocityConfiguration, latents: LatentStatistics, sampling: SamplingDefaults = SamplingDefaults(),
        captioning: CaptioningDefaults = CaptioningDefaults(), license: String = "Apache-2.0", trainedOn: String = ""
    ) {
        modelType = "flowtok"
        self.name = name
        self.imageTokenizer = imageTokenizer
        self.textEncoder = textEncoder
        self.textVariationalEncoder = textVariationalEncoder
        self.textDecoder = textDecoder
        self.velocity = velocity
        self.latents = latents
        self.sampling = sampling
        self.captioning = captioning
        self.license = license
        self.trainedOn = trainedOn
    }

    enum CodingKeys: String, CodingKey {
        case modelType = "model_type"
        case name
        case imageTokenizer = "image_tokenizer"
        case textEncoder = "text_encoder"
        case textVariationalEncoder = "text_variational_encoder"
        case textDecoder = "text_decoder"
        case velocity, sampling, captioning, license
        case latentsMean = "latents_mean"
        case latentsStd = "latents_std"
        case trainedOn = "trained_on"
    }

    /// Reads a configuration; `license`, and `latents_mean` with `latents_std`, had other names in version 0.1.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        let named = try RenamedKeys(decoder)
        modelType = try values.decode(String.self, forKey: .modelType)
        name = try values.decode(String.self, forKey: .name)
        imageTokenizer = try values.decode(FlowTiTokConfiguration.self, forKey: .imageTokenizer)
        textEncoder = try values.decode(TextTransformerConfiguration.self, forKey: .textEncoder)
        textVariationalEncoder = try values.decode(TextVariationalConfiguration.self, forKey: .textVariationalEncoder)
        textDecoder = try values.decodeIfPresent(TextTransformerConfiguration.self, forKey: .textDecoder)
        velocity = try values.decode(VelocityConfiguration.self, forKey: .velocity)
        if let former = try named.former(FormerLatentStatistics.self, "latents") {
            latents = LatentStatistics(mean: former.mean, std: former.deviation)
        } else {
            latents = LatentStatistics(
                mean: try values.decode([Float].self, forKey: .latentsMean), std: try values.decode([Float].self, forKey: .latentsStd))
        }
        sampling = try values.decode(SamplingDefaults.self, forKey: .sampling)
        captioning = try values.decode(CaptioningDefaults.self, forKey: .captioning)
        license = try named.decode(String.self, CodingKeys.license)
        trainedOn = try values.decode(String.self, forKey: .trainedOn)
    }

    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(modelType, forKey: .modelType)
        try values.encode(name, forKey: .name)
        try values.encode(imageTokenizer, forKey: .imageTokenizer)
        try values.encode(textEncoder, forKey: .textEncoder)
        try values.encode(textVariationalEncoder, forKey: .textVariationalEncoder)
        try values.encodeIfPresent(textDecoder, forKey: .textDecoder)
        try values.encode(velocity, forKey: .velocity)
        try values.encode(latents.mean, forKey: .latentsMean)
        try values.encode(latents.std, forKey: .latentsStd)
        try values.encode(sampling, forKey: .sampling)
        try values.encode(captioning, forKey: .captioning)
        try values.encode(license, forKey: .license)
        try values.encode(trainedOn, forKey: .trainedOn)
    }

    /// To be asked before what came from a file is used.
    ///
    /// - Throws: `InvalidValue` for the first value that cannot be used.
    public func validate() throws(InvalidValue) {
        if modelType != "flowtok" { throw InvalidValue("model_type is \"\(modelType)\", expected \"flowtok\"") }
        try imageTokenizer.validate(as: "image_tokenizer")
        try textEncoder.validate(as: "text_encoder")
        try textVariationalEncoder.validate(as: "text_variational_encoder")
        try textDecoder?.validate(as: "text_decoder")
        try velocity.validate(as: "velocity")
        try sampling.validate(as: "sampling")
        try captioning.validate(as: "captioning")
        let (tokens, channels) = (imageTokenizer.latentTokens, imageTokenizer.tokenSize)
        var agreements: [(String, Int, String, Int)] = [
            ("velocity.tokens", velocity.tokens, "image_tokenizer.num_latent_tokens", tokens),
            ("velocity.channels", velocity.channels, "image_tokenizer.token_size", channels),
            ("text_variational_encoder.channels", textVariationalEncoder.channels, "image_tokenizer.token_size", channels),
            ("text_encoder.context_length", textEncoder.contextLength, "image_tokenizer.num_latent_tokens", tokens),
            (
                "text_encoder.context_length", textEncoder.contextLength, "image_tokenizer.text_context_length",
                imageTokenizer.textContextLength
            ),
            ("text_encoder.width", textEncoder.width, "image_tokenizer.text_embed_dim", imageTokenizer.textEmbeddingWidth),
            ("text_encoder.width", textEncoder.width, "text_variational_encoder.width", textVariationalEncoder.width),
            ("latents_mean's length", latents.mean.count, "image_tokenizer.token_size", channels),
            ("latents_std's length", latents.std.count, "image_tokenizer.token_size", channels),
        ]
        if let textDecoder {
            agreements += [
                ("text_decoder.context_length", textDecoder.contextLength, "image_tokenizer.num_latent_tokens", tokens),
                (
                    "text_decoder.vocab_size", textDecoder.vocabularySize, "text_encoder.vocab_size",
                    textEncoder.vocabularySize
                ),
            ]
        }
        for (first, a, second, b) in agreements where a != b { throw InvalidValue("\(first) is \(a) but \(second) is \(b)") }
        // A table of positions is made before anything is compared with a checkpoint.
        if velocity.tokens * velocity.width > 1 << 24 {
            throw InvalidValue("velocity has \(velocity.tokens) tokens of width \(velocity.width), expected at most \(1 << 24) numbers")
        }
        for value in latents.std where !(value > 0 && value.isFinite) { throw InvalidValue("latents_std holds \(value)") }
        for value in latents.mean where !value.isFinite { throw InvalidValue("latents_mean holds \(value)") }
    }
}

/// The mean and standard deviation of image latents, channel by channel: the flow works on (z - mean) / std. The
/// official single `scale_factor` s is mean 0 and std 1/s.
public struct LatentStatistics: Sendable, Hashable {
    public var mean: [Float]
    public var std: [Float]

    public init(mean: [Float], std: [Float]) {
        self.mean = mean
        self.std = std
    }
}

/// `latents` of version 0.1.
private struct FormerLatentStatistics: Decodable {
    let mean: [Float]
    let deviation: [Float]
}

/// How a model draws by default.
public struct SamplingDefaults: Sendable, Hashable, Codable, Validated {
    public var solver: Solver
    public var steps: Int
    public var guidance: Float
    /// The times between which guidance applies.
    public var guidanceInterval: [Float]

    public init(solver: Solver = .euler, steps: Int = 20, guidance: Float = 2, guidanceInterval: [Float] = [0, 1]) {
        self.solver = solver
        self.steps = steps
        self.guidance = guidance
        self.guidanceInterval = guidanceInterval
    }

    enum CodingKeys: String, CodingKey {
        case solver, steps, guidance
        case guidanceInterval = "guidance_interval"
    }

    /// Reads what is named and keeps the defaults of everything else.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        let defaults = SamplingDefaults()
        self.init(
            solver: try values.decodeIfPresent(Solver.self, forKey: .solver) ?? defaults.solver,
            steps: try values.decodeIfPresent(Int.self, forKey: .steps) ?? defaults.steps,
            guidance: try values.decodeIfPresent(Float.self, forKey: .guidance) ?? defaults.guidance,
            guidanceInterval: try values.decodeIfPresent([Float].self, forKey: .guidanceInterval)
                ?? defaults.guidanceInterval)
    }

    /// - Throws: `InvalidValue` for the first value that cannot be used.
    public func validate() throws(InvalidValue) {
        if !(1...10_000).contains(steps) { throw InvalidValue("steps is \(steps), expected 1 to 10000") }
        if !guidance.isFinite { throw InvalidValue("guidance is \(guidance), expected a finite number") }
        guard guidanceInterval.count == 2, guidanceInterval[0] <= guidanceInterval[1],
            guidanceInterval.allSatisfy({ (0...1).contains($0) })
        else { throw InvalidValue("guidance_interval is \(guidanceInterval), expected two times in order, 0 to 1") }
    }
}

/// How a model captions.
public struct CaptioningDefaults: Sendable, Hashable, Codable, Validated {
    /// Which field leads from an image to its text.
    public enum Direction: String, Sendable, Codable {
        /// The network's third indicator, trained for image to text.
        case indicator
        /// The text-to-image field, followed backward.
        case backward
    }

    public var direction: Direction
    public var solver: Solver
    public var steps: Int
    /// The largest distance of a caption's text tokens from the latents of an image that is like what the model has learnt, in
    /// units of the latents' variance; nil where nobody has measured it.
    public var familiarDistance: Float?

    public init(
        direction: Direction = .indicator, solver: Solver = .euler, steps: Int = 8, familiarDistance: Float? = nil
    ) {
        self.direction = direction
        self.solver = solver
        self.steps = steps
        self.familiarDistance = familiarDistance
    }

    enum CodingKeys: String, CodingKey {
        case direction, solver, steps
        case familiarDistance = "familiar_distance"
    }

    /// Reads what is named and keeps the defaults of everything else.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        let defaults = CaptioningDefaults()
        self.init(
            direction: try values.decodeIfPresent(Direction.self, forKey: .direction) ?? defaults.direction,
            solver: try values.decodeIfPresent(Solver.self, forKey: .solver) ?? defaults.solver,
            steps: try values.decodeIfPresent(Int.self, forKey: .steps) ?? defaults.steps,
            familiarDistance: try values.decodeIfPresent(Float.self, forKey: .familiarDistance))
    }

    /// - Throws: `InvalidValue` for the first value that cannot be used.
    public func validate() throws(InvalidValue) {
        if let familiarDistance, !(familiarDistance > 0 && familiarDistance.isFinite) {
            throw InvalidValue("familiar_distance is \(familiarDistance), expected above 0")
        }
        guard (1...10_000).contains(steps) else { throw InvalidValue("steps is \(steps), expected 1 to 10000") }
    }
}
