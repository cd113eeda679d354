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

    /// What sample `index` shows, without its pixels, and the composer that draws it.
    func plan(_ index: UInt64) -> (composer: SceneComposer, plan: ScenePlan) {
        var random = CounterRandom(seed: seed ^ 0xD47A, stream: index)
        let draw = Double(random.uniform())
        let composer = composers[limits.firstIndex { draw < $0 } ?? composers.count - 1]
        return (composer, composer.plan(Int(truncatingIfNeeded: index & UInt64(Int.max))))
    }

    func caption(_ index: UInt64) throws -> String { plan(index).plan.caption }

    func sample(_ index: UInt64) throws -> CaptionedImage {
        let (composer, plan) = plan(index)
        return CaptionedImage(image: composer.render(plan).image, caption: plan.caption, plainCaption: composer.plainCaption(of: plan))
    }
}
