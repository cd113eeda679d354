import Checkpoints
import FlowTok
import Foundation
import ImageTokenizers
import Images
import Layers
import Tensors
import TextModels
import Vocabularies

/// What a tokenizer run is made from.
public struct TokenizerTrainingConfiguration: Sendable, Hashable, Codable {
    public var imageTokenizer: FlowTiTokConfiguration
    public var textEncoder: TextTransformerConfiguration
    public var reconstruction: ReconstructionLoss
    /// The weight of the mean Kullback-Leibler divergence of one latent number.
    public var klWeight: Float
    /// Where the encoder's log-variance starts.
    public var logvarBias: Float
    /// The share of samples whose caption is hidden from the decoder.
    public var captionDropout: Float
    /// The deviation of noise added to latents before decoding, in units of each channel's deviation: a decoder that
    /// forgives what a flow gets slightly wrong. Half of the samples keep clean latents.
    public var latentNoise: Float
    /// Whether encoder and text encoder stay as they were, and only the decoder learns.
    public var decoderOnly: Bool
    public var training: TrainingSettings

    public init(
        imageTokenizer: FlowTiTokConfiguration, textEncoder: TextTransformerConfiguration,
        reconstruction: ReconstructionLoss = ReconstructionLoss(), klWeight: Float = 1e-4, logvarBias: Float = -5,
        captionDropout: Float = 0.3, latentNoise: Float = 0, decoderOnly: Bool = false, training: TrainingSettings
    ) {
        self.imageTokenizer = imageTokenizer
        self.textEncoder = textEncoder
        self.reconstruction = reconstruction
        self.klWeight = klWeight
        self.logvarBias = logvarBias
        self.captionDropout = captionDropout
        self.latentNoise = latentNoise
        self.decoderOnly = decoderOnly
        self.training = training
    }

    enum CodingKeys: String, CodingKey {
        case imageTokenizer = "image_tokenizer"
        case textEncoder = "text_encoder"
        case reconstruction
        case klWeight = "kl_weight"
        case logvarBias = "logvar_bias"
        case captionDropout = "caption_dropout"
        case latentNoise = "latent_noise"
        case decoderOnly = "decoder_only"
        case training
    }

    /// Why no run can be made from this, or nil.
    public var problem: String? {
        imageTokenizer.problem.map { "image_tokenizer." + $0 } ?? textEncoder.problem.map { "text_encoder." + $0 }
            ?? training.problem.map { "training." + $0 }
            ?? (textEncoder.width == imageTokenizer.textEmbeddingWidth
                && textEncoder.contextLength == imageTokenizer.textContextLength
                ? nil : "text_encoder's width and context_length must be image_tokenizer's text_embed_dim and text_context_length")
    }
}

/// A trained tokenizer in a folder: `image_tokenizer.json`, `image_tokenizer.safetensors` (names as in a model folder)
/// and `tokenizer.model`.
public struct TokenizerFolder {
    static let configurationFile = "image_tokenizer.json"
    static let weightsFile = "image_tokenizer.safetensors"
    static let vocabularyFile = "tokenizer.model"

    public let configuration: TokenizerTrainingConfiguration
    public let weights: [String: Tensor]
    public let vocabulary: SentencePieceVocabulary

    public init(path: String) throws {
        let file = path + "/" + TokenizerFolder.configurationFile
        configuration = try JSONFile.read(TokenizerTrainingConfiguration.self, from: file)
        if let problem = configuration.problem { throw TrainingError.badConfiguration(file: file, reason: problem) }
        let checkpoint = try Checkpoint(path: path + "/" + TokenizerFolder.weightsFile)
        var weights: [String: Tensor] = [:]
        for name in checkpoint.names { weights[name] = try checkpoint.tensor(name) }
        self.weights = weights
        vocabulary = try SentencePieceVocabulary(path: path + "/" + TokenizerFolder.vocabularyFile)
    }
}

/// Trains FlowTiTok together with the text encoder whose hidden states guide its decoder (TA-TiTok's recipe, with the
/// pixel losses alone).
public final class TokenizerTask: TrainingTask {
    public let store: ParameterStore
    private let configuration: TokenizerTrainingConfiguration
    private let source: any SampleSource
    private let shown: any SampleSource
    private let codec: CaptionCodec
    private let frozen: (any WeightSource)?
    private let tokenizer: FlowTiTok
    private let textEncoder: TextTransformer
    private let emptyCaption: [Int32]
    private let deviations: [Float]

