import Files
import Foundation

/// How MaskGen VQ draws (2501.07730). Coded with the names of the official arguments; a key that is absent has the
/// official default.
public struct MaskGenVQSampling: Sendable, Hashable, Codable {
    /// How the scale s of ℓc + s(ℓc - ℓu) changes with the progress r, which is 1 at the last step.
    public enum Decay: String, Sendable, Codable, CaseIterable {
        /// From near 1 to g along a cosine of a power of r.
        case cosine
        /// 1 + r(g - 1).
        case linear
        /// g.
        case none
        /// 1 + ½(g - 1) cos(π r^p).
        case flippedCosine = "flippedcosine"
    }

    public var steps: Int
    /// g, the guidance scale.
    public var guidance: Double
    public var decay: Decay
    /// The power of r in the cosines.
    public var power: Double
    /// The scale of the Gumbel noise at the start; it falls to 0.
    public var temperature: Double
    /// Whether logits are divided by 0.5 + 0.8(1 - r); otherwise they are divided by the scale of the noise.
    public var annealing: Bool
    /// Whether noise also takes part in the choice of the tokens to mask again.
    public var perturbsConfidence: Bool

    public init(
        steps: Int = 16, guidance: Double = 12, decay: Decay = .cosine, power: Double = 1, temperature: Double = 1.5,
        annealing: Bool = true, perturbsConfidence: Bool = true
    ) {
        self.steps = steps
        self.guidance = guidance
        self.decay = decay
        self.power = power
        self.temperature = temperature
        self.annealing = annealing
        self.perturbsConfidence = perturbsConfidence
    }

    enum CodingKeys: String, CodingKey {
        case steps = "num_sample_steps"
        case guidance = "guidance_scale"
        case decay = "guidance_decay"
        case power = "guidance_decay_scale_pow"
        case temperature = "randomize_temperature"
        case annealing = "softmax_temperature_annealing"
        case perturbsConfidence = "prob_sorting"
    }

    /// What the exponent was called in files that earlier versions wrote.
    private enum FormerKeys: String, CodingKey {
        case power = "guidance_scale_pow"
    }

    public init(from decoder: any Decoder) throws { try self.init(from: decoder, over: MaskGenVQSampling()) }

    /// The settings of a decoder's keys over others.
    init(from decoder: any Decoder, over others: MaskGenVQSampling) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self = others
        steps = try values.decodeIfPresent(Int.self, forKey: .steps) ?? steps
        guidance = try values.decodeIfPresent(Double.self, forKey: .guidance) ?? guidance
        decay = try values.decodeIfPresent(Decay.self, forKey: .decay) ?? decay
        power =
            try values.decodeIfPresent(Double.self, forKey: .power)
            ?? decoder.container(keyedBy: FormerKeys.self).decodeIfPresent(Double.self, forKey: .power) ?? power
        temperature = try values.decodeIfPresent(Double.self, forKey: .temperature) ?? temperature
        annealing = try values.decodeIfPresent(Bool.self, forKey: .annealing) ?? annealing
        perturbsConfidence = try values.decodeIfPresent(Bool.self, forKey: .perturbsConfidence) ?? perturbsConfidence
    }

    /// Adds the settings to a generator's section.
    func encode(into section: inout KeyedEncodingContainer<OfficialKey>) throws {
        try section.encode(steps, forKey: "num_sample_steps")
        try section.encode(guidance, forKey: "guidance_scale")
        try section.encode(decay, forKey: "guidance_decay")
        try section.encode(power, forKey: "guidance_decay_scale_pow")
        try section.encode(temperature, forKey: "randomize_temperature")
        try section.encode(annealing, forKey: "softmax_temperature_annealing")
        try section.encode(perturbsConfidence, forKey: "prob_sorting")
    }

    /// The settings of the published figures (TiTok reference, section 1).
    static let published = MaskGenVQSampling(temperature: 2)

    /// The official keys, and the former one.
    static let keys = Set(
        [CodingKeys.steps, .guidance, .decay, .power, .temperature, .annealing, .perturbsConfidence].map(\.rawValue)
            + [FormerKeys.power.rawValue])

    /// - Throws: `InvalidValue` for the first value that no drawing can have, by its official key.
    func validateKeys() throws(InvalidValue) {
        do { try validate() } catch { throw InvalidValue("\(error)") }
    }

    /// - Throws: `GeneratorError.badSetting` where a setting is out of range.
    func validate() throws {
        try check("steps", steps, in: 1...10_000)
        try check("guidance", guidance, in: -1000...1000)
        try check("guidance power", power, in: 0...1000)
        try check("temperature", temperature, in: 0...1000)
    }

    /// The scale at progress r.
    func scale(_ progress: Double) -> Double {
        switch decay {
        case .cosine: (guidance - 1) * 0.5 * (1 - cos(Double.pi * pow(progress, power))) + 1
        case .linear: progress * (guidance - 1) + 1
        case .none: guidance
        case .flippedCosine: (guidance - 1) * 0.5 * cos(Double.pi * pow(progress, power)) + 1
        }
    }
}
