import Files
import Sampling

/// How TokenBridge draws. Coded with the names of the official arguments.
public struct TokenBridgeSampling: Sendable, Hashable {
    /// How the guidance scale changes with the tokens that are there.
    public enum Schedule: String, Sendable, Codable, CaseIterable {
        /// From 1 to the scale with the share of tokens drawn.
        case linear
        case constant
    }

    public var steps: Int
    /// The guidance scale; exactly 1 is none.
    public var guidance: Double
    public var schedule: Schedule
    /// What the logits of a channel are divided by; 0 takes the likeliest code.
    public var temperature: Double

    public init(steps: Int = 256, guidance: Double = 3.1, schedule: Schedule = .linear, temperature: Double = 0.96) {
        self.steps = steps
        self.guidance = guidance
        self.schedule = schedule
        self.temperature = temperature
    }

    /// The settings of the published ImageNet figures of the model of a width; those of L for a width that has none.
    static func published(width: Int) -> TokenBridgeSampling {
        width == 1280 ? TokenBridgeSampling(guidance: 3.45, temperature: 0.91) : TokenBridgeSampling()
    }

    /// - Throws: `InvalidValue` for the first value that no drawing can have, by its official key.
    func validateKeys() throws(InvalidValue) {
        guard (1...10_000).contains(steps) else { throw InvalidValue("num_iter is \(steps), expected 1 to 10000") }
        guard (-1000...1000).contains(guidance) else { throw InvalidValue("cfg is \(guidance), expected -1000 to 1000") }
        guard (0...1000).contains(temperature) else { throw InvalidValue("temperature is \(temperature), expected 0 to 1000") }
    }

    /// - Throws: `GeneratorError.badSetting` where a setting is out of range.
    func validate() throws {
        try check("steps", steps, in: 1...10_000)
        try check("guidance", guidance, in: -1000...1000)
        try check("temperature", temperature, in: 0...1000)
    }

    /// The guidance scale while `masked` of `tokens` stay masked.
    func scale(masked: Int, of tokens: Int) -> Float {
        let schedule: GuidanceSchedule = schedule == .linear ? .linear : .constant
        return Float(schedule.scale(guidance, at: Double(tokens - masked) / Double(tokens)))
    }
}
