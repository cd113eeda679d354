import Testing
import Vocabularies

/// Ids against those of the official tokenizer, with the published vocabulary.
@Suite(.enabled(if: CLIPReference.isAvailable, Comment(rawValue: CLIPReference.absence)))
struct CLIPParityTests {
    @Test func goldens() throws {
        let vocabulary = try CLIPVocabulary(path: #require(CLIPReference.vocabularyPath))
        #expect(vocabulary.count == 49408)
        let rows = try CLIPReference.goldens().rows
        #expect(rows.count > 60)
        for row in rows where !row.needs.contains("ftfy_mojibake") {
            let ids = vocabulary.row(row.prompt).ids
            #expect(ids.count == 77)
            // The goldens are cut after the last id that is not padding.
            #expect(ids == row.ids + [Int32](repeating: 0, count: 77 - row.ids.count), "\(row.prompt)")
        }
    }
}
