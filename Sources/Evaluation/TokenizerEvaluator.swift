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
    /// group, such as "Animals & Nature/animal-mammal". `report` hears of each number as it is done.
    public func run(report: (Metric) throws -> Void) throws -> [Metric] {
        let gallery = others.map { Thumbnail($0.image) }
        let kinds = others.map { Self.kind($0.description) }
        let pictures = asked.map { sprite in
            var picture = Image(width: tokenizer.imageSize, height: tokenizer.imageSize, filled: .white)
            picture.draw(sprite.image, in: SceneLayout.rect(of: sprite.image, x: 0.5, y: 0.5, side: 0.85, frame: tokenizer.imageSize))
            return picture
        }
        let tokens = try pictures.map { try tokenizer.encode($0) }
        let chance = share(asked.map { sprite in Double(kinds.count { $0 == Self.kind(sprite.description) }) / Double(max(1, kinds.count)) })
        let shape = tokenizer.tokenizer.tokens
        return try shape.doublingCounts.flatMap { count in
            var psnr: [Double] = [], right: [Double] = []
            for (index, picture) in pictures.enumerated() {
                let part = shape.counts.count > 1 ? tokens[index].prefix(count, channels: tokenizer.codeChannels) : tokens[index]
                let again = try tokenizer.decode(part, options: options)
                psnr.append(try again.psnr(to: picture))
                let thumbnail = Thumbnail(again)
                let nearest = zip(kinds, gallery.map { thumbnail.squaredDistance(to: $0) }).min { $0.1 < $1.1 }
                right.append(nearest?.0 == Self.kind(asked[index].description) ? 1 : 0)
            }
            let from = "from \(count) \(count == 1 ? "token" : "tokens")"
            let mean = psnr.isEmpty ? 0 : psnr.reduce(0, +) / Double(psnr.count)
            let found = [
                Metric(name: "PSNR \(from)", value: mean, unit: "dB", cases: psnr.count),
                Metric(
                    name: "\(from) the kind of thing is right" + String(format: " (by chance %.1f %%)", chance), value: share(right), unit: "%",
                    cases: right.count),
            ]
            try found.forEach(report)
            return found
        }
    }

    private static func kind(_ sprite: SpriteDescription) -> String { sprite.group.isEmpty ? sprite.hypernyms.first ?? "" : sprite.group }

    /// The mean in per cent.
    private func share(_ values: [Double]) -> Double { values.isEmpty ? 0 : 100 * values.reduce(0, +) / Double(values.count) }
}
