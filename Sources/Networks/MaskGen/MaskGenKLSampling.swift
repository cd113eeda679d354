import Files

/// How MaskGen KL draws (2501.07730). Coded with the names of the official arguments; a key that is absent has the
/// official default.
public struct MaskGenKLSampling: Sendable, Hashable, Codable {
    /// How the guidance scale changes with the tokens that are there.
    public enum Schedule: String, Sendable, Codable, CaseIterable {
        /// From 1 to the scale with the share of tokens drawn.
        case linear
        case constant
    }

    public var steps: Int
    /// The guidance scale; 1 is none.
    public var guidance: Double
    public var schedule: Schedule
    /// The factor of the noise of the diffusion steps.
    public var temperature: Double
    /// The aesthetic score that images are asked for.
    public var aestheticScore: Double

    public init(
        steps: Int = 32, guidance: Double = 3, schedule: Schedule = .linear, temperature: Double = 1,
        aestheticScore: Double = 6.5
    ) {
        self.steps = steps
        self.guidance = guidance
        self.schedule = schedule
        self.temperature = temperature
        self.aestheticScore = aestheticScore
    }

    enum CodingKeys: String, CodingKey {
        case steps = "num_iter"
        case guidance = "cfg"
        case schedule = "cfg_schedule"
        case temperature
        case aestheticScore = "aes_scores"
    }

    public init(from decoder: any Decoder) throws { try self.init(from: decoder, over: MaskGenKLSampling()) }

    /// The settings of a decoder's keys over others.
    init(from decoder: any Decoder, over others: MaskGenKLSampling) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self = others
        steps = try values.decodeIfPresent(Int.self, forKey: .steps) ?? steps
        guidance = try values.decodeIfPresent(Double.self, forKey: .guidance) ?? guidance
        schedule = try values.decodeIfPresent(Schedule.self, forKey: .schedule) ?? schedule
        temperature = try values.decodeIfPresent(Double.self, forKey: .temperature) ?? temperature
        aestheticScore = try values.decodeIfPresent(Double.self, forKey: .aestheticScore) ?? aestheticScore
    }

    /// Adds the settings to a generator's section.
    func encode(into section: inout KeyedEncodingContainer<OfficialKey>) throws {
        try section.encode(steps, forKey: "num_iter")
        try section.encode(guidance, forKey: "cfg")
        try section.encode(schedule, forKey: "cfg_schedule")
        try section.encode(temperature, forKey: "temperature")
        try section.encode(aestheticScore, forKey: "aes_scores")
    }

    /// The official keys.
    static let keys = Set([CodingKeys.steps, .guidance, .schedule, .temperature, .aestheticScore].map(\.rawValue))

    /// - Throws: `InvalidValue` for the first value that no drawing can have, by its official key.
    func validateKeys() throws(InvalidValue) {
        do { try validate() } catch { throw InvalidValue("\(error)") }
    }

    /// - Throws: `GeneratorError.badSetting` where a setting is out of range.
    func validate() throws {
        try check("steps", steps, in: 1...10_000)
        try check("guidance", guidance, in: -1000...1000)
        try check("temperature", temperature, in: 0...1000)
        try check("aesthetic score", aestheticScore, in: -1000...1000)
    }

    /// The guidance scale while `masked` of `tokens` stay masked.
    func scale(masked: Int, of tokens: Int) -> Float {
        switch schedule {
        case .linear: Float(1 + (guidance - 1) * Double(tokens - masked) / Double(tokens))
        case .constant: Float(guidance)
        }
    }
}
