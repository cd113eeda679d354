import Foundation

/// How a MaskGIT generator draws (TiTok, section 4.1). Coded with the names of the official arguments; a key that is
/// absent has the official default.
public struct MaskGITSampling: Sendable, Hashable, Codable {
    /// How the guidance scale changes with the steps.
    public enum Decay: String, Sendable, Codable, CaseIterable {
        /// ℓc + g(ℓc - ℓu).
        case constant
        /// The same with g growing from 0.
        case linear
        /// ℓu + s(ℓc - ℓu) with s from 1 to g along a cosine of a power of time: the same number guides by one unit
        /// less than with the other two.
        case powerCosine = "power-cosine"
    }

    public var steps: Int
    /// g, the guidance scale.
    public var guidance: Double
    public var decay: Decay
    /// The power of time in `powerCosine`.
    public var power: Double
    /// The scale of the Gumbel noise at the start; it falls to 0.
    public var temperature: Double
    /// Whether logits are divided by 0.5 + 0.8(1 - r), as for the published ImageNet figures.
    public var annealing: Bool

    public init(
        steps: Int = 8, guidance: Double = 3, decay: Decay = .constant, power: Double = 3, temperature: Double = 4.5,
        annealing: Bool = false
    ) {
        self.steps = steps
        self.guidance = guidance
        self.decay = decay
        self.power = power
        self.temperature = temperature
        self.annealing = annealing
    }

    /// The settings of the published ImageNet figures of the generator over TiTok-L-32.
    public static let titokL32 = MaskGITSampling(guidance: 4.5, decay: .linear, temperature: 9.5, annealing: true)
    /// The same over TiTok-B-64.
    public static let titokB64 = MaskGITSampling(guidance: 3, decay: .linear, temperature: 11, annealing: true)
    /// The same over TiTok-S-128.
    public static let titokS128 = MaskGITSampling(
        steps: 64, guidance: 6.9, decay: .powerCosine, temperature: 2.8, annealing: true)

    enum CodingKeys: String, CodingKey {
        case steps = "num_sample_steps"
        case guidance = "guidance_scale"
        case decay = "guidance_decay"
        case power = "guidance_scale_pow"
        case temperature = "randomize_temperature"
        case annealing = "softmax_temperature_annealing"
    }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init()
        steps = try values.decodeIfPresent(Int.self, forKey: .steps) ?? steps
        guidance = try values.decodeIfPresent(Double.self, forKey: .guidance) ?? guidance
        decay = try values.decodeIfPresent(Decay.self, forKey: .decay) ?? decay
        power = try values.decodeIfPresent(Double.self, forKey: .power) ?? power
        temperature = try values.decodeIfPresent(Double.self, forKey: .temperature) ?? temperature
        annealing = try values.decodeIfPresent(Bool.self, forKey: .annealing) ?? annealing
    }

    /// - Throws: `GeneratorError.badSetting` where a setting is out of range.
    func validate() throws {
        try check("steps", steps, in: 1...10_000)
        try check("guidance", guidance, in: -1000...1000)
        try check("guidance power", power, in: 0...1000)
        try check("temperature", temperature, in: 0...1000)
    }

    /// The guidance scale of step `index`.
    func scale(_ index: Int) -> Double {
        let time = Double(index) / Double(steps)
        switch decay {
        case .constant: return guidance
        case .linear: return guidance * time
        case .powerCosine: return (guidance - 1) * 0.5 * (1 - cos(Double.pi * pow(time, power))) + 1
        }
    }
}

/// - Throws: `GeneratorError.badSetting` where a setting is out of range or not a number.
func check<Value: Comparable>(_ name: String, _ value: Value, in range: ClosedRange<Value>) throws {
    guard range.contains(value) else {
        throw GeneratorError.badSetting(
            name: name, given: "\(value)", expected: "\(range.lowerBound) to \(range.upperBound)")
    }
}
