import Datasets
import FlowTok
import Images
import Networks
import Sampling
import Tensors
import TextTokenizers

extension Evaluator {
    func captions(_ images: [Image], _ direction: CaptioningDefaults.Direction?) throws -> [String] {
        let model = flowtok.model
        var settings = flowtok.configuration.captioning
        settings.direction = direction ?? settings.direction
        guard let tokenizer = flowtok.textTokenizer as? SentencePieceTokenizer else { throw FlowTokError.cannotCaption(model: flowtok.configuration.name) }
        let search = try CaptionSearch(model, tokenizer, flowtok.proposals(tokenizer))
        return try images.map { try search.captions(of: $0, settings: settings) { _ in }[0].text }
    }

    /// The caption of an emoji on white: does it name it?
    func captionedSprites(_ direction: CaptioningDefaults.Direction?) throws -> [Metric] {
        let asked = chosen(cases, seed: 7)
        let found = try captions(asked.map { composer.single(emoji[$0]).image }, direction)
        let right = zip(asked, found).count { CaptionReader.names($1, sprites[emoji[$0]].description) }
        return [
            Metric(
                name: "caption of a sprite on white names it", value: share(right, of: asked.count), unit: "%",
                cases: asked.count, goal: 96)
        ]
    }

    /// The caption of an emoji that fills the frame or stands off its centre: does it name it?
    func captionedLayouts(_ direction: CaptioningDefaults.Direction?) throws -> [Metric] {
        var random = CounterRandom(seed: 13)
        let asked = chosen(cases, seed: 13)
        let pictures = asked.enumerated().map { number, index -> Image in
            let side = composer.configuration.side
            var picture = Image(width: side, height: side, filled: .white)
            let sprite = sprites[emoji[index]].image
            // By turns: 98 % of the frame, or 60 % of it with the centre up to a fifth of the side away.
            let size = number.isMultiple(of: 2) ? 0.98 : 0.6
            let shifts = (0..<2).map { _ in number.isMultiple(of: 2) ? 0 : 0.4 * Double(random.uniform()) - 0.2 }
            picture.draw(sprite, in: SceneLayout.rect(of: sprite, x: 0.5 + shifts[0], y: 0.5 + shifts[1], side: size, frame: side))
            return picture
        }
        let right = zip(asked, try captions(pictures, direction)).count { CaptionReader.names($1, sprites[emoji[$0]].description) }
        return [
            Metric(
                name: "caption of a sprite that fills the frame or stands off its centre names it", value: share(right, of: asked.count),
                unit: "%", cases: asked.count, goal: 85)
        ]
    }

    /// The caption of two emoji in a relation: does it name both, and a relation that holds?
    func captionedPairs(_ direction: CaptioningDefaults.Direction?) throws -> [Metric] {
        let asked = pairs(seed: 8)
        let scenes = asked.map { composer.pair(emoji[$0.first], emoji[$0.second], relation: $0.relation) }
        let found = try captions(scenes.map(\.image), direction)
        let right = asked.indices.count { i in
            RelationReader.holds(
                found[i], scenes[i], first: { CaptionReader.names($0, sprites[emoji[asked[i].first]].description) },
                second: { CaptionReader.names($0, sprites[emoji[asked[i].second]].description) })
        }
        return [
            Metric(
                name: "caption of two objects names both and their relation", value: share(right, of: asked.count),
                unit: "%", cases: asked.count, goal: 75)
        ]
    }
}
