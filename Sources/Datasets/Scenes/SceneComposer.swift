import Images

/// Composes captioned scenes from sprites.
///
/// Scene k of a run is a pure function of the sprites, the configuration, the seed and k. A composer is immutable and may
/// be used from many tasks at once.
public struct SceneComposer: Sendable {
    public let sprites: [Sprite]
    public let configuration: SceneConfiguration
    public let seed: UInt64
    /// The sprites of each style that is drawn, and those of them whose plural is known.
    private let styles: [StyledSamplers]
    /// The concepts that emoji show.
    private let emojiConcepts: Set<String>
    private let relations: [(SceneRelation, Double)]
    private let captions: SceneCaptions
    private let plainCaptions = SceneCaptions(configuration: .plain)

    /// - Throws: `DatasetError.badConfiguration`, also where the configuration leaves no sprites.
    public init(sprites: [Sprite], configuration: SceneConfiguration = SceneConfiguration(), seed: UInt64) throws {
        try configuration.validate()
        self.sprites = sprites
        self.configuration = configuration
        self.seed = seed
        let side = configuration.holdout.sprites
        func sampler(_ include: (SpriteDescription) -> Bool) -> SpriteSampler {
            SpriteSampler(sprites, skinToneWeight: configuration.skinToneWeight) { side.allows(heldOut: $0.heldOut) && include($0) }
        }
        // In an order of their own, and not the dictionary's.
        styles = SpriteStyle.allCases.compactMap { style in
            guard let weight = configuration.styles[style], weight > 0 else { return nil }
            let all = sampler { $0.style == style }
            return all.isEmpty ? nil : StyledSamplers(weight: weight, all: all, countable: sampler { $0.style == style && $0.plural != nil })
        }
        emojiConcepts = Set(sprites.lazy.map(\.description).filter(\.isEmoji).compactMap(\.concept))
        // A dictionary has no order of its own; draws must not depend on it.
        relations = SceneRelation.allCases.map { ($0, configuration.relations[$0] ?? 0) }
        captions = SceneCaptions(configuration: configuration.captions)
        guard !styles.isEmpty else {
            let names = SpriteStyle.allCases.filter { configuration.styles[$0, default: 0] > 0 }.map(\.rawValue).joined(separator: ", ")
            throw DatasetError.badConfiguration(reason: names.isEmpty ? "no style has a weight" : "no sprite of a style that is asked for (\(names)) is left")
        }
        guard configuration.several == 0 || styles.contains(where: { !$0.countable.isEmpty }) else {
            throw DatasetError.badConfiguration(reason: "several of a kind, and no sprite whose plural is known")
        }
    }

    /// Scene `index` of the run.
    public func scene(_ index: Int) -> Scene {
        render(plan(index))
    }

    /// The scenes of `indices`, in order.
    public func scenes(_ indices: Range<Int>) -> [Scene] {
        indices.map(scene)
    }

    /// What scene `index` of the run shows, without its pixels: cheap enough to list a million captions.
    public func plan(_ index: Int) -> ScenePlan {
        var random = SceneRandom(seed: seed, index: UInt64(bitPattern: Int64(index)))
        var plan = draft(&random)
        // The holdouts are kept by drawing again. A tenth of the pairs is held out, so that a few draws suffice either way;
        // the bound only matters for a dataset too small to have a scene on the wanted side.
        for _ in 0..<400 where !isAllowed(plan) { plan = draft(&random) }
        plan.caption = caption(plan, captions, &random)
        return plan
    }

    private func caption(_ plan: ScenePlan, _ captions: SceneCaptions, _ random: inout SceneRandom) -> String {
        let first = description(plan, 0)
        let isShownByEmoji = plan.objects.contains { sprites[$0.sprite].description.concept.map(emojiConcepts.contains) ?? false }
        let words =
            switch plan.kind {
            case .single: captions.single(first, isShownByEmoji: isShownByEmoji, &random)
            case .pair: captions.pair(first, description(plan, 1), plan.relation ?? .and, isShownByEmoji: isShownByEmoji, &random)
            case .several: captions.several(first, count: plan.count, isShownByEmoji: isShownByEmoji, &random)
            }
        return captions.caption(words, on: plan.background, &random)
    }

    /// The one caption that can be read off the picture of `plan` alone: in the words of `CaptionConfiguration.plain`, two
    /// objects in reading order. "a to the left of b", "b to the right of a" and "a and b" draw the same, and a decoder that
    /// fills all positions at once would mix the three.
    public func plainCaption(of plan: ScenePlan) -> String {
        plainWords(for: plan.inReadingOrder)
    }

    private func plainWords(for plan: ScenePlan) -> String {
        // They have one form, so that the numbers drawn for them change nothing.
        var random = SceneRandom(seed: 0, index: 0)
        return caption(plan, plainCaptions, &random)
    }

