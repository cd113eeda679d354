import Files
import Foundation
import Images

extension SpriteDescription {
    /// The key of the sprite that this one was made of.
    fileprivate var originalKey: String {
        recoloured ? String(key.dropLast(colour.map { $0.rawValue.count + 1 } ?? 0)) : key
    }
}

/// Builds a dataset of captioned sprites, as WebDataset tar shards, from openly licensed pictures that Debian packages carry.
///
/// Three sets of emoji with the names of `EmojiNames`, rendered models, and the Open Clip Art Library with the names its
/// files carry; WordNet gives other words. The same packages give the same bytes.
public struct SpriteDatasetBuilder: Sendable {
    /// How far a build has come.
    public struct Progress: Sendable, Equatable {
        /// A style, "colours" or "shards".
        public var stage: String
        public var done: Int
        public var total: Int
    }

    /// Where the packages' files are.
    public var sources: SpriteSources
    /// The longest side of a sprite, in pixels; bitmaps are never enlarged to it.
    public var size: Int
    /// The share of sprites that the tokenizer never trains on, chosen by a stable hash of the key.
    public var heldOutFraction: Double
    /// Sprites in a shard.
    public var spritesPerShard: Int

    public init(sources: SpriteSources, size: Int = 256, heldOutFraction: Double = 0.02, spritesPerShard: Int = 1000) {
        self.sources = sources
        self.size = size
        self.heldOutFraction = heldOutFraction
        self.spritesPerShard = spritesPerShard
    }

    /// Builds the dataset in `folder`: `sprites-000000.tar`, …, and `index.json`, which is written last.
    ///
    /// - Parameter progress: called from several threads; an error that it throws stops the build.
    /// - Throws: `DatasetError` where a package is missing or the folder cannot be written.
    @discardableResult
    public func build(into folder: URL, progress: @Sendable (Progress) throws -> Void = { _ in }) throws -> SpriteDatasetIndex {
        guard (16...1024).contains(size) else { throw DatasetError.badConfiguration(reason: "a sprite size of \(size); 16 to 1024 pixels were expected") }
        guard spritesPerShard > 0 else { throw DatasetError.badConfiguration(reason: "\(spritesPerShard) sprites in a shard") }
        do { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) } catch {
            throw DatasetError.unwritable(path: folder.path, reason: error.localizedDescription)
        }
        var harvests: [SpriteHarvest] = []
        // Everything that is needed is opened before anything is drawn.
        let list = try EmojiList(contentsOf: sources.emojiList)
        let wordNet = try WordNet(folder: sources.wordNetFolder)
        let cldr = try CLDRAnnotations(contentsOf: ["annotations/en.xml", "annotationsDerived/en.xml"].map(sources.cldrFolder.appendingPathComponent))
        let words = WordFamilies(wordNet: wordNet, keywordCounts: cldr.keywordCounts())
        let labels = EmojiLabels(cldr: cldr, list: list)
        let sets = SpriteSource.allCases.filter(sources.sets.contains)
        var folders: [SpriteSource: PictureFolder] = [:]
        for set in sets where set != .clipArt { folders[set] = try PictureFolder(set, in: sources.pictures) }
        for set in sets {
            let stage = set.style.rawValue
            switch (set, folders[set]) {
            case (.models, let folder?):
                harvests.append(
                    try ModelSprites(folder: folder, size: size, wordNet: wordNet, words: words).harvest {
                        try progress(Progress(stage: stage, done: $0, total: $1))
                    })
            case (_, let folder?):
                harvests.append(
                    try EmojiSprites(set: set, folder: folder, size: size, labels: labels, words: words).harvest {
                        try progress(Progress(stage: stage, done: $0, total: $1))
                    })
            case (_, nil):
                harvests.append(
                    try ClipArtSprites(sources: sources, size: size, wordNet: wordNet, words: words).harvest {
                        try progress(Progress(stage: stage, done: $0, total: $1))
                    })
            }
        }
        var sprites = harvests.flatMap(\.sprites)
        sprites += try RecolouredSprites(names: labels.names).harvest(sprites) { try progress(Progress(stage: "colours", done: $0, total: $1)) }
        // A recoloured sprite follows its original: it shows the same shape.
        for index in sprites.indices {
            sprites[index].description.heldOut = StableHash.fraction("tokenizer/" + sprites[index].description.originalKey) < heldOutFraction
        }
        let shards = try write(sprites, into: folder) { try progress(Progress(stage: "shards", done: $0, total: sprites.count)) }
        let index = SpriteDatasetIndex(
            size: size, sprites: sprites.count, heldOut: sprites.count { $0.description.heldOut },
            recoloured: sprites.count { $0.description.recoloured }, shards: shards,
            sources: harvests.map(\.source),
            words: ["unicode-cldr-core": "Unicode-DFS-2016", "unicode-data": "Unicode-DFS-2016", "wordnet-base": "WordNet-3.0"],
            dropped: harvests.flatMap(\.dropped))
        try AtomicFile.write(to: folder.appendingPathComponent("index.json").path, try Self.encoder(pretty: true).encode(index))
        return index
    }

    /// Writes the shards and removes those that an earlier, larger build left.
    private func write(_ sprites: [Sprite], into folder: URL, progress: (Int) throws -> Void) throws -> [String] {
        var names: [String] = []
        let encoder = Self.encoder(pretty: false)
        for (number, start) in stride(from: 0, to: sprites.count, by: spritesPerShard).enumerated() {
            var writer = TarWriter()
            for sprite in sprites[start..<min(start + spritesPerShard, sprites.count)] {
                let key = sprite.description.key
                try writer.append("\(key).png", Data(try sprite.image.encodedPNG()))
                try writer.append("\(key).json", try encoder.encode(sprite.description))
            }
            let digits = String(number)
            let name = "sprites-\(String(repeating: "0", count: max(0, 6 - digits.count)))\(digits).tar"
            try writer.write(to: folder.appendingPathComponent(name))
            names.append(name)
            try progress(min(start + spritesPerShard, sprites.count))
        }
        let present = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        for name in present where name.hasPrefix("sprites-") && name.hasSuffix(".tar") && !names.contains(name) {
            try? FileManager.default.removeItem(at: folder.appendingPathComponent(name))
        }
        return names
    }

    private static func encoder(pretty: Bool) -> JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = pretty ? [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes] : [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }
}
