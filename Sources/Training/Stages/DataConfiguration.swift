import Foundation
import Tensors

/// Where a run's samples come from: scenes composed from sprites, or a folder of captioned images.
public struct DataConfiguration: Sendable, Codable, Equatable {
    /// Scenes of one kind, and how often they come.
    public struct Part: Sendable, Codable, Equatable {
        public var weight: Double
        public var scenes: SceneConfiguration

        public init(weight: Double = 1, scenes: SceneConfiguration) {
            self.weight = weight
            self.scenes = scenes
        }
    }

    /// A folder of sprite shards, as `flowtok dataset` writes them.
    public var sprites: String?
    /// The scenes to compose from them.
    public var mixture: [Part]?
    /// A folder of images with captions beside them, or of WebDataset shards.
    public var images: String?
    public var seed: UInt64?

    public init(sprites: String, mixture: [Part] = [Part(scenes: SceneConfiguration())], seed: UInt64 = 1) {
        self.sprites = sprites
        self.mixture = mixture
        self.seed = seed
    }

    public init(images: String, seed: UInt64 = 1) {
        self.images = images
        self.seed = seed
    }

    /// The source of training samples, and that of the samples that a run shows. `side` is the pictures' side in pixels.
    ///
    /// - Throws: `TrainingError` or `DatasetError` where the data cannot be used.
    public func sources(side: Int) throws -> (training: any SampleSource, shown: any SampleSource) {
        let seed = seed ?? 1
        switch (sprites, images) {
        case (let folder?, nil):
            let sprites = try SpriteDataset(folder: URL(fileURLWithPath: folder)).sprites
            let mixture = mixture ?? [Part(scenes: SceneConfiguration())]
            return (
                try SceneSource(sprites: sprites, mixture: mixture, side: side, seed: seed),
                try SceneSource(sprites: sprites, mixture: [mixture[0]], side: side, seed: seed &+ 0x5EED)
            )
        case (nil, let folder?):
            let folder = try ShuffledImages(folder: folder, side: side, seed: seed)
            return (folder, folder)
        default:
            throw TrainingError.noData(path: "data", reason: "name either a folder of \"sprites\" or a folder of \"images\"")
        }
    }
}

/// Scenes composed from sprites.
struct SceneSource: SampleSource {
    private let composers: [SceneComposer]
    private let limits: [Double]
    private let seed: UInt64

    init(sprites: [Sprite], mixture: [DataConfiguration.Part], side: Int, seed: UInt64) throws {
        guard !mixture.isEmpty, mixture.allSatisfy({ $0.weight >= 0 && $0.weight.isFinite }) else {
            throw TrainingError.noData(path: "data.mixture", reason: "expected at least one part, of weight 0 or more")
        }
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

    func sample(_ index: UInt64) throws -> CaptionedImage {
        var random = CounterRandom(seed: seed ^ 0xD47A, stream: index)
        let draw = Double(random.uniform())
        let composer = composers[limits.firstIndex { draw < $0 } ?? composers.count - 1]
        let scene = composer.scene(Int(truncatingIfNeeded: index & UInt64(Int.max)))
        return CaptionedImage(image: scene.image, caption: scene.caption)
    }
}
