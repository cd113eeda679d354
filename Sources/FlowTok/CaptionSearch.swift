import Foundation
import Networks
import Sampling
import Tensors
import TextTokenizers

/// A caption of an image, and how sure the model is of it.
public struct Caption: Sendable, Hashable {
    public let text: String
    /// The probability of this caption among all that were considered, 0 to 1.
    public let confidence: Double
    /// How far the caption's own latents lie from the image's: the mean squared distance of the text posterior's mean, in units
    /// of the latents' variance. About 1 where the two have nothing to do with each other.
    public let distance: Double
    /// Whether the image is like what the model has learnt: where it is not, the caption is a guess.
    public let isFamiliar: Bool

    package init(text: String, confidence: Double, distance: Double, isFamiliar: Bool = true) {
        self.text = text
        self.confidence = confidence
        self.distance = distance
        self.isFamiliar = isFamiliar
    }
}

/// Captions by proposing and choosing: what the text decoder finds likely at the image's end of the flow, on its way and at its
/// end is proposed; every proposal is encoded back, and the one whose text tokens lie nearest to the image's latents, and that
/// the decoder finds likely, is chosen.
///
/// The text decoder reads all positions at once and so may mix the words of two captions; a mixture is like neither, which its
/// own text tokens show.
package struct CaptionSearch: Sendable {
    private let model: FlowTokModel
    private let tokenizer: SentencePieceTokenizer
    private let grammar: CaptionGrammar

    /// Proposals that are encoded back.
    private static let mostProposals = 20
    /// What one unit of distance, times the numbers of a caption's tokens, weighs against the logarithm of the decoder's
    /// probability.
    private static let distanceWeight = 0.1

    /// - Parameter grammar: what captions can be proposed; made here where it is nil.
    /// - Throws: what the tokenizer throws.
    package init(_ model: FlowTokModel, _ tokenizer: SentencePieceTokenizer, grammar: CaptionGrammar? = nil) throws {
        self.model = model
        self.tokenizer = tokenizer
        self.grammar = try grammar ?? CaptionGrammar(tokenizer)
    }

    /// The captions of one image, the best first; at least one.
    ///
    /// - Parameter latents: of the image, normalised: [1, K, D].
    /// - Throws: `FlowTokError.cannotCaption`; what `progress` throws.
    package func captions(
        of latents: Tensor, settings: CaptioningDefaults, progress: (SamplingStep<Tensor>) throws -> Void
    ) throws -> [Caption] {
        try search(latents, settings: settings, progress: progress).captions
    }

    /// The same with the text tokens [1, N, D] that the flow leads to.
    func search(
        _ latents: Tensor, settings: CaptioningDefaults, progress: (SamplingStep<Tensor>) throws -> Void
    ) throws -> (captions: [Caption], tokens: Tensor) {
        var states = [latents]
        let end = try model.textTokens(
            from: latents, integrator: FlowIntegrator(settings.solver, steps: settings.steps), direction: settings.direction
        ) {
            if $0.step == ($0.steps + 1) / 2 { states.append($0.tokens) }
            try progress($0)
        }
        states.append(end)
        let logits = try model.captionLogits(.concatenated(states, axis: 0))
        let likelihoods = PieceLikelihoods(logits)
        let proposals = try proposals(likelihoods)
        let distances = distances(of: proposals, to: latents)
        let numbers = Double(latents.count)
        let scores = proposals.indices.map { index in
            distances[index] * numbers * Self.distanceWeight + likelihoods.cost(proposals[index])
        }
        let least = scores.min() ?? 0
        let weights = scores.map { exp(least - $0) }
        let sum = weights.reduce(0, +)
        let order = scores.indices.sorted { scores[$0] < scores[$1] }
        let captions = try order.map { index in
            Caption(
                text: try tokenizer.decode(proposals[index]), confidence: weights[index] / sum, distance: distances[index],
                isFamiliar: settings.familiarDistance.map { distances[index] <= Double($0) } ?? true)
        }
        return (captions, end)
    }

    /// Captions to encode back, each with its end and its padding, none twice.
    private func proposals(_ likelihoods: PieceLikelihoods) throws -> [[Int32]] {
        var found: [[Int32]] = []
        var seen: Set<[Int32]> = []
        func add(_ pieces: [Int32]) throws {
            guard found.count < Self.mostProposals else { return }
            // Pieces in another order than the tokenizer's are no caption: text from them is split in another way.
            let caption = try tokenizer.encode(tokenizer.decode(pieces))
            if seen.insert(caption).inserted { found.append(caption) }
        }
        for state in 0..<likelihoods.states { try add(likelihoods.likeliest(state)) }
        let likely = grammar.likeliest(Self.mostProposals, positions: likelihoods.positions, end: tokenizer.endPiece) {
            likelihoods.cost(position: $0, piece: $1)
        }
        for pieces in likely { try add(pieces) }
        return found
    }

    /// For each caption, the mean squared distance of its text posterior's mean from the latents.
    private func distances(of captions: [[Int32]], to latents: Tensor) -> [Double] {
        let means = model.textVariationalEncoder(model.textEncoder(captions.flatMap { $0 })).mean
        let differences = means - latents.repeated(captions.count).reshaped(means.shape)
        let squares = differences * differences
        let count = latents.count
        let values = squares.values
        return captions.indices.map { index in
            Double(values[index * count..<(index + 1) * count].reduce(0, +)) / Double(count)
        }
    }
}

/// The probabilities of pieces at each position, as several states of the flow give them.
private struct PieceLikelihoods {
    let states: Int
    let positions: Int
    private let vocabulary: Int
    /// The likeliest piece at each position of each state.
    private let best: [Int32]
    /// For each position and piece, the logarithm of its mean probability below that of the likeliest.
    private let costs: [Float]

    /// - Parameter logits: [states, positions, pieces].
    init(_ logits: Tensor) {
        let (states, positions, vocabulary) = (logits.shape[0], logits.shape[1], logits.shape[2])
        (self.states, self.positions, self.vocabulary) = (states, positions, vocabulary)
        best = logits.argmax()
        let probabilities = logits.softmax().values
        var costs = [Float](repeating: 0, count: positions * vocabulary)
        for position in 0..<positions {
            var largest: Float = 0
            for piece in 0..<vocabulary {
                var sum: Float = 0
                for state in 0..<states { sum += probabilities[(state * positions + position) * vocabulary + piece] }
                costs[position * vocabulary + piece] = sum
                largest = max(largest, sum)
            }
            for index in position * vocabulary..<(position + 1) * vocabulary {
                costs[index] = log(largest) - log(max(costs[index], 1e-9))
            }
        }
        self.costs = costs
    }

    /// The likeliest pieces of a state.
    func likeliest(_ state: Int) -> [Int32] { Array(best[state * positions..<(state + 1) * positions]) }

    func cost(position: Int, piece: Int32) -> Float {
        guard (0..<positions).contains(position), (0..<Int32(vocabulary)).contains(piece) else { return .infinity }
        return costs[position * vocabulary + Int(piece)]
    }

    /// Of a whole caption with its end and padding: the sum over its positions.
    func cost(_ pieces: [Int32]) -> Double {
        pieces.indices.reduce(0) { $0 + Double(cost(position: $1, piece: pieces[$1])) }
    }
}