    /// The picture of `plan`.
    public func render(_ plan: ScenePlan) -> Scene {
        var image = Image(width: configuration.side, height: configuration.side, filled: plan.background.color)
        for object in plan.objects { image.draw(sprites[object.sprite].image, in: object.box) }
        return Scene(plan: plan, image: image)
    }

    // MARK: For evaluation: canonical layouts, plain captions

    /// One sprite in the middle.
    public func single(_ sprite: Int, background: BackgroundColour = .white) -> Scene {
        plain(.single, [sprite], configuration.layout.places(count: 1), nil, background)
    }

    /// Two sprites in a relation.
    public func pair(_ first: Int, _ second: Int, relation: SceneRelation, background: BackgroundColour = .white) -> Scene {
        plain(.pair, [first, second], configuration.layout.places(relation), relation, background)
    }

    /// `count` of a sprite, 2 to 4.
    public func several(_ sprite: Int, count: Int, background: BackgroundColour = .white) -> Scene {
        precondition((2...4).contains(count), "\(count) of a kind; 2 to 4 were expected")
        return plain(.several, Array(repeating: sprite, count: count), configuration.layout.places(count: count), nil, background)
    }

    private func plain(
        _ kind: ScenePlan.Kind, _ indices: [Int], _ places: [(x: Double, y: Double, side: Double)], _ relation: SceneRelation?, _ background: BackgroundColour
    ) -> Scene {
        let objects = zip(indices, places).map { sprite, place in
            ScenePlan.Object(
                sprite: sprite, box: SceneLayout.rect(of: sprites[sprite].image, x: place.x, y: place.y, side: place.side, frame: configuration.side))
        }
        var plan = ScenePlan(kind: kind, objects: objects, relation: relation, background: background, caption: "")
        plan.caption = plainWords(for: plan)
        return render(plan)
    }

    // MARK: Drawing lots

    private func description(_ plan: ScenePlan, _ object: Int) -> SpriteDescription {
        sprites[plan.objects[object].sprite].description
    }

    /// A scene without caption, which may break the holdouts.
    private func draft(_ random: inout SceneRandom) -> ScenePlan {
        let kind = [ScenePlan.Kind.single, .pair, .several][random.index(weights: [configuration.single, configuration.pair, configuration.several])]
        // Everything in a scene is of one style.
        let style = styles[random.index(weights: styles.map { kind == .several && $0.countable.isEmpty ? 0 : $0.weight })]
        var indices: [Int] = []
        var places: [(x: Double, y: Double, side: Double)]
        var relation: SceneRelation?
        switch kind {
        case .single:
            indices = [style.all.draw(&random)]
            places = configuration.layout.places(count: 1)
        case .pair:
            indices = [style.all.draw(&random), style.all.draw(&random)]
            let drawn = relations[random.index(weights: relations.map(\.1))].0
            relation = drawn
            places = configuration.layout.places(drawn)
        case .several:
            let count = 2 + random.index(weights: configuration.counts)
            indices = Array(repeating: style.countable.draw(&random), count: count)
            places = configuration.layout.places(count: count)
        }
        let isColoured = random.chance(configuration.backgroundProbability)
        let colour = random.below(configuration.palette.count)
        let background = isColoured && !configuration.palette.isEmpty ? configuration.palette[colour] : .white
        let objects = zip(indices, places).map { index, place in
            let dx = random.signed() * configuration.layout.positionJitter
            let dy = random.signed() * configuration.layout.positionJitter
            let scale = 1 + random.signed() * configuration.layout.sizeJitter
            return ScenePlan.Object(
                sprite: index,
                box: SceneLayout.rect(of: sprites[index].image, x: place.x + dx, y: place.y + dy, side: place.side * scale, frame: configuration.side))
        }
        return ScenePlan(kind: kind, objects: objects, relation: relation, background: background, caption: "")
    }

    private func isAllowed(_ plan: ScenePlan) -> Bool {
        let holdout = configuration.holdout
        let first = description(plan, 0)
        if plan.kind == .pair {
            let second = description(plan, 1)
            // "a fox to the left of a fox" is two of a kind.
            if first.caption.lowercased() == second.caption.lowercased() { return false }
            if !holdout.pairs.allows(heldOut: holdout.isHeldOut(pair: first.caption, second.caption)) { return false }
        }
        let descriptions = plan.kind == .pair ? [first, description(plan, 1)] : [first]
        let background = plan.background.name
        if !configuration.allowsSameColour, background != "white", descriptions.contains(where: { $0.colour?.rawValue == background }) { return false }
        switch holdout.backgrounds {
        case .all: return true
        case .excludeHeldOut: return !descriptions.contains { holdout.isHeldOut($0.caption, on: background) }
        case .onlyHeldOut: return descriptions.contains { holdout.isHeldOut($0.caption, on: background) }
        }
    }
}

/// The sprites of a style.
private struct StyledSamplers: Sendable {
    var weight: Double
    var all: SpriteSampler
    var countable: SpriteSampler
}
