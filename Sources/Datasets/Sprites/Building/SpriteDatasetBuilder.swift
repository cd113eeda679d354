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
        let file = folder.path + "/" + Self.indexFile
        guard !InputFile.isThere(file) || Self.shards(listedIn: folder.path) != nil else { throw FileError.exists(path: file) }
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
        // Nothing takes the place of an earlier data set.
        guard !sprites.isEmpty else {
            let dropped = harvests.flatMap(\.dropped)
            let first = dropped.first.map { ": \($0.file): \($0.reason)" } ?? ""
            throw DatasetError.empty(path: folder.path, expected: "sprites, since none of \(dropped.count) pictures gave one\(first)")
        }
        let unfinished = try UnfinishedFolder(in: folder.path)
        let shards = try write(sprites, into: URL(fileURLWithPath: unfinished.path)) {
            try progress(Progress(stage: "shards", done: $0, total: sprites.count))
        }
        let index = SpriteDatasetIndex(
            size: size, sprites: sprites.count, heldOut: sprites.count { $0.description.heldOut },
            recoloured: sprites.count { $0.description.recoloured }, shards: shards,
            sources: harvests.map(\.source),
            words: ["unicode-cldr-core": "Unicode-DFS-2016", "unicode-data": "Unicode-DFS-2016", "wordnet-base": "WordNet-3.0"],
            dropped: harvests.flatMap(\.dropped))
        try AtomicFile.write(to: unfinished.path + "/" + Self.indexFile, try Self.encoder(pretty: true).encode(index))
        try Self.move(shards, from: unfinished.path, to: folder.path)
        return index
    }

    private static let indexFile = "index.json"

    /// The shards that the index of an earlier build lists; nil where there is no such index.
    private static func shards(listedIn folder: String) -> [String]? {
        struct Listing: Decodable { let shards: [String] }
        return (try? JSONFile.read(Listing.self, from: folder + "/" + indexFile))?.shards
    }

    /// Puts a finished build in its place, the index last, and removes the shards of an earlier one that have no successor. An
    /// archive that no index lists is somebody else's and stays.
    private static func move(_ shards: [String], from unfinished: String, to folder: String) throws {
        let earlier = Self.shards(listedIn: folder) ?? []
        for name in shards + [indexFile] { try ProtectedFiles.check(folder + "/" + name) }
        for name in shards where !earlier.contains(name) && InputFile.isThere(folder + "/" + name) {
            // A build that was killed while it did this has left what this one has made again.
            guard FileManager.default.contentsEqual(atPath: unfinished + "/" + name, andPath: folder + "/" + name) else {
                throw FileError.exists(path: folder + "/" + name)
            }
        }
        for name in earlier where !shards.contains(name) && name.hasPrefix("sprites-") && FilePath.folder(of: name).isEmpty {
            unlink(folder + "/" + name)
        }
        for name in shards + [indexFile] {
            guard rename(unfinished + "/" + name, folder + "/" + name) == 0 else {
                throw FileError.unwritable(path: folder + "/" + name, reason: systemMessage(errno))
            }
        }
    }

    /// Writes the shards.
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
        return names
    }

    private static func encoder(pretty: Bool) -> JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = pretty ? [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes] : [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }
}
