import Datasets
import Foundation
import Testing

/// Builds the real dataset where the environment names the folder of pictures and the one to write:
/// `FLOWTOK_PICTURES=/path FLOWTOK_BUILD_DATASET=/path swift test --filter BuildDataset`.
@Suite struct BuildDatasetTests {
    static let pictures = ProcessInfo.processInfo.environment["FLOWTOK_PICTURES"]
    static let folder = ProcessInfo.processInfo.environment["FLOWTOK_BUILD_DATASET"]

    @Test(.enabled(if: folder != nil && pictures != nil)) func buildsTheWholeDataset() throws {
        let folder = URL(fileURLWithPath: try #require(Self.folder))
        let pictures = URL(fileURLWithPath: try #require(Self.pictures))
        let index = try SpriteDatasetBuilder(sources: SpriteSources(pictures: pictures)).build(into: folder)
        for source in index.sources { print("\(source.style.rawValue): \(source.sprites) sprites of \(source.files) files") }
        let sprites = try SpriteDataset(folder: folder).sprites.map(\.description)
        #expect(sprites.count == index.sprites)
        let counts = Dictionary(grouping: sprites.filter { !$0.recoloured && !$0.skinTone }, by: \.style).mapValues(\.count)
        #expect(counts[.emoji, default: 0] > 1800 && counts[.flat, default: 0] > 1800 && counts[.sticker, default: 0] > 1300)
        #expect(counts[.threeD, default: 0] > 600 && counts[.clipArt, default: 0] > 3000 && index.recoloured > 750)
        for style in [SpriteStyle.emoji, .flat, .sticker] {
            let captions = sprites.filter { $0.style == style }.map { $0.caption.lowercased() }
            #expect(Set(captions).count == captions.count)
        }
        #expect(Set(sprites.map(\.key)).count == sprites.count)
    }
}
