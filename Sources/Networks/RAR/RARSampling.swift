import Files
import Sampling

/// How a RAR generator draws, with the names of the official arguments in its configuration.
public struct RARSampling: Sendable, Hashable {
    /// What logits are divided by after guidance; 0 takes the likeliest code.
    public var temperature: Double
    /// g, the guidance scale; exactly 0 for none, 1 for the class alone.
    public var guidance: Double
    /// The power of time along which guidance grows from 1 to g; 0 for g from the start.
    public var power: Double
    /// How many of the likeliest codes a token is drawn from; 0 for all, as published.
    public var topK: Int
    /// The share of probability that codes are drawn from; 1 for all, as published.
    public var topP: Double

    public init(temperature: Double = 1, guidance: Double, power: Double, topK: Int = 0, topP: Double = 1) {
        self.temperature = temperature
        self.guidance = guidance
        self.power = power
        self.topK = topK
        self.topP = topP
    }

    /// The settings of the published ImageNet figures of the model of a width (reference section 1); those of RAR-B for a
    /// width that was not published.
    static func published(width: Int) -> RARSampling {
        switch width {
        case 1024: RARSampling(temperature: 1.02, guidance: 15.5, power: 2.5)
        case 1280: RARSampling(temperature: 1.02, guidance: 6.9, power: 1.5)
        case 1408: RARSampling(temperature: 1.02, guidance: 8, power: 1.2)
        default: RARSampling(guidance: 16, power: 2.75)
        }
    }

    /// - Throws: `InvalidValue` for the first value that no drawing can have, by its official key.
    func validateKeys() throws(InvalidValue) {
        try expect("randomize_temperature", temperature, in: 0...1000)
        try expect("guidance_scale", guidance, in: -1000...1000)
        try expect("guidance_scale_pow", power, in: 0...1000)
    }

    /// - Throws: `GeneratorError.badSetting` where a setting is out of range.
    func validate() throws {
        try check("guidance", guidance, in: -1000...1000)
        try check("guidance power", power, in: 0...1000)
        try tokens.validate()
    }

    /// How a token is drawn from guided logits.
    var tokens: TokenSampling { TokenSampling(temperature: temperature, topK: topK, topP: topP) }

    /// The guidance scale of token `index` of `length`; nil where nothing guides.
    package func scale(_ index: Int, of length: Int) -> Double? {
        guidance == 0
            ? nil : GuidanceSchedule.powerCosine(power: power).scale(guidance, at: Double(index) / Double(length))
    }
}

extension TokenSampling {
    /// - Throws: `GeneratorError.badSetting` where a setting is out of range.
    func validate() throws {
        try check("temperature", temperature, in: 0...1000)
        try check("top-k", topK, in: 0...(1 << 20))
        try check("top-p", topP, in: 0...1)
    }
}
