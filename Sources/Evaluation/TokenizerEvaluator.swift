import Datasets
import FlowTok
import Foundation
import Images
import Networks
import Tensors

/// Measures an image tokenizer by itself: what comes back of pictures that it has not learnt, and, where any number of tokens
/// decodes, of 1, 2, 4, … of them.
public struct TokenizerEvaluator: Sendable {
    private let tokenizer: AnyImageTokenizer
    private let options: DecodeOptions
    /// The drawings that are asked for, and those that what comes back is compared with, which are others.
    private let asked: [Sprite]
    private let others: [Sprite]

    /// - Parameters:
    ///   - folder: sprite shards, as `flowtok dataset` writes them. Sprites that are held out are asked for, where there are some.
    ///   - options: how the decoder draws.
    public init(_ tokenizer: AnyImageTokenizer, sprites folder: String, cases: Int, options: DecodeOptions = DecodeOptions()) throws {
        self.tokenizer = tokenizer
        self.options = options
        let emoji = try SpriteDataset(folder: URL(fileURLWithPath: folder)).sprites.filter { $0.description.isEmoji && !$0.description.skinTone }
        let held = emoji.filter(\.description.heldOut)
        var random = CounterRandom(seed: 15)
        asked = Array((held.isEmpty ? emoji : held).shuffled(using: &random).prefix(cases))
        let keys = Set(asked.map(\.description.key))
        others = emoji.filter { !keys.contains($0.description.key) }
    }

    /// For every number of tokens the mean PSNR, and how often the nearest of the other drawings is of the picture's own kind: its
    /// group, such as "Animals & Nature/animal-mammal". Drawings lie alike in their frames, and are compared as they lie: little of
    /// a picture from few tokens stands out from its background. First comes how often that is so of the pictures themselves, than
    /// which no tokens do better. `report` hears of each number as it is done.
    public func run(report: (Metric) throws -> Void) throws -> [Metric] {
        let side = tokenizer.imageSize
        func framed(_ sprite: Sprite) -> Image {
            var picture = Image(width: side, height: side, filled: .white)
            picture.draw(sprite.image, in: SceneLayout.rect(of: sprite.image, x: 0.5, y: 0.5, side: 0.85, frame: side))
            return picture
        }
        let gallery = others.map { Thumbnail(whole: framed($0)) }
        let kinds = others.map { Self.kind($0.description) }
        func isRight(_ picture: Image, as index: Int) -> Double {
            let thumbnail = Thumbnail(whole: picture)
            let nearest = zip(kinds, gallery.map { thumbnail.squaredDistance(to: $0) }).min { $0.1 < $1.1 }
            return nearest?.0 == Self.kind(asked[index].description) ? 1 : 0
        }
        let pictures = asked.map(framed)
        let tokens = try pictures.map { try tokenizer.encode($0) }
        let chance = share(asked.map { sprite in Double(kinds.count { $0 == Self.kind(sprite.description) }) / Double(max(1, kinds.count)) })
        func metric(_ right: [Double], _ from: String) -> Metric {
            Metric(
                name: "\(from) the kind of thing is right" + String(format: " (by chance %.1f %%)", chance), value: share(right), unit: "%",
                cases: right.count)
        }
        let best = metric(pictures.indices.map { isRight(pictures[$0], as: $0) }, "from the picture itself")
        try report(best)
        let shape = tokenizer.tokenizer.tokens
        return try [best]
            + shape.doublingCounts.flatMap { count in
                var psnr: [Double] = [], right: [Double] = []
                for (index, picture) in pictures.enumerated() {
                    let part = shape.counts.count > 1 ? tokens[index].prefix(count, channels: tokenizer.codeChannels) : tokens[index]
                    let again = try tokenizer.decode(part, options: options)
                    psnr.append(try again.psnr(to: picture))
                    right.append(isRight(again, as: index))
                }
                let from = "from \(count) \(count == 1 ? "token" : "tokens")"
                let mean = psnr.isEmpty ? 0 : psnr.reduce(0, +) / Double(psnr.count)
                let found = [Metric(name: "PSNR \(from)", value: mean, unit: "dB", cases: psnr.count), metric(right, from)]
                try found.forEach(report)
                return found
            }
    }

    private static func kind(_ sprite: SpriteDescription) -> String { sprite.group.isEmpty ? sprite.hypernyms.first ?? "" : sprite.group }

    /// The mean in per cent.
    private func share(_ values: [Double]) -> Double { values.isEmpty ? 0 : 100 * values.reduce(0, +) / Double(values.count) }
}
