import Sampling
public import Tensors

/// Where the making of tokens, or of pixels from them, has come to, with the tokens where they can be looked at: latents that a
/// decoder can already draw, or codes.
public typealias GenerationStep = SamplingStep<ImageTokens?>

extension SamplingStep<ImageTokens?> {
    public init(step: Int, steps: Int) { self.init(step: step, steps: steps, tokens: nil) }
}

/// How a generator draws. In a request, what is nil is as published; in a result and in `TokenGenerator.defaults`, what is
/// nil does not apply to the generator.
public struct GeneratorSettings: Sendable, Hashable {
    /// Steps, where their number is a choice: autoregressive generators take one a token.
    public var steps: Int?
    /// The guidance scale, in the terms of the generator's own schedule.
    public var guidance: Double?
    /// The noise in the choice of tokens; 0 for none.
    public var temperature: Double?
    /// How many of the likeliest codes a token is drawn from; 0 for all.
    public var topK: Int?
    /// The share of probability that the codes have together that a token is drawn from.
    public var topP: Double?

    public init(
        steps: Int? = nil, guidance: Double? = nil, temperature: Double? = nil, topK: Int? = nil, topP: Double? = nil
    ) {
        self.steps = steps
        self.guidance = guidance
        self.temperature = temperature
        self.topK = topK
        self.topP = topP
    }

    /// These settings over a generator's own.
    ///
    /// - Throws: `GeneratorError.badSetting` where one is asked for that the generator does not have.
    public func filled(from defaults: GeneratorSettings) throws -> GeneratorSettings {
        func value<Value>(_ name: String, _ key: KeyPath<GeneratorSettings, Value?>) throws -> Value? {
            guard let wanted = self[keyPath: key] else { return defaults[keyPath: key] }
            guard defaults[keyPath: key] != nil else {
                throw GeneratorError.badSetting(
                    name: name, given: "\(wanted)", expected: "none, since this generator has no such setting")
            }
            return wanted
        }
        return GeneratorSettings(
            steps: try value("steps", \.steps), guidance: try value("guidance", \.guidance),
            temperature: try value("temperature", \.temperature), topK: try value("top-k", \.topK),
            topP: try value("top-p", \.topP))
    }
}

/// What a generator can be asked for.
public enum GeneratorSubjects: Sendable, Hashable {
    /// Classes, by number.
    case classes(Int)
    /// Captions, as hidden states and vectors of this width.
    case captions(width: Int)
}

/// What a generator is asked for: one image to each.
public enum GeneratorCondition: Sendable {
    case classes([Int])
    /// Captions, and the empty caption that guidance leads away from.
    case captions(TextCondition, unconditional: TextCondition)

    /// The classes.
    ///
    /// - Throws: `GeneratorError.otherSubject` where captions are given.
    func classes() throws -> [Int] {
        guard case .classes(let classes) = self else { throw GeneratorError.otherSubject(expected: "classes") }
        return classes
    }

    /// The captions.
    ///
    /// - Throws: `GeneratorError.otherSubject` where classes are given.
    func captions() throws -> (text: TextCondition, unconditional: TextCondition) {
        guard case .captions(let text, let unconditional) = self else { throw GeneratorError.otherSubject(expected: "captions") }
        return (text, unconditional)
    }
}

/// A network that makes the tokens of an image tokenizer, of a class or a caption.
public protocol TokenGenerator: Sendable {
    var subjects: GeneratorSubjects { get }
    /// The tokens that it makes, and that the image tokenizer must have.
    var tokens: TokenShape { get }
    /// The settings of the published figures.
    var defaults: GeneratorSettings { get }
    /// Bytes of weights, keys and values that step `step` (from 1) of one image reads, guided as published; nil where it is
    /// not memory that decides how long a step takes.
    func bytesRead(inStep step: Int) -> Int?

    /// The tokens of one image for each entry of `condition`.
    ///
    /// - Parameters:
    ///   - settings: complete: `GeneratorSettings.filled(from: defaults)`.
    ///   - noise: where random numbers come from, in the order of the official code.
    ///   - progress: called after every step; what it throws ends the drawing.
    /// - Throws: `GeneratorError` where a setting is out of range, the generator has no such class, or it draws the other
    ///   kind of subject; what `progress` throws.
    func generate(
        _ condition: GeneratorCondition, settings: GeneratorSettings, noise: inout any NoiseSource,
        progress: (GenerationStep) throws -> Void
    ) throws -> ImageTokens
}

extension TokenGenerator {
    public func bytesRead(inStep step: Int) -> Int? { nil }
}
