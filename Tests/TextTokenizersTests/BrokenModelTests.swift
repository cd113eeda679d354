import Foundation
import Testing
import TextTokenizers

/// Broken model files give an error or a vocabulary that works; they never end the process.
@Suite struct BrokenModelTests {
    /// Loads and, where that works, uses the model. Returns the error.
    @discardableResult
    func attempt(_ bytes: [UInt8]) throws -> VocabularyError? {
        do {
            let vocabulary = try SentencePieceVocabulary(modelBytes: bytes)
            let ids = try vocabulary.encode("A red ﬁox on ½ a hill, 猫 🐱!")
            _ = try vocabulary.decode(ids + [0, Int32(vocabulary.count - 1)])
            return nil
        } catch let error as VocabularyError {
            #expect(!error.description.contains("\n"))
            return error
        }
    }

    @Test func notAModel() throws {
        for bytes in [
            [], [0], [0xff], Array("not a model".utf8), [UInt8](repeating: 0, count: 1000),
            [UInt8](repeating: 0xff, count: 1000), [UInt8](repeating: 10, count: 1000),
        ] {
            #expect(try attempt(bytes) != nil)
        }
    }

    @Test func truncated() throws {
        let small = try CaptionModel.bytes { $0.normalization = "identity" }
        for count in 0..<small.count where count < 300 || count.isMultiple(of: 7) || count > small.count - 300 {
            try attempt(Array(small[..<count]))
        }
        let large = try CaptionModel.bytes()
        for count in stride(from: 0, to: large.count, by: large.count / 100) {
            try attempt(Array(large[..<count]))
        }
    }

    /// `FLOWTOK_BROKEN_MODELS` makes this as long as wanted.
    @Test func changedBytes() throws {
        let rounds = ProcessInfo.processInfo.environment["FLOWTOK_BROKEN_MODELS"].flatMap { Int($0) } ?? 1
        var seed: UInt64 = 0x9e37_79b9_7f4a_7c15
        func random(_ bound: Int) -> Int {
            seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((seed >> 33) % UInt64(bound))
        }
        let models = [
            (try CaptionModel.bytes { $0.normalization = "identity" }, 2000),
            (try CaptionModel.bytes(), 100),
            (
                try CaptionModel.bytes {
                    $0.byteFallback = false; $0.normalization = "identity"
                }, 1000
            ),
        ]
        for (model, count) in models {
            for _ in 0..<count * rounds {
                var bytes = model
                for _ in 0...random(3) { bytes[random(bytes.count)] = UInt8(random(256)) }
                try attempt(bytes)
            }
        }
    }

    @Test func everyByteOfThePiecesFlipped() throws {
        let model = try CaptionModel.bytes {
            $0.byteFallback = false; $0.normalization = "identity"
        }
        for index in model.indices {
            var bytes = model
            bytes[index] ^= 1 << UInt8(index % 8)
            try attempt(bytes)
        }
    }

    @Test func scoresMustBeFinite() throws {
        var bytes = try CaptionModel.bytes()
        // Field 2 (a float) of a piece that is not the first.
        let pad = try #require(bytes.indices.first { bytes[$0] == 0x15 && $0 > 20 })
        bytes.replaceSubrange(pad + 1..<pad + 5, with: [0, 0, 0xc0, 0x7f])
        let error = try #require(try attempt(bytes))
        #expect(error.description.contains("expected a finite score, found nan"))
    }

    @Test func errorsNameTheFile() throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID()).model").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data("nonsense".utf8).write(to: URL(fileURLWithPath: path))
        let error = #expect(throws: VocabularyError.self) { try SentencePieceVocabulary(path: path) }
        #expect(error?.description.contains(path) == true)
    }
}
