/// What a dataset of sprites holds: `index.json` beside its shards.
public struct SpriteDatasetIndex: Codable, Sendable, Equatable {
    /// One source of sprites.
    public struct Source: Codable, Sendable, Equatable {
        /// The Debian package.
        public var package: String
        public var licence: String
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
    public var shards: [String]
    public var sources: [Source]
    /// The packages that only gave words.
    public var words: [String: String]
    public var dropped: [Dropped]
}
