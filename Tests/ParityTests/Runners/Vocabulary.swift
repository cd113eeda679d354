import Foundation
import TestSupport
import Testing
import TextTokenizers

/// CLIP's published vocabulary, which is not part of the package: the path in `FLOWTOK_CLIP_VOCABULARY`.
private func publishedVocabulary() throws -> CLIPVocabulary? {
    try ProcessInfo.processInfo.environment["FLOWTOK_CLIP_VOCABULARY"].map { try CLIPVocabulary(path: $0) }
}

/// Prompts to ids, which must be equal; prompts that need text to be guessed back from a wrong encoding are left out.
func compareVocabulary(_ comparison: Comparison) throws {
    struct Row: Decodable {
        let prompt: String
        let needs: [String]
        let ids: [Int32]
    }
    let golden = comparison.golden
    let rows = try golden.decode("rows", as: [Row].self)
    guard let vocabulary = try publishedVocabulary() else {
        print("\(golden.name): \(rows.count) prompts left out: FLOWTOK_CLIP_VOCABULARY names no bpe_simple_vocab_16e6.txt.gz")
        return
    }
    let length = try golden.decode("context_length", as: Int.self)
    let pad = try golden.decode("pad", as: Int32.self)
    for row in rows where !row.needs.contains("ftfy_mojibake") {
        let expected = row.ids + [Int32](repeating: pad, count: max(0, length - row.ids.count))
        #expect(vocabulary.row(row.prompt, length: length, padID: pad).ids == expected, "\(row.prompt)")
    }
}

/// The ids that a case stores are those of its prompts, where the vocabulary is at hand.
func compareIDs(_ comparison: Comparison) throws {
    let golden = comparison.golden
    let prompts: [String]
    if golden.has("run", "prompts") {
        prompts = try golden.decode("run", "prompts")
    } else if golden.has("prompts") {
        prompts = try golden.decode("prompts")
    } else {
        return
    }
    guard let vocabulary = try publishedVocabulary(), !prompts.isEmpty else { return }
    let ids = try golden.integers("input_ids")
    let length = ids.count / prompts.count
    try comparison.compare("input_ids", prompts.flatMap { vocabulary.row($0, length: length).ids.map { Int($0) } })
}
