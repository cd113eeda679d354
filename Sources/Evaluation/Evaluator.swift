import Flow
import FlowTok
import Foundation
import ImageTokenizers
import Images
import Tensors
import TextModels
import Training

/// Measures a model on named emoji, scenes and captions, with fixed seeds and the model's own settings.
public struct Evaluator: Sendable {
    private let flowtok: FlowTok
    private let sprites: [Sprite]
    private let emoji: [Int]
    private let held: [Int]
    private let composer: SceneComposer
    private let gallery: Gallery
    /// Cases of each measure.
    public let cases: Int
    private let precision: Precision

    /// - Parameters:
    ///   - folder: sprite shards, as `flowtok dataset` writes them.
    public init(_ flowtok: FlowTok, sprites folder: String, cases: Int = 300, precision: Precision = .float32) throws {
        self.flowtok = flowtok
        self.cases = cases
        self.precision = precision
        sprites = try SpriteDataset(folder: URL(fileURLWithPath: folder)).sprites
        emoji = sprites.indices.filter { [sprites] in sprites[$0].description.isEmoji }
        held = sprites.indices.filter { [sprites] in sprites[$0].description.heldOut }
        var scenes = SceneConfiguration()
        scenes.side = flowtok.configuration.imageTokenizer.imageSize
        scenes.captions = .plain
        scenes.holdout = .none
        composer = try SceneComposer(sprites: sprites, configuration: scenes, seed: 20)
        gallery = Gallery(emoji.map { [sprites] in sprites[$0].image })
    }

    /// All measures, one after the other; `report` hears of each as it is done.
    public func run(
        direction: CaptioningDefaults.Direction? = nil, report: (Measure) throws -> Void
    ) throws -> [Measure] {
        var all: [Measure] = []
        for part in [tokenizer, named, backgrounds, relations, counts] {
            let measures = try Precision.$current.withValue(precision) { try part() }
            try measures.forEach(report)
            all += measures
        }
        let captions = try Precision.$current.withValue(precision) {
            try captionedSprites(direction) + captionedPairs(direction)
        }
        try captions.forEach(report)
        return all + captions
    }

    // MARK: - Choosing cases

    /// Emoji of the training set, drawn with a seed, each at most once.
    private func chosen(_ count: Int, seed: UInt64) -> [Int] {
        var random = CounterRandom(seed: seed)
        let trained = emoji.indices.filter { !sprites[emoji[$0]].description.heldOut }
        return Array(trained.shuffled(using: &random).prefix(count))
    }

    private func share(_ right: Int, of total: Int) -> Double { total == 0 ? 0 : 100 * Double(right) / Double(total) }

    private func named(_ sprite: Sprite) -> String {
        let description = sprite.description
        return description.article.isEmpty ? description.caption : description.article + " " + description.caption
    }

    // MARK: - Drawing

    /// Pictures of prompts, picture i with seed i.
    private func drawn(_ prompts: [String]) throws -> [Image] {
        let model = flowtok.model
        let sampling = flowtok.configuration.sampling
        let guidance = Guidance(
            scale: sampling.guidance, interval: sampling.guidanceInterval[0]...sampling.guidanceInterval[1])
        var images: [Image] = []
        let size = 8
        for start in stride(from: 0, to: prompts.count, by: size) {
            let part = start..<min(prompts.count, start + size)
            let noise = Tensor.concatenated(
                part.map { index in
                    var random = CounterRandom(seed: UInt64(index))
                    return .randomNormal([1] + model.latentShape, using: &random)
                }, axis: 0)
            let ids = try part.flatMap { try flowtok.captions.encode(prompts[$0]) }
            let (tokens, hidden) = model.textTokens(ids, noise: noise)
            let latents = try model.imageTokens(
                from: tokens, integrator: FlowIntegrator(sampling.solver, steps: sampling.steps), guidance: guidance)
            images += try model.pixels(latents, guidedBy: hidden).images()
        }
        return images
    }

    /// The colour around the edge of a picture: the median of each channel.
    private func edgeColor(_ image: Image) -> Color {
        var channels: [[UInt8]] = [[], [], []]
        for i in 0..<image.width {
            for (x, y) in [(i, 0), (i, image.height - 1), (0, i), (image.width - 1, i)] {
                let color = image[x, y]
                channels[0].append(color.red)
                channels[1].append(color.green)
                channels[2].append(color.blue)
            }
        }
        let middle = channels.map { $0.sorted()[$0.count / 2] }
        return Color(red: middle[0], green: middle[1], blue: middle[2])
    }

    // MARK: - Measures

