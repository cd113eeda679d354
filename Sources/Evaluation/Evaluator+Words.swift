import Datasets
import Images
import Tensors
import TextTokenizers

extension Evaluator {
    /// What people put around a name.
    private static let phrasings: [@Sendable (SpriteDescription) -> String] = [
        { $0.withArticle }, { $0.caption }, { "a picture of \($0.withArticle)" }, { "please draw \($0.withArticle)" },
        { $0.withArticle.prefix(1).uppercased() + $0.withArticle.dropFirst() + "." }, { "\($0.withArticle), emoji" },
    ]

    /// Named emoji, asked for in six phrasings by turns: is the picture nearest to it among all emoji?
    func phrasings() throws -> [Metric] {
        let asked = chosen(cases, seed: 9)
        let prompts = asked.enumerated().map { Self.phrasings[$0 % Self.phrasings.count](sprites[emoji[$1]].description) }
        let ranks = zip(asked, try drawn(prompts)).map { gallery.rank(of: $0, for: Thumbnail($1)) }
        return ranked("named emoji in six phrasings", ranks, goals: (92, 98))
    }

    /// Everyday prompts: is the picture nearest to one of the emoji that show what is asked for?
    func everyday(_ prompts: EverydayPrompts) throws -> [Metric] {
        let concepts = Dictionary(grouping: emoji.indices) { sprites[emoji[$0]].description.concept }
        // What the data set has no drawing of cannot be asked for.
        let asked = prompts.entries.compactMap { entry -> (prompt: String, right: [Int])? in
            let right = entry.concepts.flatMap { concepts[$0] ?? [] }
            return right.isEmpty ? nil : (entry.prompt, right)
        }.prefix(cases)
        let ranks = zip(asked, try drawn(asked.map(\.prompt))).map { asked, image in
            gallery.rank(ofNearest: asked.right, for: Thumbnail(image))
        }
        return ranked("everyday prompts", ranks, goals: (85, 95))
    }

    /// A style is named: of the concept's drawings in all styles, is the picture nearest to that of the style?
    func styles() throws -> [Metric] {
        let drawings = sprites.indices.filter {
            sprites[$0].description.concept != nil && !sprites[$0].description.recoloured && !sprites[$0].description.skinTone
        }
        let concepts = Dictionary(grouping: drawings) { sprites[$0].description.concept ?? "" }
            .filter { entry in Set(entry.value.map { sprites[$0].description.style }).count > 1 }
        let asked = choice(of: concepts.values.joined().filter { !sprites[$0].description.heldOut }, seed: 10)
        let images = try drawn(asked.map { "\(sprites[$0].description.withArticle), \(sprites[$0].description.style.rawValue)" })
        let right = zip(asked, images).count { index, image in
            let drawings = concepts[sprites[index].description.concept ?? ""] ?? []
            return nearest(drawings, to: image).map { sprites[$0].description.style } == sprites[index].description.style
        }
        return shares("style as named", right, of: asked.count, goal: 90)
    }

    /// A colour is named that the thing has not of itself: of its drawings in all colours, is the picture nearest to that one?
    func colours() throws -> [Metric] {
        let drawings = sprites.indices.filter { sprites[$0].description.style == .emoji && !sprites[$0].description.skinTone }
        let concepts = Dictionary(grouping: drawings) { sprites[$0].description.concept ?? "" }
        let asked = choice(of: drawings.filter { sprites[$0].description.recoloured && !sprites[$0].description.heldOut }, seed: 11)
        let right = zip(asked, try drawn(asked.map { sprites[$0].description.withArticle })).count { index, image in
            nearest(concepts[sprites[index].description.concept ?? ""] ?? [], to: image) == index
        }
        return shares("colour as named", right, of: asked.count, goal: 90)
    }

    /// A skin tone is named: of the emoji's drawings in all tones, and without one, is the picture nearest to that one?
    func skinTones() throws -> [Metric] {
        let drawings = sprites.indices.filter { sprites[$0].description.isEmoji }
        let people = Dictionary(grouping: drawings) { SkinTone.removed(from: sprites[$0].description.concept ?? "") }
        let asked = choice(of: drawings.filter { sprites[$0].description.skinTone && !sprites[$0].description.heldOut }, seed: 14)
        let right = zip(asked, try drawn(asked.map { sprites[$0].description.withArticle })).count { index, image in
            nearest(people[SkinTone.removed(from: sprites[index].description.concept ?? "")] ?? [], to: image) == index
        }
        return shares("skin tone as named", right, of: asked.count, goal: 80)
    }

    /// What was drawn of a name, captioned: does the caption name what was asked for?
    func roundTrip() throws -> [Metric] {
        let asked = chosen(cases, seed: 12)
        let found = try captions(drawn(asked.map { sprites[emoji[$0]].description.withArticle }), nil)
        let right = zip(asked, found).count { CaptionReader.names($1, sprites[emoji[$0]].description) }
        return shares("the caption of a drawn picture names what was asked", right, of: asked.count, goal: 92)
    }

    // MARK: - Figures

    /// Some of `candidates`, drawn with a seed, each at most once, from one order whatever theirs is.
    private func choice(of candidates: [Int], seed: UInt64) -> [Int] {
        var random = CounterRandom(seed: seed)
        return Array(candidates.sorted().shuffled(using: &random).prefix(cases))
    }

    private func nearest(_ candidates: [Int], to image: Image) -> Int? {
        let picture = Thumbnail(image)
        return candidates.map { ($0, picture.squaredDistance(to: Thumbnail(sprites[$0].image))) }.min { $0.1 < $1.1 }?.0
    }

    private func ranked(_ name: String, _ ranks: [Int], goals: (first: Double, five: Double)) -> [Metric] {
        shares("\(name), the nearest of all", ranks.count { $0 == 0 }, of: ranks.count, goal: goals.first)
            + shares("\(name), among the five nearest", ranks.count { $0 < 5 }, of: ranks.count, goal: goals.five)
    }

    /// No figure of no cases: a data set of one's own may have no styles and colours.
    private func shares(_ name: String, _ right: Int, of total: Int, goal: Double) -> [Metric] {
        total == 0 ? [] : [Metric(name: name, value: share(right, of: total), unit: "%", cases: total, goal: goal)]
    }
}

extension SpriteDescription {
    /// "a fox", "scissors", "the flag of Japan".
    fileprivate var withArticle: String { article.isEmpty ? caption : "\(article) \(caption)" }
}
