import Images

/// Small pictures that are compared by their distance: the content cropped, 32×32 RGB over white.
package struct Thumbnail: Sendable {
    package static let side = 32
    /// All values in rows of sixteen, for speed: a rank takes a distance to every emoji.
    private let lanes: [SIMD16<Float>]

    /// The content of a picture: what differs from its background by more than `tolerance` in some channel. An empty
    /// picture is taken whole.
    package init(_ image: Image, background: Color = .white, tolerance: UInt8 = 24) {
        let bounds = image.contentBounds(background: background, tolerance: tolerance)
        self.init(whole: bounds.map { image.cropped(to: $0) } ?? image)
    }

    /// All of a picture.
    package init(whole image: Image) {
        let values = image.resized(width: Thumbnail.side, height: Thumbnail.side).planarFloats()
        lanes = stride(from: 0, to: values.count, by: 16).map { SIMD16(values[$0..<$0 + 16]) }
    }

    package init(_ sprite: RGBAImage) {
        self.init(sprite.composited(over: .white))
    }

    package func squaredDistance(to other: Thumbnail) -> Float {
        zip(lanes, other.lanes).reduce(SIMD16<Float>.zero) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.sum()
    }
}

/// All emoji as thumbnails: which one does a picture show?
package struct RetrievalIndex: Sendable {
    let thumbnails: [Thumbnail]

    package init(_ sprites: [RGBAImage]) {
        thumbnails = sprites.map { Thumbnail($0) }
    }

    /// How many others are nearer to `picture` than the nearest of `indices`; all where there is none.
    package func rank(ofNearest indices: [Int], for picture: Thumbnail) -> Int {
        let own = indices.map { picture.squaredDistance(to: thumbnails[$0]) }.min() ?? -1
        let right = Set(indices)
        return thumbnails.indices.count { !right.contains($0) && (own < 0 || picture.squaredDistance(to: thumbnails[$0]) < own) }
    }

    /// How many others are nearer to `picture` than entry `index`: 0 where it is the nearest.
    package func rank(of index: Int, for picture: Thumbnail) -> Int {
        let own = picture.squaredDistance(to: thumbnails[index])
        return thumbnails.indices.count { $0 != index && picture.squaredDistance(to: thumbnails[$0]) < own }
    }
}
