import Datasets
import FlowTok
import Foundation
import Images
import Networks
import Sampling
import Tensors

/// Measures a model on named emoji, scenes and captions, with fixed seeds and the model's own settings.
public struct Evaluator: Sendable {
    let flowtok: FlowTok
    /// All sprites; the next two are indices into them. Skin tones are of the same emoji, and have a measure of their own.
    let sprites: [Sprite]
    let emoji: [Int]
    let held: [Int]
    let composer: SceneComposer
    let gallery: RetrievalIndex
    /// Cases of each measure.
    public let cases: Int

    /// - Parameters:
    ///   - folder: sprite shards, as `flowtok dataset` writes them.
    public init(_ flowtok: FlowTok, sprites folder: String, cases: Int = 300) throws {
        self.flowtok = flowtok
        self.cases = cases
        sprites = try SpriteDataset(folder: URL(fileURLWithPath: folder)).sprites
        emoji = sprites.indices.filter { [sprites] in sprites[$0].description.isEmoji && !sprites[$0].description.skinTone }
        held = sprites.indices.filter { [sprites] in sprites[$0].description.heldOut }
        var scenes = SceneConfiguration()
        scenes.side = flowtok.configuration.imageTokenizer.imageSize
        scenes.captions = .plain
        // Nothing is drawn by lot: every scene is asked for.
        scenes.pair = 0
        scenes.several = 0
        scenes.holdout = .none
        composer = try SceneComposer(sprites: sprites, configuration: scenes, seed: 20)
        gallery = RetrievalIndex(emoji.map { [sprites] in sprites[$0].image })
    }

    /// What can be measured by itself.
    public enum Part: String, Sendable, CaseIterable {
        case tokenizer, named, phrasings, everyday, styles, colours
        case skinTones = "skin-tones"
        case backgrounds, relations, counts, captions
        case roundTrip = "round-trip"
        case precision
    }

    /// The measures of `parts`, one after the other; `report` hears of each as it is done.
    ///
    /// - Parameter everyday: the prompts of `everyday`, which is left out without them.
    public func run(
        _ parts: [Part] = Part.allCases, everyday prompts: EverydayPrompts? = nil, direction: CaptioningDefaults.Direction? = nil,
        report: (Metric) throws -> Void
    ) throws -> [Metric] {
        try parts.flatMap { part in
            let measures = try Precision.$current.withValue(flowtok.precision) {
                switch part {
                case .tokenizer: try tokenizer()
                case .named: try named()
                case .phrasings: try phrasings()
                case .everyday: try prompts.map { try everyday($0) } ?? []
                case .styles: try styles()
                case .colours: try colours()
                case .skinTones: try skinTones()
                case .backgrounds: try backgrounds()
                case .relations: try relations()
                case .counts: try counts()
                case .captions: try captionedSprites(direction) + captionedLayouts(direction) + captionedPairs(direction)
                case .roundTrip: try roundTrip()
                case .precision: try precisions()
                }
            }
            try measures.forEach(report)
            return measures
        }
    }

    // MARK: - Choosing cases

    /// Emoji of the training set, drawn with a seed, each at most once.
    func chosen(_ count: Int, seed: UInt64) -> [Int] {
        var random = CounterRandom(seed: seed)
        let trained = emoji.indices.filter { !sprites[emoji[$0]].description.heldOut }
        return Array(trained.shuffled(using: &random).prefix(count))
    }

    /// A share in per cent.
    func share(_ right: Int, of total: Int) -> Double { total == 0 ? 0 : 100 * Double(right) / Double(total) }
}