    /// - Parameters:
    ///   - source: training samples; `shown`: those of the sample grids.
    ///   - initial: parameters to start from (a trained tokenizer's), instead of fresh ones.
    public init(
        _ configuration: TokenizerTrainingConfiguration, vocabulary: SentencePieceVocabulary, source: any SampleSource,
        shown: any SampleSource, initial: [String: Tensor]? = nil
    ) throws {
        self.configuration = configuration
        self.source = source
        self.shown = shown
        codec = try CaptionCodec(vocabulary, length: configuration.textEncoder.contextLength)
        emptyCaption = try codec.encode("")
        let start: any WeightSource = initial.map { NamedTensors($0) } ?? FreshWeights(seed: configuration.training.seed)
        store = ParameterStore(from: start)
        let fixed = configuration.decoderOnly ? start : nil
        frozen = fixed
        let weights = TokenizerTask.weights(store, frozen: fixed)
        tokenizer = FlowTiTok(
            configuration.imageTokenizer, weights: weights["image_tokenizer"], logvarBias: configuration.logvarBias)
        textEncoder = TextTransformer(configuration.textEncoder, weights: weights["text_encoder"])
        var deviations = [Float](repeating: 0, count: configuration.imageTokenizer.tokenSize)
        if configuration.latentNoise > 0 {
            let batch = try Batch(
                source, first: 1 << 40, count: 128, side: configuration.imageTokenizer.imageSize, codec: codec)
            deviations = tokenizer.encode(batch.images).mean.channelStatistics.deviation
        }
        self.deviations = deviations
    }

    private static func weights(_ trained: any WeightSource, frozen: (any WeightSource)?) -> Weights {
        guard let frozen else { return Weights(trained) }
        return Weights(
            RoutedWeights(trained, where: { $0.hasPrefix("image_tokenizer.decoder.") }, otherwise: frozen))
    }

    public func loss(step: Int) throws -> (loss: Tensor, figures: [(name: String, value: Double)]) {
        let settings = configuration.training
        let count = settings.batchSize
        let batch = try Batch(
            source, first: UInt64(step) * UInt64(count), count: count, side: configuration.imageTokenizer.imageSize,
            codec: codec)
        var random = CounterRandom(seed: settings.seed, stream: UInt64(step))
        var ids = batch.ids
        let length = codec.length
        for i in 0..<count where random.uniform() < configuration.captionDropout {
            ids.replaceSubrange(i * length..<(i + 1) * length, with: emptyCaption)
        }
        let posterior = tokenizer.encode(batch.images)
        var latents = posterior.sample(noise: .randomNormal(posterior.mean.shape, using: &random))
        if configuration.latentNoise > 0 {
            let amounts = (0..<count).map { _ in
                random.uniform() < 0.5 ? 0 : configuration.latentNoise * random.uniform()
            }
            let noise = Tensor.randomNormal(latents.shape, using: &random)
                .scaledPerChannel(deviations, plus: [Float](repeating: 0, count: deviations.count))
            latents = latents + noise.scaledPerSample(amounts)
        }
        let image = tokenizer.decode(latents, guidedBy: textEncoder(ids))
        let (reconstruction, square) = configuration.reconstruction(image, target: batch.images)
        let kl = posterior.klDivergence * (1 / Float(posterior.mean.count))
        let loss = reconstruction + kl * configuration.klWeight
        return (
            loss,
            [
                ("reconstruction_loss", Double(reconstruction.item)), ("kl_loss", Double(kl.item)),
                ("psnr", -10 * log10(max(Double(square.item), 1e-12))),
            ]
        )
    }

    public func samples(parameters: any WeightSource) throws -> [(name: String, image: Image)] {
        let weights = TokenizerTask.weights(parameters, frozen: frozen)
        let tokenizer = FlowTiTok(configuration.imageTokenizer, weights: weights["image_tokenizer"])
        let textEncoder = TextTransformer(configuration.textEncoder, weights: weights["text_encoder"])
        let batch = try Batch(
            shown, first: 0, count: 16, side: configuration.imageTokenizer.imageSize, codec: codec)
        let again = tokenizer.decode(tokenizer.encode(batch.images).mean, guidedBy: textEncoder(batch.ids))
        let pairs = zip(try batch.images.images(), try again.images()).flatMap { [$0, $1] }
        return [("reconstructions", try Image.grid(pairs, columns: 8, gap: 2))]
    }

    public func export(parameters: any WeightSource, to folder: String) throws {
        try JSONFile.write(configuration, to: folder + "/" + TokenizerFolder.configurationFile)
        try Data(codec.vocabulary.modelBytes).write(
            to: URL(fileURLWithPath: folder + "/" + TokenizerFolder.vocabularyFile), options: .atomic)
        let recorder = ParameterStore(from: parameters)
        let weights = TokenizerTask.weights(recorder, frozen: frozen.map { RecordingWeights($0, into: recorder) })
        _ = FlowTiTok(configuration.imageTokenizer, weights: weights["image_tokenizer"])
        _ = TextTransformer(configuration.textEncoder, weights: weights["text_encoder"])
        try Checkpoint.write(
            recorder.entries.map { ($0.name, $0.leaf) }, metadata: ["format": "flowtok-image-tokenizer"],
            to: folder + "/" + TokenizerFolder.weightsFile)
    }
}

extension Tensor {
    /// The mean and deviation of every entry of the last axis.
    var channelStatistics: LatentStatistics {
        let width = shape.last ?? 1
        var sums = [Double](repeating: 0, count: width)
        var squares = sums
        for (i, value) in values.enumerated() {
            sums[i % width] += Double(value)
            squares[i % width] += Double(value) * Double(value)
        }
        let rows = Double(max(1, count / max(1, width)))
        return LatentStatistics(
            mean: sums.map { Float($0 / rows) },
            deviation: zip(sums, squares).map { Float(max($1 / rows - $0 / rows * ($0 / rows), 1e-12).squareRoot()) })
    }
}
