import Datasets
import FlowTok
import Images
import Networks
import Sampling
import Tensors
import TextTokenizers

extension Evaluator {
    /// Pictures of prompts, picture i with seed i.
    func drawn(_ prompts: [String]) throws -> [Image] {
        let model = flowtok.model
        let settings = FlowSettings(flowtok.configuration.sampling)
        var images: [Image] = []
        let size = 8
        for start in stride(from: 0, to: prompts.count, by: size) {
            let part = start..<min(prompts.count, start + size)
            let noise = Tensor.concatenated(
                part.map { index in
                    var random = CounterRandom(seed: UInt64(index))
                    return .randomNormal([1] + model.latentShape, using: &random)
                }, axis: 0)
            let ids = try part.flatMap { try flowtok.textTokenizer.encode(prompt: prompts[$0]) }
            images += try model.draw(ids, noise: noise, settings: settings).images()
        }
        return images
    }

    /// A named emoji is drawn: is the picture nearest to it among all emoji?
    func named() throws -> [Metric] {
        let asked = chosen(cases, seed: 3)
        let images = try drawn(asked.map { composer.single(emoji[$0]).caption })
        let ranks = zip(asked, images).map { gallery.rank(of: $0, for: Thumbnail($1)) }
        return [
            Metric(
                name: "one named emoji, the nearest of all", value: share(ranks.count { $0 == 0 }, of: ranks.count),
                unit: "%", cases: ranks.count, goal: 92),
            Metric(
                name: "one named emoji, among the five nearest", value: share(ranks.count { $0 < 5 }, of: ranks.count),
                unit: "%", cases: ranks.count, goal: 98),
        ]
    }

    /// A background is named: is it the palette's nearest colour at the picture's edge?
    func backgrounds() throws -> [Metric] {
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
        let right = zip(colours, images).count { colour, image in
            BackgroundReader.background(of: image).name == colour.name
        }
        return [
            Metric(
                name: "background colour as named", value: share(right, of: asked.count), unit: "%", cases: asked.count,
                goal: 99)
        ]
    }

    /// Pairs of emoji of the training set, and how they stand.
    func pairs(seed: UInt64) -> [(first: Int, second: Int, relation: SceneRelation)] {
        var random = CounterRandom(seed: seed)
        let firsts = chosen(cases, seed: seed)
        let seconds = chosen(cases, seed: seed + 100)
        return zip(firsts, seconds).filter { $0 != $1 }.map {
            ($0, $1, SceneRelation.allCases[Int(random.next() % UInt64(SceneRelation.allCases.count))])
        }
    }

    /// Two emoji in a relation are drawn: is each half's content among the five nearest to its emoji?
    func relations() throws -> [Metric] {
        let asked = pairs(seed: 5)
        let scenes = asked.map { composer.pair(emoji[$0.first], emoji[$0.second], relation: $0.relation) }
        let images = try drawn(scenes.map(\.caption))
        let right = asked.indices.count { i in
            let image = images[i]
            return [asked[i].first, asked[i].second].enumerated().allSatisfy { place, index in
                let half = SceneHalves.half(
                    place, of: asked[i].relation, width: image.width, height: image.height)
                return gallery.rank(of: index, for: Thumbnail(image.cropped(to: half))) < 5
            }
        }
        return [
            Metric(
                name: "two objects in a relation, both among the five nearest", value: share(right, of: asked.count),
                unit: "%", cases: asked.count, goal: 85)
        ]
    }

    /// Several of a kind are drawn: is the picture nearest to the scene of that number, among one to four?
    func counts() throws -> [Metric] {
        var random = CounterRandom(seed: 6)
        let asked = chosen(emoji.count, seed: 6).filter { sprites[emoji[$0]].description.plural != nil }.prefix(cases)
            .map { ($0, 2 + Int(random.next() % 3)) }
        let images = try drawn(asked.map { composer.several(emoji[$0.0], count: $0.1).caption })
        let right = try zip(asked, images).count { asked, image in
            let errors = try (1...4).map { count in
                let scene =
                    count == 1
                    ? composer.single(emoji[asked.0]) : composer.several(emoji[asked.0], count: count)
                return try scene.image.meanSquaredError(to: image)
            }
            return errors.indices.min { errors[$0] < errors[$1] } == asked.1 - 1
        }
        return [
            Metric(
                name: "two to four of a kind, count right", value: share(right, of: asked.count), unit: "%",
                cases: asked.count, goal: 99)
        ]
    }
}
