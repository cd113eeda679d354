/// Where the making of tokens has come to: what every solver, decoder and generator reports after each of its steps.
public struct SamplingStep<Tokens: Sendable>: Sendable {
    /// Steps done, 1 or more.
    public let step: Int
    /// Steps in all; an adaptive solver's estimate may change.
    public let steps: Int
    /// The tokens as they are after the step. Of codes, those that are still to come are the codebook's size.
    public let tokens: Tokens

    public init(step: Int, steps: Int, tokens: Tokens) {
        self.step = step
        self.steps = steps
        self.tokens = tokens
    }

    /// The same step of other tokens.
    package func map<Other: Sendable>(_ transform: (Tokens) -> Other) -> SamplingStep<Other> {
        SamplingStep<Other>(step: step, steps: steps, tokens: transform(tokens))
    }
}
