import Checkpoints
import Files
import Layers
import ModelFolders
import Networks
import Tensors

/// Training of TiTok (2406.07550; 2501.07730 for the single stage): with a codebook or a Gaussian posterior from images in a
/// single stage, or as in the first release in two. There the first stage learns the codes of a MaskGIT-VQGAN, its teacher, and
/// the second one, with `finetune_decoder`, the pixels through the teacher's decoder.
public struct TiTokTraining: TokenizerKind {
    public static let id = "titok"

    /// The MaskGIT-VQGAN of both stages of the first release, a folder or a checkpoint; nil in a single stage.
    public var teacher: String?
    /// The weight of the codebook's losses.
    public var quantizerWeight: Float
    /// The weight of the posterior's divergence, summed over an image's latents.
    public var klWeight: Float
    /// Whether codes that are hardly used move to where vectors are.
    public var revivesCodes: Bool
    /// Whether latent tokens begin as those of neighbouring patches (`TiTokLocalStart`), and not as in the official training.
    public var startsLocally: Bool

    public init(
        teacher: String? = nil, quantizerWeight: Float = 1, klWeight: Float = 1e-6, revivesCodes: Bool = true,
        startsLocally: Bool = false
    ) {
        self.startsLocally = startsLocally
        self.teacher = teacher
        self.quantizerWeight = quantizerWeight
        self.klWeight = klWeight
        self.revivesCodes = revivesCodes
    }

    enum CodingKeys: String, CodingKey {
        case teacher
        case quantizerWeight = "quantizer_weight"
        case klWeight = "kl_weight"
        case revivesCodes = "clustering_vq"
        case startsLocally = "local_start"
    }

    /// Reads what is named and keeps the defaults of everything else.
    public init(from decoder: any Decoder) throws {
        self.init()
        let values = try decoder.container(keyedBy: CodingKeys.self)
        teacher = try values.decodeIfPresent(String.self, forKey: .teacher)
        try values.read(&quantizerWeight, .quantizerWeight)
        try values.read(&klWeight, .klWeight)
        try values.read(&revivesCodes, .revivesCodes)
        try values.read(&startsLocally, .startsLocally)
    }

    public func validate(_ network: TiTokConfiguration) throws(InvalidValue) {
        try expectWeights([("quantizer_weight", quantizerWeight), ("kl_weight", klWeight)])
        if network.kind == .textAware { throw InvalidValue("network.class is TATiTok, expected TiTok: what captions guide is trained as \"flowtitok\"") }
        if network.isLegacy, network.quantization == .variational {
            throw InvalidValue("network.model.vq_model.is_legacy with quantize_mode vae, expected vq: the first release has a codebook")
        }
        if network.isLegacy, teacher == nil { throw InvalidValue("teacher is missing, expected the MaskGIT-VQGAN that is_legacy learns from") }
        if network.isLegacy, startsLocally { throw InvalidValue("local_start goes with a single stage, and network.model.vq_model.is_legacy is true") }
        if !network.isLegacy, teacher != nil { throw InvalidValue("teacher goes with network.model.vq_model.is_legacy, which is false") }
    }

    /// The second stage goes on over the tokens of the first one, and begins with the teacher's decoder.
    public func given(_ network: TiTokConfiguration) throws -> [String: Tensor] {
        if startsLocally { return TiTokLocalStart(network).parameters }
        guard network.hasPixelDecoder, let teacher else { return [:] }
        let opened = try Teacher.open(teacher)
        guard opened.configuration == network.pixels else {
            throw TrainingError.unusableCheckpoint(path: teacher, reason: "it has another shape than override.pixel says")
        }
        let parts = ["quantize.": "pixel_quantize.", "decoder.": "pixel_decoder."]
        return try Dictionary(
            uniqueKeysWithValues: opened.checkpoint.names.compactMap { name in
                guard let part = parts.first(where: { name.hasPrefix($0.key) }) else { return nil }
                return (part.value + name.dropFirst(part.key.count), try opened.checkpoint.tensor(name))
            })
    }

    public func isFixed(_ parameter: String, of network: TiTokConfiguration) -> Bool {
        network.hasPixelDecoder
            && (parameter == "latent_tokens" || parameter.hasPrefix("encoder.") || parameter.hasPrefix("quantize."))
    }

    /// Official names that decay spares (TiTok reference, section 11).
    private static let spared = ["ln", "bias", "latent_tokens", "mask_token", "embedding", "norm", "gamma", "embed"]

    public func decays(_ parameter: String, rank: Int) -> Bool { rank >= 2 && !Self.spared.contains { parameter.contains($0) } }

    public func learner(_ network: TiTokConfiguration, weights: Weights, store: ParameterStore) throws -> any TokenizerLearner {
        try TiTokLearner(self, network, weights: weights, store: store)
    }

