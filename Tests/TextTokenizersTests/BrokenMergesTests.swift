import Foundation
import TestSupport
import Testing
import TextTokenizers

@Suite struct BrokenMergesTests {
    @Test(arguments: [
        ("", "line 1: expected a #version line, found nothing"),
        ("t h\n", "line 1: expected a #version line, found 't h'"),
        ("#version\nt h\nt\n", "line 3: expected two tokens, found 't'"),
        ("#version\nt h e\n", "line 2: expected two tokens, found 't h e'"),
        ("#version\n\nt h\n", "line 2: expected two tokens, found ''"),
        ("#version\nt h\nth e\nt h\n", "line 4: expected a new token, found the token of line 2, 'th'"),
        ("#version\na b\nab c\nb c\na bc\n", "line 5: expected a new token, found the token of line 3, 'abc'"),
        ("#version\nx yz\n", "line 2: expected tokens of the vocabulary, found 'yz'"),
        ("#version\n猫 a\n", "line 2: expected tokens of the vocabulary, found '猫'"),
        ("#version\na \u{7}\n", "line 2: expected tokens of the vocabulary, found '\\u{7}'"),
    ])
    func brokenLines(text: String, message: String) {
        let error = #expect(throws: VocabularyError.self) { try SmallCLIPVocabulary.vocabulary(text) }
        #expect(error?.description.hasSuffix(message) == true, "\(error?.description ?? "")")
        #expect(error?.description.contains("merges.txt") == true)
    }

    @Test func length() throws {
        let error = #expect(throws: VocabularyError.self) {
            try SmallCLIPVocabulary.vocabulary(mergeCount: CLIPVocabulary.publishedMergeCount)
        }
        #expect(error?.description.hasSuffix("expected 48894 merges after the version line, found 9") == true)
        // Further lines are not looked at.
        #expect(try SmallCLIPVocabulary.vocabulary(SmallCLIPVocabulary.text + "t\nh\n", mergeCount: 9).count == 523)
    }

    @Test func bytesThatAreNotText() throws {
        for bytes in [Data([0xff, 0xfe]), Data(repeating: 0, count: 100), Data("#version\n".utf8) + [0x61, 0x20, 0xc3, 10]] {
            try SmallCLIPVocabulary.withFiles(["merges.txt": bytes]) { folder in
                #expect(throws: VocabularyError.self) {
                    try CLIPVocabulary(path: folder.appendingPathComponent("merges.txt").path, mergeCount: nil)
                }
            }
        }
    }

    /// "#version\na b\n" packed by gzip.
    static let packed: [UInt8] = [
        0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0x53, 0x2e, 0x4b, 0x2d, 0x2a, 0xce,
        0xcc, 0xcf, 0xe3, 0x4a, 0x54, 0x48, 0xe2, 0x02, 0x00, 0xc8, 0x12, 0x7b, 0x16, 0x0d, 0x00, 0x00,
        0x00,
    ]

    @Test func gzip() throws {
        func load(_ bytes: [UInt8]) throws -> CLIPVocabulary {
            try SmallCLIPVocabulary.withFiles(["merges.txt.gz": Data(bytes)]) {
                try CLIPVocabulary(path: $0.appendingPathComponent("merges.txt.gz").path, mergeCount: nil)
            }
        }
        #expect(try load(Self.packed).encode("abc") == [512, 66 + 256])
        for count in 0..<Self.packed.count {
            refusal { try load(Array(Self.packed.prefix(count))) }
        }
        for index in Self.packed.indices {
            var bytes = Self.packed
            bytes[index] ^= 0x55
            // The time and system in the header are free; everything else is checked.
            if !(4...9).contains(index) { refusal { try load(bytes) } }
        }
        let error = refusal { try load(Self.packed.dropLast(3)) }
        #expect(error.text.contains("expected a gzip file, found a truncated one"))
    }

    @Test func brokenHuggingFaceFiles() {
        let changes: [(String, (inout [String: Int]) -> Void)] = [
            ("expected ids 0..<523, as many as tokens, found 523 for 'a'", { $0["a"] = 523 }),
            ("for 65", { $0["a"] = 65 }),
            ("expected ids 0..<523, as many as tokens, found -1 for 'the</w>'", { $0["the</w>"] = -1 }),
            ("expected the token '<|endoftext|>', found none", { $0["<|end|>"] = $0.removeValue(forKey: "<|endoftext|>") }),
            ("line 3: expected tokens of the vocabulary, found 'the</w>'", { $0["thé</w>"] = $0.removeValue(forKey: "the</w>") }),
            ("expected 10 merges for the 524 tokens", { $0["new"] = 523 }),
        ]
        for (message, change) in changes {
            var tokens = SmallCLIPVocabulary.tokens
            change(&tokens)
            let error = #expect(throws: VocabularyError.self) { try SmallCLIPVocabulary.huggingFace(tokens) }
            #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
        }
    }

    @Test func vocabularyThatIsNotJSON() throws {
        for text in ["", "[]", "{", "{\"a\": \"b\"}", "{\"a\": 1.5}", "{\"a\": 1e300}"] {
            try SmallCLIPVocabulary.withFiles(["v": Data(text.utf8), "m": Data(SmallCLIPVocabulary.text.utf8)]) { folder in
                #expect(throws: VocabularyError.self) {
                    try CLIPVocabulary(
                        vocabularyPath: folder.appendingPathComponent("v").path,
                        mergesPath: folder.appendingPathComponent("m").path)
                }
            }
        }
    }
}
