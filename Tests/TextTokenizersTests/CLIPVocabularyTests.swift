import Foundation
import Testing
import TextTokenizers

@Suite struct CLIPVocabularyTests {
    let vocabulary: CLIPVocabulary

    init() throws { vocabulary = try SmallCLIPVocabulary.vocabulary() }

    @Test func ids() throws {
        #expect(vocabulary.count == 523)
        #expect(vocabulary.startID == SmallCLIPVocabulary.start)
        #expect(vocabulary.endID == SmallCLIPVocabulary.end)
        #expect(vocabulary.encode("The  CAT") == [513, 515])
        // t h e + n: no merge makes a word end out of the middle of a word.
        #expect(vocabulary.encode("then") == [512, 68, 77 + 256])
        #expect(vocabulary.encode("cat's 12") == [515, 516, 16 + 256, 17 + 256])
        #expect(vocabulary.encode("") == [])
        // é is the bytes C3 A9.
        #expect(vocabulary.encode("é") == [127, 102 + 256])
        #expect(vocabulary.encode("<start_of_text>the<end_of_text>") == [521, 513, 522])
    }

    @Test func pairsMergeFromTheLeft() {
        #expect(vocabulary.encode("aa") == [518])
        #expect(vocabulary.encode("aaa") == [517, 64 + 256])
        #expect(vocabulary.encode("aaaa") == [517, 518])
        #expect(vocabulary.encode("!!!!!") == [519, 519, 256])
    }

    @Test func row() {
        let row = vocabulary.row("the cat", length: 6)
        #expect(row.ids == [521, 513, 515, 522, 0, 0])
        #expect(row.keptCount == 2 && row.textCount == 2)
        #expect(!row.isCut)
        #expect(vocabulary.row("").ids == [521, 522] + [Int32](repeating: 0, count: 75))
        #expect(vocabulary.row("the", length: 4, padID: 522).ids == [521, 513, 522, 522])
        let cut = vocabulary.row("the cat the cat", length: 4)
        #expect(cut.ids == [521, 513, 515, 522])
        #expect(cut.isCut && cut.keptCount == 2 && cut.textCount == 4)
        #expect(vocabulary.row("the cat", length: 4).isCut == false)
        for length in -1...2 { #expect(vocabulary.row("the", length: length).ids.count == max(length, 0)) }
    }

    @Test func decode() throws {
        #expect(try vocabulary.decode(vocabulary.row("The cat's  é 猫!").ids.prefix(12)).hasPrefix("the cat 's é"))
        #expect(try vocabulary.decode([521, 513, 515, 522]) == "the cat")
        #expect(throws: VocabularyError.idOutOfRange(id: 523, count: 523, position: 1)) { try vocabulary.decode([0, 523]) }
        #expect(throws: VocabularyError.idOutOfRange(id: -1, count: 523, position: 0)) { try vocabulary.decode([-1]) }
    }

    /// Merging by the book: find the best pair, merge it everywhere, begin again.
    @Test func longWordsMergeByTheBook() throws {
        let letters = ["a", "b"]
        // `ab a` ranks before the `a b` that makes its left half: whether all of a rank is merged first shows.
        let merges = ["ab a", "a b", "b ab", "a b</w>", "aba b", "b b", "bb a", "bb bb"]
        let vocabulary = try SmallCLIPVocabulary.vocabulary("#version\n" + merges.joined(separator: "\n"))
        let pairs = merges.map { $0.split(separator: " ").map(String.init) }
        var seed: UInt64 = 7
        for length in 1..<60 {
            var word: [String] = []
            for _ in 0..<length {
                seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                word.append(letters[Int(seed >> 40) % 2])
            }
            let text = word.joined()
            word[length - 1] += "</w>"
            while let best = pairs.first(where: { pair in zip(word, word.dropFirst()).contains { [$0, $1] == pair } }) {
                var merged: [String] = []
                for symbol in word {
                    // A symbol made by this merge is never the left half of it.
                    if merged.last == best[0], symbol == best[1] {
                        merged[merged.count - 1] += symbol
                    } else {
                        merged.append(symbol)
                    }
                }
                word = merged
            }
            let expected = word.map { symbol -> Int32 in
                if let rank = pairs.firstIndex(where: { $0.joined() == symbol }) { return 512 + Int32(rank) }
                return (symbol.hasPrefix("a") ? 64 : 65) + (symbol.hasSuffix("</w>") ? 256 : 0)
            }
            #expect(vocabulary.encode(text) == expected, "\(text)")
        }
    }

    @Test func hugeWords() {
        #expect(vocabulary.encode(String(repeating: "a", count: 200_000)).count == 100_000)
        #expect(vocabulary.row(String(repeating: "!'é1 ", count: 20_000)).isCut)
    }

    @Test(arguments: ["\0", "\u{1b}[", "&", "&#", "&#x", "&;", "<", "'", "\r", "\u{10FFFF}", "\u{301}", "👩‍👩‍👧", "\u{345}"])
    func anyTextIsTaken(text: String) {
        let ids = vocabulary.row(text).ids
        #expect(ids.count == 77 && ids.allSatisfy { 0 <= $0 && $0 < 523 })
    }

    @Test func huggingFaceFilesGiveTheSame() throws {
        let other = try SmallCLIPVocabulary.huggingFace(SmallCLIPVocabulary.tokens)
        #expect(other.startID == vocabulary.startID && other.endID == vocabulary.endID)
        for text in ["the cat's aaaa", "é 猫 <end_of_text>", "!!!!"] {
            #expect(other.encode(text) == vocabulary.encode(text))
        }
    }
}
