import FlowTok
import Images
import Testing
import TextTokenizers

/// Captions by proposing and choosing, with the shipped model.
@Suite(.enabled(if: (try? DefaultModel.path()) != nil, "no default model here")) struct CaptionSearchTests {
    @Test func theBestComesFirstAndAllDiffer() throws {
        let flowtok = try FlowTok()
        let fox = try flowtok.generate("a fox", seed: 3)
        let found = try flowtok.rankedCaptions(of: fox, count: 6)
        #expect(found.count == 6 && Set(found.map(\.text)).count == 6)
        #expect(found[0].text.contains("fox"), "\(found)")
        #expect(zip(found, found.dropFirst()).allSatisfy { $0.confidence >= $1.confidence })
        #expect(found.allSatisfy { (0...1).contains($0.confidence) && $0.distance >= 0 } && found.map(\.confidence).reduce(0, +) <= 1.0001)
        #expect(found[0].distance < found[5].distance)
        #expect(try flowtok.captions(of: fox, count: 1) == [found[0].text] && flowtok.caption(fox) == found[0].text)
    }

    /// No caption mixes the pieces of two: read again, it has the same pieces.
    @Test func captionsAreWhole() throws {
        let flowtok = try FlowTok()
        for seed in 0..<4 as Range<UInt64> {
            for caption in try flowtok.captions(of: flowtok.generate("a dog to the left of a cat", seed: seed), count: 4) {
                let ids = try flowtok.textTokenizer.encode(caption)
                #expect(try flowtok.textTokenizer.decode(ids) == caption)
            }
        }
    }

    /// Even of noise the caption is made of words, and is said to be a guess.
    @Test func aGuessIsAName() throws {
        let flowtok = try FlowTok()
        var state: UInt32 = 1
        let pixels = (0..<128 * 128 * 3).map { _ -> UInt8 in
            state = state &* 1_664_525 &+ 1_013_904_223
            return UInt8(state >> 24)
        }
        let noise = Image(width: 128, height: 128, pixels: pixels)
        let found = try flowtok.rankedCaptions(of: noise, count: 3)
        #expect(found.allSatisfy { !$0.isFamiliar })
        for caption in found {
            let words = caption.text.split(separator: " ").map(String.init)
            let names = Set(EmojiNames.shared.entries.flatMap { ($0.name + " " + ($0.plural ?? "")).split(separator: " ") }.map { $0.lowercased() })
            let others = ["a", "an", "the", "on", "to", "left", "right", "of", "above", "below", "and", "background", "two", "three", "four", "skin", "tone"]
            let colours = ["black", "blue", "brown", "gray", "green", "orange", "pink", "purple", "red", "yellow"]
            #expect(words.allSatisfy { names.contains($0.lowercased()) || (others + colours).contains($0) }, "\(caption.text)")
        }
    }

    @Test func theGrammarProposesWhatIsLikely() throws {
        let flowtok = try FlowTok()
        let tokenizer = try #require(flowtok.textTokenizer as? SentencePieceTokenizer)
        let grammar = try CaptionGrammar(tokenizer)
        for wanted in ["a fox", "three foxes", "a cat on a blue background", "a dog to the left of a cat", "a cat and a dog on a red background"] {
            let ids = try tokenizer.encode(wanted)
            let likely = grammar.likeliest(3, positions: tokenizer.length, end: tokenizer.endPiece) { ids[$0] == $1 ? 0 : 5 }
            #expect(try likely.map { try tokenizer.decode($0) }.first == wanted)
        }
    }
}