    public func reconstructions(_ images: Tensor, _ network: TiTokConfiguration, weights: Weights) throws -> [Tensor] {
        let tokenizer = TiTok(network, weights: weights)
        guard network.isLegacy, !network.hasPixelDecoder, let teacher else {
            return [try tokenizer.detokenize(tokenizer.tokenize(images))]
        }
        guard let quantizer = tokenizer.quantizer else { return [] }
        let logits = tokenizer.codeLogits(quantizer(tokenizer.features(images)).values)
        let (grid, codes) = (network.decoderGrid, network.pixels.codebookSize)
        let network = try Teacher.open(teacher).network(side: network.imageSize)
        return [network.decode(logits.reshaped([logits.count / codes, codes]).argmax(), rows: grid, columns: grid)]
    }
}

/// The MaskGIT-VQGAN whose codes the first stage learns.
private struct Teacher {
    let configuration: MaskGITVQGANConfiguration
    let checkpoint: Checkpoint

    /// - Throws: `FlowTokError`, `CheckpointError`, `TrainingError.otherKind`.
    static func open(_ path: String) throws -> Teacher {
        let location = try TokenizerLocation(path: RunFolder.modelFolder(path))
        guard let configuration = location.configuration as? MaskGITVQGANConfiguration else {
            throw TrainingError.otherKind(path: path, found: location.configuration.summary, expected: "a MaskGIT-VQGAN")
        }
        return Teacher(configuration: configuration, checkpoint: try Checkpoint.ofModel(location.weightsFile))
    }

    func network(side: Int) throws -> MaskGITVQGAN {
        try FrozenNetwork.read(checkpoint) { MaskGITVQGAN(configuration, imageSize: side, weights: $0) }
    }
}

/// A TiTok in training.
private final class TiTokLearner: TokenizerLearner {
    private let options: TiTokTraining
    private let network: TiTok
    private let teacher: MaskGITVQGAN?
    private let store: ParameterStore
    private var revival: CodebookRevival?
    /// What the step at hand has quantized, part after part.
    private var seen: (step: Int, vectors: [Tensor], indices: [Int32]) = (-1, [], [])

    private static let codebook = "quantize.embedding.weight"
    private static let useName = "codebook_shares"

    init(_ options: TiTokTraining, _ configuration: TiTokConfiguration, weights: Weights, store: ParameterStore) throws {
        self.options = options
        self.store = store
        network = TiTok(configuration, weights: weights)
        let isFirstStage = configuration.isLegacy && !configuration.hasPixelDecoder
        teacher = try isFirstStage ? options.teacher.map { try Teacher.open($0).network(side: configuration.imageSize) } : nil
        let learnsCodes = configuration.quantization == .vector && !configuration.hasPixelDecoder
        if options.revivesCodes, learnsCodes, let ranks = RankGroup.current, ranks.size > 1 {
            throw InvalidValue("clustering_vq is true, expected false where several processes train: none sees the vectors of all")
        }
        if options.revivesCodes, learnsCodes { revival = CodebookRevival(codes: configuration.codebookSize) }
        guard let teacher else { return }
        let codes = (teacher.configuration.codebookSize, configuration.pixels.codebookSize)
        guard codes.0 == codes.1, teacher.configuration.patchSize == configuration.decoderPatchSize else {
            throw InvalidValue(
                "teacher has \(codes.0) codes of \(teacher.configuration.patchSize) pixels, expected \(codes.1) of \(configuration.decoderPatchSize) as the network says"
            )
        }
    }

    func loss(_ images: Tensor, step: Int, random: inout CounterRandom) throws -> TokenizerObjective {
        guard let quantizer = network.quantizer else {
            let posterior = network.posterior(images)
            let divergence = posterior.klDivergence * (1 / Float(images.shape[0]))
            let latents = posterior.sample(noise: .randomNormal(posterior.mean.shape, using: &random))
            return TokenizerObjective(
                image: try network.decode(latents), loss: divergence * options.klWeight,
                metrics: [("kl_loss", Double(divergence.item))])
        }
        let vectors = network.features(images)
        let quantized = quantizer(vectors)
        if seen.step != step { seen = (step, [], []) }
        seen.vectors.append(vectors.detached)
        seen.indices += quantized.indices
        let own = quantized.loss * options.quantizerWeight
        var objective = TokenizerObjective(
            loss: own, metrics: [("quantizer_loss", Double(quantized.loss.item))], codes: quantized.indices)
        if let teacher {
            let logits = network.codeLogits(quantized.values)
            let width = teacher.configuration.codebookSize
            let error = logits.reshaped([logits.count / width, width]).crossEntropy(teacher.codes(images))
            objective.loss = error + own
            objective.metrics.append(("code_loss", Double(error.item)))
        } else {
            objective.image = try network.decode(quantized.values)
        }
        return objective
    }

    func finish(step: Int) {
        guard seen.step == step, let quantizer = network.quantizer else { return }
        if let table = revival?.revived(quantizer, vectors: .concatenated(seen.vectors, axis: 0), indices: seen.indices) {
            store.overwrite(Self.codebook, with: table)
        }
        seen = (-1, [], [])
    }

    var memory: [String: Tensor] {
        get { revival.map { [Self.useName: $0.use] } ?? [:] }
        set { if let use = newValue[Self.useName], use.shape == revival?.use.shape { revival?.use = use } }
    }
}
