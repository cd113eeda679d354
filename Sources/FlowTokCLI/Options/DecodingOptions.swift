import ArgumentParser
import FlowTok
import Networks
import Sampling
import Tensors

extension GuidanceMethod: ExpressibleByArgument {}

/// How a decoder that takes several steps, such as FlexTok's, makes a picture of tokens. What is not given is as published.
struct DecodingOptions: ParsableArguments {
    @Option(parsing: .unconditional, help: "Steps of a decoder that is a flow, such as FlexTok's, 1 to 10000 (default: as published).")
    var steps: Int?

    @Option(parsing: .unconditional, help: "How closely such a decoder follows the tokens; 1 is without guidance (default: as published).")
    var guidance: Double?

    @Option(help: "How it is guided: apg, adaptive projected guidance, or cfg, classifier-free guidance (default: as published).")
    var guidanceMethod: GuidanceMethod?

    @Option(parsing: .unconditional, help: "The seed of the noise that it starts from; -1 is a random one, which is printed (default: 0).")
    var seed: SeedChoice?

    @Option(help: "The noise that a seed stands for: torch draws what PyTorch draws from this seed on the CPU.")
    var rng: NoiseGenerator?

    func validate() throws {
        if let steps { try checkSteps(steps) }
        if let guidance, !(guidance.isFinite && abs(guidance) <= 1000) {
            throw ValidationError("--guidance is \(guidance), expected a number from -1000 to 1000")
        }
    }

    /// The options for a tokenizer.
    ///
    /// - Throws: where one is given that its decoder does not have.
    func options(for tokenizer: AnyImageTokenizer) throws -> DecodeOptions {
        if tokenizer.tokenizer.decoderSettings == nil {
            let given = [
                ("--steps", steps != nil), ("--guidance", guidance != nil), ("--guidance-method", guidanceMethod != nil),
                ("--seed", seed != nil), ("--rng", rng != nil),
            ].first { $0.1 }
            if let given {
                throw Failure(
                    .usage, "\(given.0) is for decoders that are flows, such as FlexTok's; that of \"\(tokenizer.identity.name)\" has no such setting")
            }
        }
        let number = seed?.seed ?? 0
        if seed == .random { Console.report("the decoder's seed is \(number)") }
        return DecodeOptions(
            seed: number, steps: steps, guidance: guidance, method: guidanceMethod, rng: rng ?? .philox)
    }
}

/// Numbers of tokens, given as "1,4,16".
struct TokenCounts: ExpressibleByArgument {
    let counts: [Int]

    init(_ counts: [Int]) { self.counts = counts }

    init?(argument: String) {
        let parts = argument.split(separator: ",", omittingEmptySubsequences: false).map { Int($0.trimmed) }
        let found = parts.compactMap { $0 }
        guard !found.isEmpty, found.count == parts.count, found.count <= 64 else { return nil }
        counts = found
    }

    /// Throws where a tokenizer does not have so many tokens, or always as many.
    func check(for tokenizer: AnyImageTokenizer) throws {
        let range = tokenizer.tokenizer.tokens.counts
        guard range.count > 1 else {
            throw Failure(
                .usage,
                "--tokens is for tokenizers of which any number of tokens decodes, such as FlexTok; \"\(tokenizer.identity.name)\" always has \(range.upperBound)"
            )
        }
        if let wrong = counts.first(where: { !range.contains($0) }) {
            throw Failure(.usage, "--tokens is \(wrong), expected \(range.lowerBound) to \(range.upperBound)")
        }
    }

    /// 1, 2, 4, … and the most that a tokenizer has.
    static func doubling(of tokenizer: AnyImageTokenizer) -> TokenCounts {
        TokenCounts(tokenizer.tokenizer.tokens.doublingCounts)
    }
}
