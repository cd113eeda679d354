import Tensors

/// Scenes composed from sprites, in a mixture of several kinds.
struct SceneSource: SampleSource {
    private let composers: [SceneComposer]
    private let limits: [Double]
    private let seed: UInt64

    /// - Throws: `DatasetError.badConfiguration`.
    init(sprites: [Sprite], mixture: [DataConfiguration.Part], side: Int, seed: UInt64) throws {
        composers = try mixture.map { part in
            var scenes = part.scenes
            scenes.side = side
            return try SceneComposer(sprites: sprites, configuration: scenes, seed: seed)
        }
        let total = mixture.reduce(0) { $0 + $1.weight }
        var sum = 0.0
        limits = mixture.map { part in
            sum += part.weight
            return sum / total
        }
        self.seed = seed
    }

    func sample(_ index: UInt64) throws -> CaptionedImage {
        var random = CounterRandom(seed: seed ^ 0xD47A, stream: index)
        let draw = Double(random.uniform())
        let composer = composers[limits.firstIndex { draw < $0 } ?? composers.count - 1]
        let scene = composer.scene(Int(truncatingIfNeeded: index & UInt64(Int.max)))
        return CaptionedImage(
            image: scene.image, caption: scene.caption, plainCaption: composer.plainCaption(of: scene.plan))
    }
}
