import Testing
import Vocabularies

@Suite struct SentencePieceVocabularyTests {
    static let captions = ["red", "blue", "green", "yellow", "black", "small", "large", "old"].flatMap { colour in
        ["fox", "circle", "house", "tree", "boat", "cat", "dog", "mountain"].flatMap { thing in
            ["on a hill", "near the water", "under a tree", "at night", "in the snow"].map { place in
                "a \(colour) \(thing) \(place)"
            }
        }
    }

    static func trained(size: Int = 400) throws -> SentencePieceVocabulary {
        var options = SentencePieceVocabulary.TrainingOptions()
        options.vocabularySize = size
        return try SentencePieceVocabulary(
            modelBytes: SentencePieceVocabulary.train(sentences: captions, options: options))
    }

    @Test func trainsAndRoundTrips() throws {
        let vocabulary = try Self.trained()
        #expect(vocabulary.padID == 0)
        #expect(vocabulary.unknownID == 1)
        #expect(vocabulary.beginID == nil)
        #expect(vocabulary.endID == 2)
        #expect(vocabulary.count > 259 && vocabulary.count <= 400)
        let ids = try vocabulary.encode("a red fox on a hill")
        #expect(ids.count < "a red fox on a hill".utf8.count)
        #expect(try vocabulary.decode(ids) == "a red fox on a hill")
    }
}
