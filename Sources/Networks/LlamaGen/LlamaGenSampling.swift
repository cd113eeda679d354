import Files
import Sampling

/// How a LlamaGen generator draws (reference section 6), with the names of the official arguments in its configuration. The
/// defaults are the official sampler's.
public struct LlamaGenSampling: Sendable, Hashable {
    /// How the guidance scale changes with the tokens.
    public enum Schedule: String, Sendable, Codable, CaseIterable {
        case constant
        /// From 1 to the full scale.
        case linear
        /// From the full scale to 1.
        case linearReversed = "linear_re"
        /// Up to the full scale at a half, and down again.
        case triangular
        /// The full scale but for the first twentieth.
        case rectangular
        /// The full scale from `windowStart` on.
        case step
    }

    /// What logits are divided by; 0 takes the likeliest code.
    public var temperature: Double
    /// How many of the likeliest codes a token is drawn from; 0 for all.
    public var topK: Int
    /// The share of probability that codes are drawn from; 1 for all.
    public var topP: Double
    /// s, the guidance scale; 1 or less for the class alone.
    public var guidance: Double
    public var schedule: Schedule
    /// The part of the tokens after which `step` guides.
    public var windowStart: Double
    /// The token after the first beyond which nothing guides; negative for none.
    public var interval: Int

    public init(
        temperature: Double = 1, topK: Int = 0, topP: Double = 1, guidance: Double = 2, schedule: Schedule = .constant,
        windowStart: Double = 0.18, interval: Int = -1
    ) {
        self.temperature = temperature
        self.topK = topK
        self.topP = topP
        self.guidance = guidance
        self.schedule = schedule
        self.windowStart = windowStart
        self.interval = interval
    }

    /// - Throws: `InvalidValue` for the first value that no drawing can have, by its official key.
    func validateKeys() throws(InvalidValue) {
        try expect("temperature", temperature, in: 0...1000)
        try expect("top_k", topK, in: 0...(1 << 20))
        try expect("top_p", topP, in: 0...1)
        try expect("cfg_scale", guidance, in: -1000...1000)
        try expect("window_start", windowStart, in: 0...1)
    }

    /// - Throws: `GeneratorError.badSetting` where a setting is out of range.
    func validate() throws {
        try check("guidance", guidance, in: -1000...1000)
        try tokens.validate()
    }

    /// How a token is drawn from guided logits.
    var tokens: TokenSampling { TokenSampling(temperature: temperature, topK: topK, topP: topP) }

    /// Whether anything guides, so that every image is drawn with and without its class.
    var isGuided: Bool { guidance > 1 }

    /// The guidance scale of token `index` of `length`; nil where the class alone counts.
    package func scale(_ index: Int, of length: Int) -> Double? {
        guard isGuided else { return nil }
        // The first token has the full scale, whatever the schedule.
        guard index > 0 else { return guidance }
        if interval >= 0, index - 1 > interval { return nil }
        let progress = Double(index) / Double(max(1, length - 1))
        func scale(_ schedule: GuidanceSchedule) -> Double { schedule.scale(guidance, at: progress) }
        // The official code adds a little, so that no scale is 1, which would end the guidance.
        let little = 1e-4
        return switch schedule {
        case .constant: guidance
        case .linear: scale(.linear) + little
        case .linearReversed: scale(.linearReversed) + little
        case .triangular: scale(.triangular) + little
        case .rectangular: progress >= 0.05 ? guidance : 1 + little
        case .step: progress >= windowStart ? guidance : 1 + little
        }
    }
}