    /// How well scenes survive the tokenizer, their captions guiding the decoder.
    private func tokenizer() throws -> [Measure] {
        func psnr(_ candidates: [Int], seed: UInt64) throws -> Double {
            var random = CounterRandom(seed: seed)
            let model = flowtok.model
            var total = 0.0
            for _ in 0..<cases {
                let index = candidates[Int(random.next() % UInt64(candidates.count))]
                let backgrounds = [BackgroundColour.white] + BackgroundColour.palette
                let scene = composer.single(index, background: backgrounds[Int(random.next() % UInt64(backgrounds.count))])
                let pixels = try Tensor([scene.image], side: flowtok.imageTokenizer.imageSize)
                let hidden = model.textEncoder(try flowtok.captions.encode(scene.caption))
                let again = try model.imageTokenizer.decode(model.imageTokenizer.encode(pixels).mean, guidedBy: hidden).images()
                total += try scene.image.psnr(to: again[0])
            }
            return total / Double(cases)
        }
        let trained = sprites.indices.filter { !sprites[$0].description.heldOut }
        return [
            Measure(
                name: "PSNR of reconstructed scenes, training sprites", value: try psnr(trained, seed: 1), unit: "dB",
                cases: cases, goal: 25),
            Measure(
                name: "PSNR of reconstructed scenes, held-out sprites", value: try psnr(held, seed: 2), unit: "dB",
                cases: cases, goal: 22),
        ]
    }

    /// A named emoji is drawn: is the picture nearest to it among all emoji?
    private func named() throws -> [Measure] {
        let asked = chosen(cases, seed: 3)
        let images = try drawn(asked.map { named(sprites[emoji[$0]]) })
        let ranks = zip(asked, images).map { gallery.rank(of: $0, for: Thumbnail($1)) }
        return [
            Measure(
                name: "one named emoji, the nearest of all", value: share(ranks.count { $0 == 0 }, of: ranks.count),
                unit: "%", cases: ranks.count, goal: 60),
            Measure(
                name: "one named emoji, among the five nearest", value: share(ranks.count { $0 < 5 }, of: ranks.count),
                unit: "%", cases: ranks.count, goal: 80),
        ]
    }

    /// A background is named: is it the palette's nearest colour at the picture's edge?
    private func backgrounds() throws -> [Measure] {
        let asked = chosen(cases, seed: 4)
        let palette = BackgroundColour.palette.filter { $0.name != "white" }
        var random = CounterRandom(seed: 4)
        let colours = asked.map { index in
            var colour = palette[Int(random.next() % UInt64(palette.count))]
            while colour.name == sprites[emoji[index]].description.colour?.rawValue {
                colour = palette[Int(random.next() % UInt64(palette.count))]
            }
            return colour
        }
        let images = try drawn(
            zip(asked, colours).map { index, colour in
                composer.single(emoji[index], background: colour).caption
            })
        let all = [BackgroundColour.white] + palette
        func distance(_ a: Color, _ b: Color) -> Int {
            [(a.red, b.red), (a.green, b.green), (a.blue, b.blue)]
                .reduce(0) { $0 + (Int($1.0) - Int($1.1)) * (Int($1.0) - Int($1.1)) }
        }
        let right = zip(colours, images).count { colour, image in
            let edge = edgeColor(image)
            return all.min { distance($0.color, edge) < distance($1.color, edge) }?.name == colour.name
        }
        return [
            Measure(
                name: "background colour as named", value: share(right, of: asked.count), unit: "%", cases: asked.count,
                goal: 95)
        ]
    }

    private func pairs(seed: UInt64) -> [(first: Int, second: Int, relation: SceneRelation)] {
        var random = CounterRandom(seed: seed)
        let firsts = chosen(cases, seed: seed)
        let seconds = chosen(cases, seed: seed + 100)
        return zip(firsts, seconds).filter { $0 != $1 }.map {
            ($0, $1, SceneRelation.allCases[Int(random.next() % UInt64(SceneRelation.allCases.count))])
        }
    }

