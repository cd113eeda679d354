import Checkpoints
import Files
import FlowTok
import Layers
import ModelFolders
import Networks
import Tensors
import TextTokenizers

/// The image tokenizer whose tokens a generator learns; it stays as it is.
public struct GeneratorTokenizer {
    public let configuration: any ImageTokenizerConfiguration
    /// Parameters under the names of the published files, as float32.
    let parameters: [(String, Tensor)]
    public let tokenizer: any ImageTokenizer

    private init(_ configuration: any ImageTokenizerConfiguration, parameters: [(String, Tensor)]) {
        self.configuration = configuration
        self.parameters = parameters
        tokenizer = configuration.imageTokenizer(
            Weights(PackingWeights(NamedTensors(Dictionary(parameters) { first, _ in first }), as: .float32)))
    }

    /// Opens the folder of a tokenizer, of the run that made it or of a FlowTok.
    ///
    /// - Throws: `FlowTokError`, `CheckpointError` and others where there is none.
    public init(path: String) throws {
        let folder = RunFolder.modelFolder(path)
        if try ModelFamilies.family(ofFolder: folder).isFlow {
            try self.init(flowTiTok: path)
            return
        }
        let opened = try ImageTokenizerFolder(path: folder)
        if opened.configuration is FlowTiTokConfiguration {
            try self.init(flowTiTok: path)
            return
        }
        let source = CheckpointWeights(try Checkpoint.ofModel(opened.weightsFile))
        let recorder = WeightRecorder(source)
        _ = opened.configuration.imageTokenizer(Weights(recorder))
        try source.verify(ignoring: type(of: opened.configuration).ignores)
        self.init(opened.configuration, parameters: recorder.parameters)
    }

    /// A FlowTiTok without its text encoder: the empty caption's hidden states stand for all captions.
    private init(flowTiTok path: String) throws {
        let folder = try TokenizerFolder(path: path)
        let source = Weights(NamedTensors(folder.weights))
        let text = TextTransformer(folder.textEncoder, weights: source["text_encoder"])
        let textTokenizer = try SentencePieceTokenizer(folder.vocabulary, length: folder.textEncoder.contextLength)
        let shape = [folder.textEncoder.contextLength, folder.textEncoder.width]
        let guidance = try text(textTokenizer.encode("")).reshaped(shape)
        let recorder = WeightRecorder(NamedTensors(folder.weights))
        _ = FlowTiTok(folder.imageTokenizer, weights: Weights(recorder)["image_tokenizer"])
        let own = recorder.parameters.map { (String($0.0.dropFirst("image_tokenizer.".count)), $0.1) }
        self.init(folder.imageTokenizer, parameters: own + [(RoundedLatents.guidanceName, guidance)])
    }

    /// This tokenizer with its latents rounded to `levels` values each, by statistics of latents that `images` gives; nil for
    /// one that has no latents to round.
    ///
    /// - Parameters:
    ///   - pictures: how many images statistics are measured on.
    ///   - images: gives some of the data's images [count, 3, side, side].
    func rounded(
        levels: Int, range: Float?, pictures: Int, images: (Range<UInt64>) throws -> Tensor
    ) throws -> GeneratorTokenizer? {
        if let autoencoder = configuration as? TokenBridgeTokenizerConfiguration {
            var configuration = autoencoder
            configuration.levels = levels
            if let range { configuration.range = Double(range) }
            return GeneratorTokenizer(configuration, parameters: parameters)
        }
        let base: RoundedLatentsConfiguration.Base
        switch configuration {
        case let found as FlowTiTokConfiguration: base = .flowTiTok(found)
        case let found as TiTokConfiguration where found.quantization == .variational && found.kind == .plain: base = .tiTok(found)
        default: return nil
        }
        // A few at a time: an encoder's memory grows with them.
        let parts = try stride(from: 0, to: UInt64(pictures), by: 32).compactMap { first in
            try tokenizer.tokenize(images(first..<min(first + 32, UInt64(pictures)))).latents
        }
        let latents = Tensor.concatenated(parts, axis: 0)
        return GeneratorTokenizer(
            RoundedLatentsConfiguration(base: base, latents: LatentStatistics(of: latents), levels: levels, range: range),
            parameters: parameters)
    }

    /// What tells it from others.
    var fingerprint: String {
        var fingerprint = Fingerprint()
        fingerprint.add(Dictionary(parameters) { first, _ in first })
        return fingerprint.text
    }
}
