import Testing
import TextTokenizers

@Suite struct SentencePieceTrainingTests {
    @Test func sameSentencesSameBytes() throws {
        #expect(try CaptionModel.bytes() == CaptionModel.bytes())
    }

    @Test func specialIdsAreChosen() throws {
        let bytes = try CaptionModel.bytes {
            $0.padID = nil
            $0.unknownID = 0
            $0.beginID = 1
        }
        let vocabulary = try SentencePieceVocabulary(modelBytes: bytes)
        #expect(vocabulary.padID == nil)
        #expect(vocabulary.unknownID == 0)
        #expect(vocabulary.beginID == 1)
        #expect(vocabulary.endID == 2)
    }

    @Test func withoutByteFallbackRareCharactersAreUnknown() throws {
        let vocabulary = try SentencePieceVocabulary(modelBytes: CaptionModel.bytes { $0.byteFallback = false })
        #expect(vocabulary.count < 256)
        #expect(try vocabulary.encode("猫").contains(1))
    }

    @Test func normalizationFoldsCase() throws {
        let vocabulary = try SentencePieceVocabulary(modelBytes: CaptionModel.bytes { $0.normalization = "nmt_nfkc_cf" })
        #expect(try vocabulary.encode("A RED FOX") == vocabulary.encode("a red fox"))
    }

    @Test(arguments: [
        ["a"], ["!"], ["a", "a"], ["ab ab"], ["ab", "ab", "ab"], ["猫"], ["a\nb"], ["", " ", "x"], ["<unk> x"], ["a\0b"],
        ["\u{2585}", "x"], ["abcabc abcabc abc"], ["aaaaaaaaaaaaaaaa"], [String(repeating: "ab", count: 200)],
    ])
    func smallCorpora(sentences: [String]) throws {
        let bytes = try SentencePieceVocabulary.train(sentences: sentences)
        let vocabulary = try SentencePieceVocabulary(modelBytes: bytes)
        #expect(try vocabulary.decode(vocabulary.encode("a cat")) == "a cat")
    }

    @Test(arguments: [
        [], [""], [" \t\n"], ["\u{200B}"], ["\u{2581}"], ["\u{2585}\u{2585}"], ["<unk>", "<pad>"], ["\u{7}"],
        [String(repeating: "long ", count: 1000)],
    ])
    func nothingToTrainOn(sentences: [String]) {
        #expect(throws: VocabularyError.self) { try SentencePieceVocabulary.train(sentences: sentences) }
    }

    @Test func badOptions() {
        let changes: [(inout SentencePieceVocabulary.TrainingOptions) -> Void] = [
            { $0.vocabularySize = 259 }, { $0.vocabularySize = -1 }, { $0.vocabularySize = .max },
            { $0.vocabularySize = 262 }, { $0.characterCoverage = 0 }, { $0.characterCoverage = .nan },
            { $0.unknownID = 0 }, { $0.unknownID = -1 }, { $0.padID = 5 }, { $0.normalization = "none" },
        ]
        for change in changes {
            #expect(throws: VocabularyError.self) { try CaptionModel.bytes(change) }
        }
    }
}
