import Foundation
import Vocabularies

/// What the parity tests of the CLIP tokenizer need from outside the package.
enum CLIPReference {
    /// The published merges: the path in `FLOWTOK_CLIP_VOCABULARY`.
    static let vocabularyPath = ProcessInfo.processInfo.environment["FLOWTOK_CLIP_VOCABULARY"]

    /// The goldens, in the folder `FLOWTOK_REFERENCE` or `../shared/reference` beside the package.
    static let goldenPath: String = {
        let folder: URL
        if let path = ProcessInfo.processInfo.environment["FLOWTOK_REFERENCE"] {
            folder = URL(fileURLWithPath: path)
        } else {
            folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
                .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("shared/reference")
        }
        return folder.appendingPathComponent("flowtok/clip_tokenizer.json").path
    }()

    static let isAvailable = vocabularyPath != nil && FileManager.default.fileExists(atPath: goldenPath)
    static let absence = "needs FLOWTOK_CLIP_VOCABULARY (a bpe_simple_vocab_16e6.txt.gz) and the reference folder"

    struct Goldens: Decodable {
        struct Row: Decodable {
            let prompt: String
            let needs: [String]
            let ids: [Int32]
        }
        let rows: [Row]
    }

    static func goldens() throws -> Goldens {
        try JSONDecoder().decode(Goldens.self, from: Data(contentsOf: URL(fileURLWithPath: goldenPath)))
    }
}
