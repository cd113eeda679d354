import Foundation
import Images
import Networks
import Sampling
import Tensors

/// Where a flow to an image starts. In FlowTok that is no noise but text tokens, so that starts have a meaning of their own: one
/// can be read from an image, and between two of them lie others.
public struct FlowStart: Sendable {
    /// Text tokens [1, N, D].
    public let tokens: Tensor
    /// The hidden states of the caption [1, N, width], which guide the decoder of the image tokens.
    public let hidden: Tensor

    public init(tokens: Tensor, hidden: Tensor) {
        self.tokens = tokens
        self.hidden = hidden
    }

    /// The start at a position of 0...1 on the way from one start to another. Tokens move along the great circle between the
    /// two, and in length from one's to the other's, since the straight line leads through shorter tokens than the flow knows.
    /// At 0 and 1 it is exactly one of the two.
    public static func between(_ a: FlowStart, _ b: FlowStart, at position: Float) -> FlowStart {
        if position <= 0 { return a }
        if position >= 1 { return b }
        let (first, second) = (a.tokens.values, b.tokens.values)
        var (dot, squareA, squareB) = (0.0, 0.0, 0.0)
        for (x, y) in zip(first, second) {
            dot += Double(x) * Double(y)
            squareA += Double(x) * Double(x)
            squareB += Double(y) * Double(y)
        }
        let (lengthA, lengthB, t) = (squareA.squareRoot(), squareB.squareRoot(), Double(position))
        var (weightA, weightB) = (1 - t, t)
        if lengthA > 0, lengthB > 0 {
            let angle = acos(dot / (lengthA * lengthB))
            // Of nearly parallel tokens the circle is the line; of opposite ones there is no shortest way.
            if angle > 1e-3, angle < 3.14 {
                let length = lengthA * (1 - t) + lengthB * t
                weightA = sin((1 - t) * angle) / sin(angle) * length / lengthA
                weightB = sin(t * angle) / sin(angle) * length / lengthB
            }
        }
        return FlowStart(
            tokens: a.tokens * Float(weightA) + b.tokens * Float(weightB),
            hidden: a.hidden * (1 - position) + b.hidden * position)
    }
}

extension FlowTok {
    /// Where the flow of a prompt and a seed starts: `generate` draws the same image from these.
    ///
    /// - Throws: `FlowTokError.emptyPrompt`.
    public func start(
        of prompt: String, seed: UInt64, rng: NoiseGenerator = .philox, precision: Precision? = nil
    ) throws -> FlowStart {
        guard prompt.contains(where: { !$0.isWhitespace }) else { throw FlowTokError.emptyPrompt }
        let ids = try textTokenizer.encode(prompt: prompt)
        let model = try model(in: precision)
        return Precision.$current.withValue(precision ?? self.precision) {
            var random: any NoiseSource = rng.source(seed: seed)
            let (tokens, hidden) = model.textTokens(ids, noise: random.normal([1] + model.latentShape))
            return FlowStart(tokens: tokens, hidden: hidden)
        }
    }

    /// Where the flow to a given image starts: back along the flow from image to text, with the decoder guided by the caption
    /// that is read there. The image is resized and cropped to the model's square.
    ///
    /// - Parameters:
    ///   - prompt: guides the decoder in place of the caption; the model need not have a text decoder then.
    ///   - steps: along the flow; nil for the model's own.
    ///   - progress: called after every step; throws to cancel.
    /// - Returns: the start, and the caption or prompt that guides the decoder.
    /// - Throws: `FlowTokError.cannotCaption` where the model only draws and no prompt is given; `.badSetting` for steps out of
    ///   range.
    public func start(
        of image: Image, describedBy prompt: String? = nil, steps: Int? = nil, precision: Precision? = nil,
        progress: () throws -> Void = {}
    ) throws -> (start: FlowStart, caption: String) {
        guard prompt != nil || configuration.textDecoder != nil else {
            throw FlowTokError.cannotCaption(model: configuration.name)
        }
        let settings = try captioningSettings(steps: steps)
        let model = try model(in: precision)
        return try Precision.$current.withValue(precision ?? self.precision) {
            let latents = try model.latents(of: image)
            func step(_: SamplingStep<Tensor>) throws {
                try Task.checkCancellation()
                try progress()
            }
            let (tokens, caption): (Tensor, String)
            if let prompt {
                let integrator = FlowIntegrator(settings.solver, steps: settings.steps)
                tokens = try model.textTokens(from: latents, integrator: integrator, direction: settings.direction, progress: step)
                caption = prompt
            } else {
                guard let tokenizer = textTokenizer as? SentencePieceTokenizer else {
                    throw FlowTokError.cannotCaption(model: configuration.name)
                }
                let found = try CaptionSearch(model, tokenizer, proposals(tokenizer)).search(latents, settings: settings, progress: step)
                (tokens, caption) = (found.tokens, found.captions[0].text)
            }
            return (FlowStart(tokens: tokens, hidden: model.textEncoder(try textTokenizer.encode(caption))), caption)
        }
    }

    /// Draws from starts, several in a batch where each image is still the one that its start gives alone.
    ///
    /// - Parameter progress: called after every step; throws to cancel.
    /// - Throws: `SolverError` where the flow cannot be followed; what `progress` throws; `CancellationError`.
    public func draw(
        _ starts: [FlowStart], settings: FlowSettings, precision: Precision? = nil,
        progress: (GenerationProgress) throws -> Void = { _ in }
    ) throws -> [Image] {
        let model = try model(in: precision)
        return try Precision.$current.withValue(precision ?? self.precision) {
            let largest = FlowTok.largestBatch(of: settings)
            var images: [Image] = []
            for first in stride(from: 0, to: starts.count, by: largest) {
                let batch = starts[first..<min(first + largest, starts.count)]
                images += try model.draw(
                    from: .concatenated(batch.map(\.tokens), axis: 0), guidedBy: .concatenated(batch.map(\.hidden), axis: 0),
                    settings: settings
                ) { step in
                    try Task.checkCancellation()
                    if step.step > 0 {
                        try progress(GenerationProgress(image: first, count: starts.count, drawing: step))
                    }
                }.images()
            }
            return images
        }
    }
}
