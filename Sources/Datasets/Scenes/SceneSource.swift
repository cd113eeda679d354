import Tensors

/// Scenes composed from sprites, in a mixture of several kinds.
struct SceneSource: SampleSource {
    private let composers: [SceneComposer]
    private let limits: [Double]
    private let seed: UInt64
    /// The class of every sprite; nil where samples have no class.
    private let labels: [String]?

    /// - Throws: `DatasetError.badConfiguration`.
    init(sprites: [Sprite], labels: [String]? = nil, mixture: [DataConfiguration.Part], side: Int, seed: UInt64) throws {
        self.labels = labels
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

    /// That of the thing that the caption names first.
    func label(_ index: UInt64) -> String? { labels.flatMap { labels in plan(index).plan.objects.first.map { labels[$0.sprite] } } }

    func caption(_ index: UInt64) throws -> String { plan(index).plan.caption }

    func sample(_ index: UInt64) throws -> CaptionedImage {
        let (composer, plan) = plan(index)
        return CaptionedImage(image: composer.render(plan).image, caption: plan.caption, plainCaption: composer.plainCaption(of: plan))
    }
}
