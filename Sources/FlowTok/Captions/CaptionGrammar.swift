import TextTokenizers

/// The captions that a model of emoji and scenes can have learnt, as pieces: a thing by its name, or two things and how they lie,
/// perhaps on a coloured background. A search proposes the ones that a text decoder finds likely.
///
/// Pieces do not cross spaces, so that a phrase has the same pieces wherever it stands.
package struct CaptionGrammar: Sendable {
    /// "a fox", "three foxes".
    let nouns: [[Int32]]
    /// "to the left of".
    let relations: [[Int32]]
    /// "on a red background".
    let backgrounds: [[Int32]]

    /// - Throws: what the tokenizer throws.
    package init(_ tokenizer: SentencePieceTokenizer, names: EmojiNames = .shared) throws {
        func pieces(_ text: String) throws -> [Int32] { Array(try tokenizer.encode(text).prefix { $0 != tokenizer.endPiece }) }
        let numbers = try (2...4).compactMap(Self.number).map(pieces)
        var nouns: [[Int32]] = []
        for entry in names.entries {
            nouns.append(try pieces(Self.alone(entry)))
            guard let plural = try entry.plural.map(pieces) else { continue }
            for number in numbers { nouns.append(number + plural) }
        }
        self.nouns = nouns
        relations = try ["to the left of", "to the right of", "above", "below", "and"].map(pieces)
        backgrounds = try Self.colours.map { try pieces("on \($0 == "orange" ? "an" : "a") \($0) background") }
    }

    /// The word of a number of things; nil for numbers that captions do not have.
    static func number(_ count: Int) -> String? { [2: "two", 3: "three", 4: "four"][count] }

    /// A thing by itself: "a fox".
    static func alone(_ entry: EmojiNames.Entry) -> String { entry.article.isEmpty ? entry.name : "\(entry.article) \(entry.name)" }

    /// The backgrounds of scenes, white aside, which goes without saying.
    private static let colours = ["black", "blue", "brown", "gray", "green", "orange", "pink", "purple", "red", "yellow"]

    /// The likeliest captions, in no order.
    ///
    /// - Parameters:
    ///   - cost: of each position and piece: by how much its logarithm of probability falls short of that of the position's
    ///     likeliest piece.
    ///   - end: the piece after a caption.
    package func likeliest(_ count: Int, positions: Int, end: Int32, cost: (_ position: Int, _ piece: Int32) -> Float) -> [[Int32]] {
        struct Partial {
            var pieces: [Int32]
            var cost: Float
        }
        func extended(_ partial: Partial, by phrase: [Int32]) -> Partial? {
            let start = partial.pieces.count
            guard start + phrase.count < positions else { return nil }
            let sum = phrase.indices.reduce(partial.cost) { $0 + cost(start + $1, phrase[$1]) }
            return Partial(pieces: partial.pieces + phrase, cost: sum)
        }
        func ended(_ partial: Partial) -> Partial {
            Partial(pieces: partial.pieces, cost: partial.cost + cost(partial.pieces.count, end))
        }
        func best(_ partials: [Partial], _ count: Int) -> [Partial] { Array(partials.sorted { $0.cost < $1.cost }.prefix(count)) }
        let empty = Partial(pieces: [], cost: 0)
        let starts = nouns.compactMap { extended(empty, by: $0) }
        var whole = best(starts.map(ended), count)
        let firsts = best(starts, 2 * count)
        whole += best(firsts.flatMap { first in backgrounds.compactMap { extended(first, by: $0).map(ended) } }, count)
        let related = best(firsts.flatMap { first in relations.compactMap { extended(first, by: $0) } }, count)
        let pairs = best(related.flatMap { partial in nouns.compactMap { extended(partial, by: $0) } }, 2 * count)
        whole += best(pairs.map(ended), count)
        whole += best(pairs.flatMap { pair in backgrounds.compactMap { extended(pair, by: $0).map(ended) } }, count)
        return best(whole, count).map(\.pieces)
    }
}
