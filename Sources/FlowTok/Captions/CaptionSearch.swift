import Datasets
import Foundation
import Images
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
/// end is proposed, and so are the names that things on a plain background lie nearest to; every proposal is encoded back, and the one whose text tokens lie nearest to the image's latents, and that
/// the decoder finds likely, is chosen.
///
/// The text decoder reads all positions at once and so may mix the words of two captions; a mixture is like neither, which its
/// own text tokens show.
package struct CaptionSearch: Sendable {
    /// What is proposed beside what the text decoder reads.
    package struct Proposals: Sendable {
        /// The captions that a model can have learnt.
        let grammar: CaptionGrammar
        /// Where the text side puts names; nil in models that do not say.
        let names: NameIndex?

        package init(grammar: CaptionGrammar, names: NameIndex?) {
            self.grammar = grammar
            self.names = names
        }
    }

    private let model: FlowTokModel
    private let tokenizer: SentencePieceTokenizer
    private let sources: Proposals

    /// Proposals of the text decoder that are encoded back.
    private static let mostProposals = 20
    /// Names that are proposed for a thing, pairs of names for two, and kinds for each of several.
    private static let mostNames = 6, mostPairs = 8, mostKinds = 2
    /// Names that are proposed with each of the skin tones too.
    private static let mostPersons = 2
    /// What one unit of distance, times the numbers of a caption's tokens, counts in the logarithm of a caption's probability.
    private static let distanceWeight = 0.1
    /// What the logarithm of the decoder's probability weighs. It reads all positions at once, and the more of a caption it is sure
    /// of the more wrongly it is: of 80 pictures of two things 24 % were captioned right with a weight of 1, 41 % with 0.5, 61 %
    /// with 0.25, 73 % with 0.05 and 79 % with 0. What is left tells captions apart that lie equally near.
    private static let costWeight = 0.02
    /// By how much a caption has to be better than others if it is of no form that captions of names and scenes have: most are
    /// mixtures of two.
    private static let unknownCost = 8.0

    package init(_ model: FlowTokModel, _ tokenizer: SentencePieceTokenizer, _ sources: Proposals) {
        self.model = model
        self.tokenizer = tokenizer
        self.sources = sources
    }

    /// The captions of one image, which is resized and cropped to the model's square, the best first; at least one. Where things
    /// stand apart on a plain background, and elsewhere than captions have them, the picture with them put there is captioned too,
    /// and the captions are those of the one that they lie nearer to.
    ///
    /// - Throws: `FlowTokError.cannotCaption`; what `progress` throws.
    package func captions(
        of image: Image, settings: CaptioningDefaults, progress: (SamplingStep<Tensor>) throws -> Void
    ) throws -> [Caption] {
        let side = model.configuration.imageTokenizer.imageSize
        let image = image.centerSquare(side)
        let latents = try model.latents(of: image)
        let layout = sources.names == nil ? nil : ObjectLayout(image)
        // What stands before anything but a plain background is looked up as it is.
        let whole = sources.names?.nearest(to: latents, Self.mostNames)[0].map { CaptionGrammar.alone($0.entry) } ?? []
        let named = try (layout.map { try captions(of: $0) } ?? []) + whole
        let found = try search(latents, named: named, settings: settings, progress: progress).captions
        guard let moved = layout?.canonical(side: side) else { return found }
        let others = try search(model.latents(of: moved), named: named, settings: settings, progress: progress).captions
        return others[0].distance < found[0].distance ? others : found
    }

    /// Captions of things by the names that each of them is nearest to.
    private func captions(of layout: ObjectLayout) throws -> [String] {
        guard let names = sources.names else { return [] }
        let side = model.configuration.imageTokenizer.imageSize
        let pictures = ([layout.whole] + layout.parts).map { layout.alone($0, side: side) }
        let latents = model.normalized(model.imageTokenizer.encode(try Tensor(pictures, side: side)).mean)
        let nearest = names.nearest(to: latents, Self.mostNames)
        var captions = nearest[0].map { CaptionGrammar.alone($0.entry) }
        for person in nearest[0].prefix(Self.mostPersons) where person.entry.takesSkinTone {
            captions += SkinTone.allCases.map { SkinTone.name(CaptionGrammar.alone(person.entry), with: [$0]) }
        }
        let parts = Array(nearest.dropFirst())
        if let relation = layout.relation {
            // In the order that captions of pictures have: left before right, upper before lower.
            let pairs = parts[0].flatMap { first in parts[1].map { (first, $0) } }
            let likely = pairs.sorted { $0.0.distance + $0.1.distance < $1.0.distance + $1.1.distance }.prefix(Self.mostPairs)
            let words = relation == .above ? "above" : "to the left of"
            captions += likely.map { "\(CaptionGrammar.alone($0.0.entry)) \(words) \(CaptionGrammar.alone($0.1.entry))" }
        }
        if let number = CaptionGrammar.number(parts.count) {
            captions += Set(parts.flatMap { $0.prefix(Self.mostKinds).compactMap(\.entry.plural) }).sorted().map { "\(number) \($0)" }
        }
        let background = BackgroundColour.nearest(to: layout.background)
        return background == .white ? captions : captions.map { "\($0) on \(background.name == "orange" ? "an" : "a") \(background.name) background" }
    }

    /// The same with the text tokens [1, N, D] that the flow leads to.
    ///
    /// - Parameters:
    ///   - latents: of an image, normalised: [1, K, D].
    ///   - named: captions that are proposed too.
    func search(
        _ latents: Tensor, named: [String] = [], settings: CaptioningDefaults, progress: (SamplingStep<Tensor>) throws -> Void
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
        let (proposals, known) = try proposals(likelihoods, named)
        let distances = distances(of: proposals, to: latents)
        let numbers = Double(latents.count)
        let scores = proposals.indices.map { index in
            distances[index] * numbers * Self.distanceWeight + likelihoods.cost(proposals[index]) * Self.costWeight
                + (index < known ? 0 : Self.unknownCost)
        }
        let least = scores.min() ?? 0
        let weights = scores.map { exp(least - $0) }
        let sum = weights.reduce(0, +)
        var order = scores.indices.sorted { scores[$0] < scores[$1] }
        // Where a name is best, what the decoder read as no caption is a mixture. What was trained on captions of its own has
        // one of those at the head.
        // What lies too far to be familiar is a guess, and that had better be words.
        let isGuess = settings.familiarDistance.map { distances[order[0]] > Double($0) } ?? false
        if order[0] < known || isGuess, known > 0 { order.removeAll { $0 >= known } }
        let captions = try order.map { index in
            Caption(
                text: try tokenizer.decode(proposals[index]), confidence: weights[index] / sum, distance: distances[index],
                isFamiliar: settings.familiarDistance.map { distances[index] <= Double($0) } ?? true)
        }
        return (captions, end)
    }

    /// Captions to encode back, each with its end and its padding, none twice; and how many of them, which come first, are of the
    /// form that captions of names and scenes have.
    private func proposals(_ likelihoods: PieceLikelihoods, _ named: [String]) throws -> (captions: [[Int32]], known: Int) {
        var found: [[Int32]] = []
        var seen: Set<[Int32]> = []
        for caption in try named.map({ try tokenizer.encode($0) }) where seen.insert(caption).inserted { found.append(caption) }
        var most = found.count + Self.mostProposals
        func add(_ pieces: [Int32]) throws {
            guard found.count < most else { return }
            // Pieces in another order than the tokenizer's are no caption: text from them is split in another way.
            let caption = try tokenizer.encode(tokenizer.decode(pieces))
            if seen.insert(caption).inserted { found.append(caption) }
        }
        let likely = sources.grammar.likeliest(Self.mostProposals, positions: likelihoods.positions, end: tokenizer.endPiece) {
            likelihoods.cost(position: $0, piece: $1)
        }
        for pieces in likely { try add(pieces) }
        let known = found.count
        most += likelihoods.states
        for state in 0..<likelihoods.states { try add(likelihoods.likeliest(state)) }
        return (found, known)
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
