import FlowTok
import Foundation
import Layers
import ModelFolders
import Networks
import Sampling
import Tensors
import TextTokenizers

/// A model that is small enough to be made and run in no time: it has learned nothing, and its pictures differ.
package enum TinyModel {
    /// The folder, made once for all tests.
    package static func path() throws -> String { try made.get() }

    private static let made = Result {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("flowtok-tiny-model-\(ProcessInfo.processInfo.processIdentifier)").path
        let vocabulary = try TinyModel.vocabulary()
        let recorder = WeightRecorder(LivelyWeights())
        let configuration = TinyModel.configuration(pieces: vocabulary.count)
        _ = FlowTokModel(configuration, weights: Weights(recorder))
        try ModelFolder.write(configuration, weights: recorder.parameters, vocabulary: vocabulary, to: folder)
        return folder
    }

    package static let tokens = 16

    package static func configuration(pieces: Int) -> FlowTokConfiguration {
        let text = TextTransformerConfiguration(
            vocabularySize: pieces, contextLength: tokens, width: 32, layers: 1, heads: 2)
        return FlowTokConfiguration(
            name: "tiny, for tests",
            imageTokenizer: FlowTiTokConfiguration(
                imageSize: 32, patchSize: 8, latentTokens: tokens, tokenSize: 4, textContextLength: tokens,
                textEmbeddingWidth: 32, encoder: TransformerShape(width: 32, layers: 1, heads: 2),
                decoder: TransformerShape(width: 32, layers: 1, heads: 2)),
            textEncoder: text,
            textVariationalEncoder: TextVariationalConfiguration(width: 32, layers: 1, heads: 2, hidden: 64, channels: 4),
            textDecoder: text,
            velocity: VelocityConfiguration(depth: 1, width: 32, heads: 2, tokens: tokens, channels: 4, indicators: 3),
            latents: LatentStatistics(mean: [0, 0, 0, 0], std: [1, 1, 1, 1]),
            sampling: SamplingDefaults(solver: .euler, steps: 4, guidance: 2))
    }

    package static func vocabulary() throws -> SentencePieceVocabulary {
        var options = SentencePieceVocabulary.TrainingOptions()
        options.vocabularySize = 330
        let captions = ["red", "blue", "green", "small"].flatMap { colour in
            ["fox", "house", "tree", "boat", "cat"].flatMap { thing in
                ["on a hill", "near the water", "at night"].map { "a \(colour) \(thing) \($0)" }
            }
        }
        return try SentencePieceVocabulary(
            modelBytes: SentencePieceVocabulary.train(sentences: captions, options: options))
    }
}

/// Weights none of which are zero. A fresh model draws grey only.
package final class LivelyWeights: WeightSource {
    private let seed: UInt64

    package init(seed: UInt64 = 5) { self.seed = seed }

    package func contains(_ name: String) -> Bool { true }

    package func tensor(named name: String, shape: [Int], initial: Initializer) -> Tensor {
        var random = CounterRandom(seed: seed, stream: stableHash(name))
        let spread = shape.count > 1 ? 0.7 / Float(shape.dropFirst().reduce(1, *)).squareRoot() : 0.1
        let noise = Tensor.randomNormal(shape, using: &random) * (shape.count == 1 ? 0.1 : spread * 2)
        if case .ones = initial { return noise + 1 }
        return noise
    }
}
