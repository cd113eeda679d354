import Datasets
import Evaluation
import FlowTok
import Foundation
import Images
import ModelFolders
import Networks
import Sampling
import Testing
import TextTokenizers
import Training

/// All measures, over a model that has learned nothing.
@Suite struct EvaluatorTests {
    private func folder() throws -> URL {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("flowtok-evaluation-\(UInt64.random(in: 0 ... .max))")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        return url
    }

    private func write(_ sprites: [Sprite], to folder: URL) throws {
        var shard = TarWriter()
        for sprite in sprites {
            try shard.append(sprite.description.key + ".png", Data(try sprite.image.encodedPNG()))
            try shard.append(sprite.description.key + ".json", try JSONEncoder().encode(sprite.description))
        }
        try shard.write(to: folder.appendingPathComponent("sprites.tar"))
    }

    private func model(in folder: URL) throws -> FlowTok {
        var options = SentencePieceVocabulary.TrainingOptions()
        options.vocabularySize = 300
        let vocabulary = try SentencePieceVocabulary(
            modelBytes: SentencePieceVocabulary.train(sentences: ShapeSprites.names.map { "a \($0) on blue" }, options: options))
        let tower = TextTransformerConfiguration(vocabularySize: vocabulary.count, contextLength: 4, width: 32, layers: 1, heads: 2)
        let shape = TransformerShape(width: 32, layers: 1, heads: 2)
        let configuration = FlowTokConfiguration(
            name: "tiny",
            imageTokenizer: FlowTiTokConfiguration(
                imageSize: 32, patchSize: 8, latentTokens: 4, tokenSize: 4, textContextLength: 4, textEmbeddingWidth: 32,
                encoder: shape, decoder: shape),
            textEncoder: tower,
            textVariationalEncoder: TextVariationalConfiguration(width: 32, layers: 1, heads: 2, hidden: 64, channels: 4),
            textDecoder: tower,
            velocity: VelocityConfiguration(depth: 1, width: 32, heads: 2, tokens: 4, channels: 4, indicators: 3),
            latents: LatentStatistics(mean: [0, 0, 0, 0], std: [1, 1, 1, 1]),
            sampling: SamplingDefaults(steps: 2), captioning: CaptioningDefaults(steps: 2))
        let path = folder.appendingPathComponent("model").path
        try ModelFolder.writeFresh(configuration, seed: 1, vocabulary: vocabulary, to: path)
        return try FlowTok(model: path)
    }

    @Test func everyMeasureIsTaken() throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(at: folder) }
        try write(ShapeSprites.sprites(), to: folder)
        let evaluator = try Evaluator(try model(in: folder), sprites: folder.path, cases: 4)
        var reported: [Metric] = []
        let measures = try evaluator.run { reported.append($0) }
        #expect(measures == reported && measures.count == 11)
        for measure in measures {
            #expect(measure.goal != nil && measure.value.isFinite && (0...100).contains(measure.value))
            #expect(measure.cases > 0 && measure.cases <= 4)
        }
        #expect(try evaluator.run(report: { _ in }) == measures)
    }

    @Test func datasetsWithoutHeldOutSpritesOrEmoji() throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let sprites = ShapeSprites.sprites().prefix(2).map { sprite in
            var sprite = sprite
            sprite.description.style = .clipArt
            sprite.description.plural = nil
            return sprite
        }
        try write(sprites, to: folder)
        let measures = try Evaluator(try model(in: folder), sprites: folder.path, cases: 2).run { _ in }
        #expect(measures.count == 10)
        #expect(measures.dropFirst().allSatisfy { $0.cases == 0 && $0.value == 0 })
    }
}
