import Datasets
import Evaluation
import Images
import Testing
import Training

@Suite struct ThumbnailTests {
    let sprites = ShapeSprites.sprites()
    let gallery = RetrievalIndex(ShapeSprites.sprites().map(\.image))

    private func composer(side: Int = 64) throws -> SceneComposer {
        var configuration = SceneConfiguration()
        configuration.side = side
        return try SceneComposer(sprites: sprites, configuration: configuration, seed: 1)
    }

    @Test func aPerfectPictureIsTheNearest() throws {
        for side in [64, 128, 200] {
            let composer = try composer(side: side)
            for index in sprites.indices {
                #expect(gallery.rank(of: index, for: Thumbnail(composer.single(index).image)) == 0, "\(index)")
            }
        }
    }

    @Test func theContentCountsWhereverItLies() throws {
        var picture = Image(width: 90, height: 90, filled: .white)
        picture.draw(sprites[1].image, in: FloatRect(x: 3, y: 41, width: 44, height: 44))
        #expect(gallery.rank(of: 1, for: Thumbnail(picture)) == 0)
    }

    @Test func halvesOfAPairShowItsObjects() throws {
        let composer = try composer()
        for relation in SceneRelation.allCases {
            let image = composer.pair(0, 4, relation: relation).image
            for (place, index) in [0, 4].enumerated() {
                let half = SceneHalves.half(place, of: relation, width: image.width, height: image.height)
                #expect(gallery.rank(of: index, for: Thumbnail(image.cropped(to: half))) == 0, "\(relation) \(place)")
            }
        }
    }

    @Test func ranksCountWhatIsNearer() {
        let picture = Thumbnail(sprites[0].image)
        let ranks = sprites.indices.map { gallery.rank(of: $0, for: picture) }
        #expect(ranks.sorted() == Array(sprites.indices) && ranks[0] == 0)
        // Two that look alike are both the nearest.
        let twins = RetrievalIndex([sprites[0].image, sprites[0].image, sprites[2].image])
        #expect(twins.rank(of: 0, for: picture) == 0 && twins.rank(of: 1, for: picture) == 0 && twins.rank(of: 2, for: picture) == 2)
    }

    @Test func distances() {
        let (black, white) = (Image(width: 8, height: 8, filled: .black), Image(width: 8, height: 8, filled: .white))
        // An empty picture is taken whole; black over white is content.
        #expect(Thumbnail(black).squaredDistance(to: Thumbnail(white)) == Float(32 * 32 * 3))
        #expect(Thumbnail(white).squaredDistance(to: Thumbnail(white)) == 0)
    }
}