    /// Two emoji in a relation are drawn: is each half's content among the five nearest to its emoji?
    private func relations() throws -> [Measure] {
        let asked = pairs(seed: 5)
        let scenes = asked.map { composer.pair(emoji[$0.first], emoji[$0.second], relation: $0.relation) }
        let images = try drawn(scenes.map(\.caption))
        let right = asked.indices.count { i in
            let image = images[i]
            let boxes = scenes[i].plan.objects.map(\.box)
            let stacked = abs(boxes[0].y - boxes[1].y) > abs(boxes[0].x - boxes[1].x)
            return zip([asked[i].first, asked[i].second], [0, 1]).allSatisfy { index, place in
                let leading = stacked ? boxes[place].y < boxes[1 - place].y : boxes[place].x < boxes[1 - place].x
                let (halfWidth, halfHeight) = (image.width / 2, image.height / 2)
                let half = stacked
                    ? PixelRect(x: 0, y: leading ? 0 : halfHeight, width: image.width, height: halfHeight)
                    : PixelRect(x: leading ? 0 : halfWidth, y: 0, width: halfWidth, height: image.height)
                return gallery.rank(of: index, for: Thumbnail(image.cropped(to: half))) < 5
            }
        }
        return [
            Measure(
                name: "two objects in a relation, both among the five nearest", value: share(right, of: asked.count),
                unit: "%", cases: asked.count, goal: 35)
        ]
    }

    /// Several of a kind are drawn: is the picture nearest to the scene of that number, among one to four?
    private func counts() throws -> [Measure] {
        var random = CounterRandom(seed: 6)
        let asked = chosen(emoji.count, seed: 6).filter { sprites[emoji[$0]].description.plural != nil }.prefix(cases)
            .map { ($0, 2 + Int(random.next() % 3)) }
        let images = try drawn(asked.map { composer.several(emoji[$0.0], count: $0.1).caption })
        let right = try zip(asked, images).count { asked, image in
            let errors = try (1...4).map { count in
                let scene = count == 1
                    ? composer.single(emoji[asked.0]) : composer.several(emoji[asked.0], count: count)
                return try scene.image.meanSquaredError(to: image)
            }
            return errors.indices.min { errors[$0] < errors[$1] } == asked.1 - 1
        }
        return [
            Measure(
                name: "two to four of a kind, count right", value: share(right, of: asked.count), unit: "%",
                cases: asked.count, goal: 60)
        ]
    }

    // MARK: - Captions

    private func captions(_ images: [Image], _ direction: CaptioningDefaults.Direction?) throws -> [String] {
        let model = flowtok.model
        let defaults = flowtok.configuration.captioning
        return try stride(from: 0, to: images.count, by: 16).flatMap { start in
            let part = Array(images[start..<min(images.count, start + 16)])
            let latents = model.normalized(
                model.imageTokenizer.encode(try Tensor(part, side: flowtok.imageTokenizer.imageSize)).mean)
            let tokens = try model.textTokens(
                from: latents, integrator: FlowIntegrator(defaults.solver, steps: defaults.steps),
                direction: direction ?? defaults.direction)
            return try model.pieces(tokens).map { try flowtok.captions.decode($0) }
        }
    }

    /// Whether a caption names a sprite: one of its names stands in it, word for word.
    private func names(_ caption: String, _ sprite: Sprite) -> Bool {
        let text = " " + Evaluator.words(caption) + " "
        let description = sprite.description
        return ([description.caption, description.name] + description.synonyms)
            .contains { text.contains(" " + Evaluator.words($0) + " ") }
    }

    /// Lower-case letters and digits, everything else as one space.
    static func words(_ text: String) -> String {
        text.lowercased().split(whereSeparator: { !$0.isLetter && !$0.isNumber }).joined(separator: " ")
    }

    /// The caption of an emoji on white: does it name it?
    private func captionedSprites(_ direction: CaptioningDefaults.Direction?) throws -> [Measure] {
        let asked = chosen(cases, seed: 7)
        let found = try captions(asked.map { composer.single(emoji[$0]).image }, direction)
        let right = zip(asked, found).count { names($1, sprites[emoji[$0]]) }
        return [
            Measure(
                name: "caption of a sprite on white names it", value: share(right, of: asked.count), unit: "%",
                cases: asked.count, goal: 60)
        ]
    }

    /// The caption of two emoji in a relation: does it name both, and a relation that holds?
    private func captionedPairs(_ direction: CaptioningDefaults.Direction?) throws -> [Measure] {
        let asked = pairs(seed: 8)
        let scenes = asked.map { composer.pair(emoji[$0.first], emoji[$0.second], relation: $0.relation) }
        let found = try captions(scenes.map(\.image), direction)
        let right = asked.indices.count { i in
            RelationReader.holds(
                found[i], scenes[i], first: { names($0, sprites[emoji[asked[i].first]]) },
                second: { names($0, sprites[emoji[asked[i].second]]) })
        }
        return [
            Measure(
                name: "caption of two objects names both and their relation", value: share(right, of: asked.count),
                unit: "%", cases: asked.count, goal: 30)
        ]
    }
}
