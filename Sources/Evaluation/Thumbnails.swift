import Images

/// Small pictures that are compared by their distance: the content cropped, 32×32 RGB over white.
struct Thumbnail: Sendable {
    static let side = 32
    let values: [Float]

    /// The content of a picture: what differs from its background by more than `tolerance` in some channel. An empty
    /// picture is taken whole.
    init(_ image: Image, background: Color = .white, tolerance: UInt8 = 24) {
        let bounds = image.contentBounds(background: background, tolerance: tolerance)
        let content = bounds.map { image.cropped(to: $0) } ?? image
        values = content.resized(width: Thumbnail.side, height: Thumbnail.side).planarFloats()
    }

    init(_ sprite: RGBAImage) {
        self.init(sprite.composited(over: .white))
    }

    func squaredDistance(to other: Thumbnail) -> Float {
        zip(values, other.values).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    }
}

/// All emoji as thumbnails: which one does a picture show?
struct Gallery: Sendable {
    let thumbnails: [Thumbnail]

    init(_ sprites: [RGBAImage]) {
        thumbnails = sprites.map { Thumbnail($0) }
    }

    /// How many others are nearer to `picture` than entry `index`: 0 where it is the nearest.
    func rank(of index: Int, for picture: Thumbnail) -> Int {
        let own = picture.squaredDistance(to: thumbnails[index])
        return thumbnails.indices.count { $0 != index && picture.squaredDistance(to: thumbnails[$0]) < own }
    }
}
