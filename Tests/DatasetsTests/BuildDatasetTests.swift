import Datasets
import Foundation
import Images
import Synchronization
import Testing

/// Builds the real dataset where the environment names a folder: `FLOWTOK_BUILD_DATASET=/path swift test --filter BuildDataset`.
@Suite struct BuildDatasetTests {
    static let folder = ProcessInfo.processInfo.environment["FLOWTOK_BUILD_DATASET"]

    @Test(.enabled(if: folder != nil)) func buildsTheWholeDataset() throws {
        let folder = URL(fileURLWithPath: try #require(Self.folder))
        let index = try SpriteDatasetBuilder(sources: .debian()).build(into: folder)
        for source in index.sources { print("\(source.package): \(source.sprites) sprites of \(source.files) files") }
        #expect(index.sprites > 4500)
        let dataset = try SpriteDataset(folder: folder)
        #expect(dataset.sprites.count == index.sprites)
        let emoji = dataset.sprites.map(\.description).filter(\.isEmoji)
        #expect(emoji.count == 1789)
        #expect(Set(emoji.map { $0.caption.lowercased() }).count == emoji.count)
        #expect(emoji.allSatisfy { $0.caption == $0.name || $0.synonyms.contains($0.name) })
    }
}
