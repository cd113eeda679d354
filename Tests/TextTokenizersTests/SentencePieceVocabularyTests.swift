import Files
import Foundation
import Testing
import TextTokenizers

@Suite struct SentencePieceVocabularyTests {
    let vocabulary: SentencePieceVocabulary

    init() throws { vocabulary = try CaptionModel.vocabulary() }

    @Test func specialPieces() throws {
        #expect(vocabulary.padID == 0)
        #expect(vocabulary.unknownID == 1)
        #expect(vocabulary.beginID == nil)
        #expect(vocabulary.endID == 2)
        #expect(vocabulary.count > 259 && vocabulary.count <= 400)
        #expect(try vocabulary.piece(0) == "<pad>")
        #expect(try vocabulary.piece(1) == "<unk>")
        #expect(try vocabulary.piece(2) == "</s>")
    }

    @Test func roundTrip() throws {
        for caption in CaptionModel.captions.prefix(40) {
            let ids = try vocabulary.encode(caption)
            #expect(ids.count < caption.utf8.count)
            #expect(ids.allSatisfy { $0 > 2 && Int($0) < vocabulary.count })
            #expect(try vocabulary.decode(ids) == caption)
        }
    }

    @Test(arguments: [
        "猫坐在桌子上", "🐱‍👤 a cat 👩‍👩‍👧", "Ünïcödé", "na\u{308}ive", "مرحبا", "\u{10FFFF}x", "x\u{E000}y",
    ])
    func bytesCarryWhatHasNoPiece(text: String) throws {
        let ids = try vocabulary.encode(text)
        #expect(!ids.contains(1))
        #expect(try vocabulary.decode(ids) == text.precomposedStringWithCompatibilityMapping)
    }

    @Test(arguments: [
        "", " ", "\0", "\u{1}\u{2}\u{7f}", "a\0b", "\r\n\t", "\u{FEFF}", "\u{200B}", "\u{301}", "\u{2581}", "\u{2585}",
        "<unk>", "<pad></s>", "<0x41>", String(repeating: "fox ", count: 5000), String(repeating: "z", count: 20_000),
    ])
    func anyTextIsTaken(text: String) throws {
        let pieces = try vocabulary.encodePieces(text)
        #expect(pieces.allSatisfy { 0 <= $0.bytes.lowerBound && $0.bytes.upperBound <= text.utf8.count })
        #expect(zip(pieces, pieces.dropFirst()).allSatisfy { $0.bytes.upperBound <= $1.bytes.lowerBound })
        _ = try vocabulary.decode(pieces.map(\.id))
    }

    @Test func emptyText() throws {
        #expect(try vocabulary.encode("").isEmpty)
        #expect(try vocabulary.decode([]) == "")
    }

    @Test func pieceRangesCoverTheInput() throws {
        let text = "a red fox on a hill, 猫 near the water"
        let utf8 = Array(text.utf8)
        let pieces = try vocabulary.encodePieces(text)
        #expect(pieces.map(\.id) == (try vocabulary.encode(text)))
        #expect(pieces.flatMap { utf8[$0.bytes] } == utf8)
        let fox = try #require(pieces.first { $0.bytes.contains(6) })
        // The space is the piece's own or the one before's, as training had it.
        #expect(["a red", "a red "].contains(String(decoding: utf8[..<fox.bytes.lowerBound], as: UTF8.self)))
    }

    @Test(arguments: [Int32.min, -1, 400, 1_000_000, .max])
    func idsOutOfRange(id: Int32) {
        #expect(throws: VocabularyError.idOutOfRange(id: Int(id), count: vocabulary.count, position: 1)) {
            try vocabulary.decode([5, id])
        }
        #expect(throws: VocabularyError.self) { try vocabulary.piece(id) }
    }

    @Test func everyIdDecodes() throws {
        let all = (0..<Int32(vocabulary.count)).map(\.self)
        for id in all { _ = try vocabulary.decode([id]) }
        _ = try vocabulary.decode(all)
        #expect(try vocabulary.decode([0, 2, 0]) == "")
    }

    @Test func savedAndLoaded() throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID()).model").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data(vocabulary.modelBytes).write(to: URL(fileURLWithPath: path))
        let again = try SentencePieceVocabulary(path: path)
        #expect(again.modelBytes == vocabulary.modelBytes)
        #expect(try again.encode("a blue boat") == vocabulary.encode("a blue boat"))
    }

    @Test func manyTasksShareOne() async throws {
        let vocabulary = vocabulary
        let expected = try CaptionModel.captions.map { try vocabulary.encode($0) }
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<8 {
                group.addTask { try CaptionModel.captions.map { try vocabulary.encode($0) } == expected }
            }
            for try await same in group { #expect(same) }
        }
    }

    @Test func unreadableFiles() {
        #expect(throws: FileError.missing(path: "/no/such.model")) {
            try SentencePieceVocabulary(path: "/no/such.model")
        }
        #expect(throws: FileError.notRegular(path: "/", found: "a folder")) {
            try SentencePieceVocabulary(path: "/")
        }
    }
}
