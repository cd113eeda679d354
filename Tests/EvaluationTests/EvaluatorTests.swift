import Datasets
import Evaluation
import FlowTok
import Foundation
import Images
import ModelFolders
import Networks
import Sampling
import TestSupport
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
        #expect(measures == reported && measures.count == 17)
        for measure in measures {
            #expect(measure.goal != nil && measure.value.isFinite && measure.value >= 0)
            // Steps of a model that knows nothing may be any multiple of the pictures' own.
            #expect(measure.value <= 100 || measure.name.hasPrefix("steps") || measure.name.hasPrefix("sharpness"))
            #expect(measure.cases > 0 && measure.cases <= 4)
        }
        #expect(try evaluator.run(report: { _ in }) == measures)
    }

    @Test func stylesColoursAndEverydayPrompts() throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(at: folder) }
        var sprites: [Sprite] = []
        for (index, sprite) in ShapeSprites.sprites().prefix(4).enumerated() {
            for (key, style, recoloured) in [("", SpriteStyle.emoji, false), ("-flat", .flat, false), ("-green", .emoji, true)] {
                var copy = sprite
                copy.description.key += key
                copy.description.concept = "1f98\(index)"
                copy.description.style = style
                copy.description.recoloured = recoloured
                if recoloured { copy.description.caption = "green " + sprite.description.caption }
                sprites.append(copy)
            }
        }
        try write(sprites, to: folder)
        let list = folder.appendingPathComponent("everyday.tsv").path
        try Data("# a comment\nDraw a disc!\t1f980\n\na ring or a cross\t1f981 1f982\nnobody drew this\t1f9ff\n".utf8)
            .write(to: URL(fileURLWithPath: list))
        let evaluator = try Evaluator(try model(in: folder), sprites: folder.path, cases: 4)
        let measures = try evaluator.run([.everyday, .styles, .colours], everyday: EverydayPrompts(path: list)) { _ in }
        #expect(measures.map(\.cases) == [2, 2, 4, 4] && measures.allSatisfy { (0...100).contains($0.value) })
        #expect(measures.map { $0.name.prefix { $0 != "," } } == ["everyday prompts", "everyday prompts", "style as named", "colour as named"])
        // Without prompts there is nothing to ask.
        #expect(try evaluator.run([.everyday]) { _ in }.isEmpty)
        for (text, place) in [("a fox\n", "line 1"), ("# fine\na fox\tfox face\n", "line 2")] {
            try Data(text.utf8).write(to: URL(fileURLWithPath: list))
            let refused = refusal { try EverydayPrompts(path: list) }.text
            #expect(refused.contains(place + ": expected a prompt, a tab and code points"), "\(refused)")
        }
    }

    @Test func stepsBetweenPixels() throws {
        // Patches of 8 that are flat: all steps are across their borders.
        var flat = Image(width: 32, height: 32, filled: .white)
        for place in [(0, 0), (16, 0), (8, 8), (24, 8), (0, 16), (16, 16), (8, 24), (24, 24)] {
            flat.fill(PixelRect(x: place.0, y: place.1, width: 8, height: 8), with: .black)
        }
        var steps = PictureSteps(patch: 8)
        steps.add(flat)
        #expect(steps.seams > 1e6 && steps.mean > 0)
        // A ramp has the same step everywhere.
        var ramp = Image(width: 32, height: 32, filled: .white)
        for x in 0..<32 { ramp.fill(PixelRect(x: x, y: 0, width: 1, height: 32), with: Color(gray: UInt8(8 * x))) }
        var even = PictureSteps(patch: 8)
        even.add(ramp)
        #expect(abs(even.seams - 1) < 0.02)
        #expect(abs(even.mean - 0.5 * 8 / 255) < 1e-3)
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
        #expect(measures.count == 13)
        #expect(measures.dropFirst(3).allSatisfy { $0.cases == 0 && $0.value == 0 })
    }
}
