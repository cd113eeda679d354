import Checkpoints
import Foundation
import Layers
import ModelFolders
import Networks
import Tensors

/// Image tokenizers, generators and a CLIP that are small enough to be made and run in no time, as the files that users
/// have: they have learned nothing, and their pictures differ.
package enum TinyFamilies {
    private static let shape = TransformerShape(width: 64, layers: 1, heads: 1)

    /// A TiTok of 32 pixels, with so many codes.
    package static func tiTok(
        _ kind: TiTokConfiguration.Kind = .plain, _ quantization: TiTokConfiguration.Quantization = .vector,
        codes: Int = 50, tokens: Int = 6
    ) -> TiTokConfiguration {
        TiTokConfiguration(
            kind: kind, imageSize: 32, patchSize: 8, latentTokens: tokens, tokenSize: 4, quantization: quantization,
            codebookSize: codes, textContextLength: 16, textEmbeddingWidth: 64, encoder: shape, decoder: shape)
    }

    package static let maskGIT = MaskGITConfiguration(
        architecture: .vit, codebookSize: 50, length: 6, width: 64, layers: 1, heads: 16, hidden: 64)
    package static let uvit = MaskGITConfiguration(
        architecture: .uvit, codebookSize: 50, length: 6, width: 64, layers: 2, heads: 16, hidden: 64)

    /// A GigaTok of 32 pixels, with 16 tokens in a sequence or 64 on a grid.
    package static func gigaTok(
        _ layout: GigaTokConfiguration.Layout = .sequence, layer: GigaTokConfiguration.Layer = .decoder, codes: Int = 50
    ) -> GigaTokConfiguration {
        GigaTokConfiguration(
            layout: layout, layer: layer, imageSize: 32, latentTokens: layout == .sequence ? 16 : 64, codebookSize: codes,
            codeSize: 4, channels: 64, baseChannels: 32, encoderMultipliers: [1, 1, 2], decoderMultipliers: [1, 1, 2],
            residualBlocks: 1, encoder: shape, decoder: TransformerShape(width: 64, layers: 2, heads: 1),
            distillationDepth: 3, teacherWidth: 768)
    }

    package static let llamaGen = LlamaGenConfiguration(codebookSize: 50, length: 16, width: 64, layers: 2, heads: 1, hidden: 64)

    private static let joint = MMDiTShape(width: 64, depth: 2, heads: 16, textWidth: 64, microWidth: 8)
    package static let maskGenVQ = MaskGenVQConfiguration(transformer: joint, codebookSize: 50, length: 6, aestheticScore: 6.5)
    package static let maskGenKL = MaskGenKLConfiguration(
        transformer: joint, length: 6, channels: 4, headDepth: 1, headWidth: 64, samplingSteps: "5")

    package static let rar = RARConfiguration(codebookSize: 20, length: 16, classes: 300, width: 32, layers: 2, heads: 4, hidden: 64)
    /// What RAR draws for: 256 pixels in 16 tokens.
    package static let vqgan = MaskGITVQGANConfiguration(
        hiddenChannels: 32, channelMultipliers: [1, 1, 1, 1, 1, 1, 1], residualBlocks: 1, codeSize: 8, codebookSize: 20)
    package static let tokenBridge = TokenBridgeConfiguration(
        imageSize: 32, classes: 300, buffer: 3, encoder: shape, decoder: shape,
        head: TransformerShape(width: 32, layers: 1, heads: 2))
    package static let klAutoencoder = TokenBridgeTokenizerConfiguration(
        hiddenChannels: 32, channelMultipliers: [1, 1, 1, 1, 1], residualBlocks: 1, resolution: 32)

    /// How FlexTok's checkpoints come.
    package enum FlexTokFormat: String, CaseIterable {
        /// Settings in the header, as on the hub.
        case safetensors
        /// Settings in `config.json`.
        case pt, pth, bin
    }

    /// The tensors of a FlexTok of 32 pixels and 8 tokens, with the tables that official files hold.
    package static func flexTokTensors(seed: UInt64 = 5) throws -> [(name: String, tensor: Tensor)] {
        var configuration = try JSONDecoder().decode(FlexTokConfiguration.self, from: Data(FlexTokSettings.tiny.json.utf8))
        configuration.autoencoder.blockChannels = FlexTokSettings.tiny.vae_block_out_channels
        let recorder = WeightRecorder(LivelyWeights(seed: seed))
        _ = configuration.imageTokenizer(Weights(recorder))
        return recorder.parameters.map { ($0.0, $0.1) } + configuration.tables
    }

    /// A FlexTok's files in a folder: with its settings unless that is said, changed as wanted.
    package static func writeFlexTok(
        as format: FlexTokFormat = .safetensors, seed: UInt64 = 5, settings: Bool = true, to folder: String,
        changing change: (inout [(name: String, tensor: Tensor)]) -> Void = { _ in }
    ) throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        var tensors = try flexTokTensors(seed: seed)
        change(&tensors)
        let file = folder + "/model." + format.rawValue
        switch format {
        case .safetensors:
            try Checkpoint.write(
                tensors.map { ($0.name, $0.tensor) }, metadata: settings ? FlexTokSettings.tiny.header : ["format": "pt"], to: file)
        case .bin: try TorchArchiveWriter.write(tensors, to: file)
        case .pt: try TorchArchiveWriter.write([(container: "ema", tensors: tensors)], to: file)
        case .pth: try TorchArchiveWriter.write(tensors.map { ("module." + $0.name, $0.tensor) }, to: file)
        }
        if settings, format != .safetensors {
            try Data(FlexTokSettings.tiny.json.utf8).write(to: URL(fileURLWithPath: folder + "/config.json"))
        }
    }

    // MARK: - Files

    /// The parameters of a network, by their official names.
    package static func parameters(_ configuration: any TokenGeneratorConfiguration, seed: UInt64 = 5) -> [(name: String, tensor: Tensor)] {
        parameters(seed: seed) { _ = configuration.generator($0) }
    }

    package static func parameters(_ configuration: any ImageTokenizerConfiguration, seed: UInt64 = 5) -> [(name: String, tensor: Tensor)] {
        parameters(seed: seed) { _ = configuration.imageTokenizer($0) }
    }

    package static func write(_ configuration: any ImageTokenizerConfiguration, seed: UInt64 = 5, to path: String) throws {
        try write(seed: seed, to: path) { _ = configuration.imageTokenizer($0) }
    }

    package static func write(_ configuration: any TokenGeneratorConfiguration, to path: String) throws {
        try write(to: path) { _ = configuration.generator($0) }
    }

    /// A folder as the hub holds it: `config.json` and `model.safetensors`.
    package static func writeFolder(_ configuration: any ImageTokenizerConfiguration, seed: UInt64 = 5, to folder: String) throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try write(configuration, seed: seed, to: folder + "/model.safetensors")
        try JSONEncoder().encode(TypedConfiguration(configuration)).write(to: URL(fileURLWithPath: folder + "/config.json"))
    }

    /// The same for a generator, whose tokenizer lies in the folder `tokenizer`.
    package static func writeFolder(
        _ configuration: any TokenGeneratorConfiguration, tokenizer: any ImageTokenizerConfiguration, to folder: String
    ) throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try write(configuration, to: folder + "/model.safetensors")
        try JSONEncoder().encode(configuration).write(to: URL(fileURLWithPath: folder + "/config.json"))
        try writeFolder(tokenizer, to: folder + "/tokenizer")
    }

    /// A text tower in OpenAI's format, with its projection, and a vocabulary of three merges.
    package static func writeCLIP(to folder: String) throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let merges = ["f o", "fo x</w>", "c a"]
        try Data((["#version: 0.2"] + merges + [""]).joined(separator: "\n").utf8)
            .write(to: URL(fileURLWithPath: folder + "/bpe_simple_vocab_16e6.txt"))
        try write(to: folder + "/clip.safetensors") { weights in
            _ = TextTransformer(
                TextTransformerConfiguration(
                    vocabularySize: 514 + merges.count, contextLength: 16, width: 64, layers: 2, heads: 1),
                weights: weights)
            _ = weights.tensor("text_projection", [64, 64], initial: .normal(std: 0.1))
        }
    }

    private static func write(seed: UInt64 = 5, to path: String, _ make: (Weights) -> Void) throws {
        try Checkpoint.write(parameters(seed: seed, make), to: path)
    }

    /// The parameters that a model asks for.
    package static func parameters(seed: UInt64 = 5, _ make: (Weights) -> Void) -> [(name: String, tensor: Tensor)] {
        let recorder = WeightRecorder(LivelyWeights(seed: seed))
        make(Weights(recorder))
        return recorder.parameters.map { (name: $0.0, tensor: $0.1) }
    }
}
