import Files
import Tensors

/// Why tokens cannot be drawn.
public enum SamplingError: Equatable, Sendable, CategorizedError {
    /// The logits of a token are infinite or not a number.
    case notFinite(token: Int)

    public var description: String {
        switch self {
        case .notFinite(let token): "the logits of token \(token) are not finite: the weights or the guidance scale are unfit"
        }
    }

    public var category: ErrorCategory { .data }
}

/// The loop of an autoregressive generator: the tokens of a few images, one after the other, in lockstep.
package struct AutoregressiveDecoding {
    package let batch: Int
    /// L, tokens of an image.
    package let length: Int
    /// V, codes; also stands for a token that is still to come.
    package let codes: Int

    package init(batch: Int, length: Int, codes: Int) {
        self.batch = batch
        self.length = length
        self.codes = codes
    }

    /// Runs the loop with a seeded source of noise, from which every step draws [batch, V] exponential values, and nothing
    /// at temperature 0.
    ///
    /// - Parameters:
    ///   - report: called after every token; what it throws ends the drawing.
    ///   - logits: those of a step, [batch, V] and guided already, from its index and the tokens of the step before (none at
    ///     the first).
    /// - Throws: `SamplingError.notFinite`, and what `report` and `logits` throw.
    package func run(
        _ sampling: TokenSampling, noise: inout some NoiseSource, progress report: (SamplingStep<[[Int32]]>) throws -> Void,
        logits: (Int, [Int32]) throws -> Tensor
    ) throws -> [[Int32]] {
        try run(progress: report, logits: logits) { logits, _ in sampling.draw(from: logits, noise: &noise) }
    }

    /// The same with any way to choose: `choose` gives a code for every image from the logits [batch, V] of a step and its
    /// index.
    package func run(
        progress report: (SamplingStep<[[Int32]]>) throws -> Void, logits: (Int, [Int32]) throws -> Tensor,
        choosing choose: (Tensor, Int) throws -> [Int32]
    ) throws -> [[Int32]] {
        var tokens = [[Int32]](repeating: [Int32](repeating: Int32(codes), count: length), count: batch)
        var last: [Int32] = []
        for index in 0..<length {
            let scores = try logits(index, last)
            precondition(scores.shape == [batch, codes], "logits of shape \(scores.shape), not \([batch, codes])")
            guard scores.firstNonFinite == nil else { throw SamplingError.notFinite(token: index) }
            last = try choose(scores, index)
            precondition(
                last.count == batch && last.allSatisfy { $0 >= 0 && $0 < codes }, "\(last) chosen for \(batch) images")
            for image in 0..<batch { tokens[image][index] = last[image] }
            try report(SamplingStep(step: index + 1, steps: length, tokens: tokens))
        }
        return tokens
    }
}

extension Tensor {
    /// ℓu + s(ℓc - ℓu) of rows of which the first half are conditional and the second are not: [2·batch, …] → [batch, …].
    package func guidedHalves(scale: Double) -> Tensor {
        precondition(rank > 0 && shape[0] % 2 == 0, "guidance of shape \(shape)")
        let batch = shape[0] / 2
        let (conditional, unconditional) = (sliced(axis: 0, 0..<batch), sliced(axis: 0, batch..<2 * batch))
        return unconditional + (conditional - unconditional) * Float(scale)
    }
}
