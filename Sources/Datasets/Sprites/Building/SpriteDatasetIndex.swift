/// What a dataset of sprites holds: `index.json` beside its shards.
public struct SpriteDatasetIndex: Codable, Sendable, Equatable {
    /// One source of sprites.
    public struct Source: Codable, Sendable, Equatable {
        /// The Debian package.
        public var package: String
        /// Its version, where that is known.
        public var version: String?
        /// The style of its sprites.
        public var style: SpriteStyle
        public var license: String
        /// Whom the licence wants to be named; sprites of several authors carry theirs in their descriptions.
        public var attribution: String
        /// Sprites kept, of `files` found.
        public var sprites: Int
        public var files: Int
    }

    /// A file that gave no sprite.
    public struct Dropped: Codable, Sendable, Equatable {
        public var file: String
        public var reason: String
    }

    /// The longest side of a sprite, in pixels.
    public var size: Int
    public var sprites: Int
    public var heldOut: Int
    /// Sprites that were made from others by changing their colour.
    public var recoloured: Int
    public var shards: [String]
    public var sources: [Source]
    /// The packages that only gave words.
    public var words: [String: String]
    public var dropped: [Dropped]
}

extension SpriteDatasetIndex.Source {
    /// The source that `index` describes, before anything is made of it.
    init(_ source: SpriteSource, _ index: PictureFolder.Index) {
        self.init(
            package: index.package, version: index.version, style: source.style, license: index.license,
            attribution: index.attribution, sprites: 0, files: index.pictures.count)
    }
}
