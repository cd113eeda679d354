import Datasets
import Files
import FlowTok
import Foundation
import Images
import Layers
import Networks
import Tensors
import TextTokenizers

/// Trains FlowTiTok together with the text encoder whose hidden states guide its decoder (TA-TiTok's recipe, with the
/// pixel losses alone).
public final class TokenizerTrainer: TrainingTask {
    public let store: ParameterStore
    public let dependencyFingerprint: String
    private let configuration: TokenizerTrainingConfiguration
    private let source: any SampleSource
    private let shown: any SampleSource
    private let textTokenizer: SentencePieceTokenizer
    private let frozen: (any WeightSource)?
    private let tokenizer: FlowTiTok
    private let textEncoder: TextTransformer
    private let emptyCaption: [Int32]
    private let textSide: TextSide?
    private let perceptual: PerceptualLoss?
    private let adversarial: AdversarialLoss?

    /// - Parameters:
    ///   - source: training samples; `shown`: those of the sample grids.
    ///   - initial: parameters to start from (a trained tokenizer's), instead of fresh ones.
    ///   - textSide: what `drawnFraction` needs.
    /// - Throws: `WeightMismatch` where `initial` has not every parameter in its shape; `FlowTokError` where the vocabulary
    ///   does not serve; what the source and reading the networks of a perceptual loss throw.
    public init(
        _ configuration: TokenizerTrainingConfiguration, vocabulary: SentencePieceVocabulary, source: any SampleSource,
        shown: any SampleSource, initial: [String: Tensor]? = nil, textSide: TextSide? = nil
    ) throws {
        precondition(configuration.drawnFraction == 0 || textSide != nil, "latents as a text side draws them, and no text side")
        self.configuration = configuration
        self.textSide = textSide
        self.source = source
        self.shown = shown
        textTokenizer = try SentencePieceTokenizer(vocabulary, length: configuration.textEncoder.contextLength)
        emptyCaption = try textTokenizer.encode("")
        let given = initial.map { NamedTensors($0) }
        let fresh = FreshWeights(seed: configuration.training.seed)
        let start: any WeightSource = given ?? fresh
        // A tokenizer that was exported has left its discriminator behind.
        store = ParameterStore(from: RoutedWeights(fresh, where: TokenizerTrainer.isDiscriminator, otherwise: start))
        let fixed = configuration.decoderOnly ? start : nil
        frozen = fixed
        let weights = Weights(TokenizerTrainer.source(store, frozen: fixed))
        tokenizer = FlowTiTok(
            configuration.imageTokenizer, weights: weights["image_tokenizer"], logvarBias: configuration.logvarBias)
        textEncoder = TextTransformer(configuration.textEncoder, weights: weights["text_encoder"])
        perceptual = try configuration.perceptual.map { try PerceptualLoss($0) }
        adversarial = configuration.adversarial.map { [store] in AdversarialLoss($0, parameters: store) }
        try given?.verify("the tokenizer to start from")
        var fingerprint = Fingerprint()
        fingerprint.add(vocabulary.modelBytes)
        if configuration.decoderOnly, let initial {
            fingerprint.add(initial.filter { !TokenizerTrainer.isDecoder($0.key) })
        }
        if let textSide { fingerprint.add(textSide.parameters) }
        dependencyFingerprint = fingerprint.text
    }

    /// Whether a parameter is the decoder's own.
    static func isDecoder(_ name: String) -> Bool { name.hasPrefix("image_tokenizer.decoder.") }

    private static func isDiscriminator(_ name: String) -> Bool { name.hasPrefix(AdversarialLoss.prefix + ".") }

    /// All parameters: those that are trained, and those that stay as they were.
    private static func source(_ trained: any WeightSource, frozen: (any WeightSource)?) -> any WeightSource {
        frozen.map { RoutedWeights(trained, where: isDecoder, otherwise: $0) } ?? trained
    }

    public func loss(of group: SampleGroup) throws -> (loss: Tensor, metrics: [(name: String, value: Double)]) {
        let count = group.count
        let batch = try Batch(
            source, first: group.firstSample, count: count, side: configuration.imageTokenizer.imageSize,
            textTokenizer: textTokenizer)
        var random = CounterRandom(seed: configuration.training.seed, stream: UInt64(truncatingIfNeeded: group.number))
        var ids = batch.ids
        let length = textTokenizer.length
        for i in 0..<count where random.uniform() < configuration.captionDropout {
            ids.replaceSubrange(i * length..<(i + 1) * length, with: emptyCaption)
        }
        let posterior = tokenizer.encode(batch.images)
        let latents = decoded(posterior, captions: batch.ids, step: group.step, random: &random)
        let image = tokenizer.decode(latents, guidedBy: textEncoder(ids))
        let (reconstruction, square) = configuration.reconstruction(image, target: batch.images, step: group.step)
        let kl = posterior.klDivergence * (1 / Float(posterior.mean.count))
        var loss = reconstruction + kl * configuration.klWeight
        var metrics = [
            (name: "reconstruction_loss", value: Double(reconstruction.item)), (name: "kl_loss", value: Double(kl.item)),
            (name: "psnr", value: -10 * log10(max(Double(square.item), 1e-12))),
        ]
        if configuration.featureWeight > 0 {
            let stds = posterior.mean.detached.channelStatistics.std
            let scales = stds.map { 1 / max($0, 1e-6) }
            let nothing = [Float](repeating: 0, count: scales.count)
            let seen = (tokenizer.encode(image).mean - posterior.mean.detached).scaledPerChannel(scales, plus: nothing)
            let features = seen.meanSquare()
            loss = loss + features * configuration.featureWeight
            metrics.append((name: "feature_loss", value: Double(features.item)))
        }
        if let seen = perceptual?(image, target: batch.images) {
            loss = loss + seen
            metrics.append((name: "perceptual_loss", value: Double(seen.item)))
        }
        if let parts = adversarial?(image, target: batch.images, step: group.step) {
            loss = loss + parts.tokenizer + parts.discriminator
            metrics.append((name: "adversarial_loss", value: Double(parts.tokenizer.item)))
            metrics.append((name: "discriminator_loss", value: Double(parts.discriminator.item)))
        }
        return (loss, metrics)
    }

    /// The latents that a decoder learns from: of a sample of each posterior, on the way to where its caption's text side lies and
    /// with noise, as the configuration says.
    private func decoded(_ posterior: LatentPosterior, captions: [Int32], step: Int, random: inout CounterRandom) -> Tensor {
        let count = posterior.mean.shape[0]
        var latents = posterior.sample(noise: .randomNormal(posterior.mean.shape, using: &random))
        if let textSide, configuration.drawnFraction > 0 {
            let parts = (0..<count).map { _ in random.uniform() < configuration.drawnFraction ? random.uniform() : 0 }
            latents = latents + (textSide.latents(of: captions) - latents).scaledPerSample(parts)
        }
        if configuration.latentNoise > 0 {
            let warmup = configuration.latentNoiseWarmup
            let largest = configuration.latentNoise * (step < warmup ? Float(step) / Float(warmup) : 1)
            let amounts = (0..<count).map { _ in random.uniform() < 0.5 ? 0 : largest * random.uniform() }
            // In units of what the channels are now: an encoder that makes its latents larger gains nothing by it.
            let stds = posterior.mean.detached.channelStatistics.std
            let noise = Tensor.randomNormal(latents.shape, using: &random)
                .scaledPerChannel(stds, plus: [Float](repeating: 0, count: stds.count))
            latents = latents + noise.scaledPerSample(amounts)
        }
        return latents
    }

    /// Fits the layer that draws windows, by least squares, to pictures as the decoder's blocks know them, each window on its own;
    /// what comes after it begins anew, the last convolution changing nothing and a refiner adding nothing.
    ///
    /// - Throws: what the source of the pictures throws, and `TrainingError.unusableSetting` where nothing finite comes of them.
    func fitWindows(pictures: Int) throws {
        let decoder = tokenizer.decoder
        var fit = LeastSquares()
        var done = 0
        while done < pictures {
            let count = min(16, pictures - done)
            let batch = try Batch(
                source, first: UInt64(done), count: count, side: configuration.imageTokenizer.imageSize, textTokenizer: textTokenizer)
            var random = CounterRandom(seed: configuration.training.seed, stream: UInt64(truncatingIfNeeded: -1 - done))
            let latents = decoded(tokenizer.encode(batch.images), captions: batch.ids, step: .max, random: &random)
            let features = decoder.features(latents, text: textEncoder(batch.ids)).detached
            let shape = configuration.imageTokenizer
            let windows = (batch.images + -FlowTiTokDecoder.grey).windows(grid: shape.grid, patch: shape.drawnPatchSize, margin: shape.drawnPatchSize / 2)
            fit.add(
                inputs: features.reshaped([count * shape.grid * shape.grid, features.shape[2]]),
                outputs: windows.reshaped([count * shape.grid * shape.grid, windows.shape[2]]))
            done += count
        }
        guard let solution = fit.solution() else {
            throw TrainingError.unusableSetting(
                name: "fit_windows", reason: "what the decoder's blocks make of \(pictures) pictures is not finite, or nothing")
        }
        let prefix = "image_tokenizer.decoder."
        store.overwrite(prefix + "overlap.weight", with: solution.weight)
        store.overwrite(prefix + "overlap.bias", with: solution.bias)
        let fresh = FreshWeights(seed: configuration.training.seed)
        let recorder = WeightRecorder(fresh)
        _ = FlowTiTokDecoder(configuration.imageTokenizer, weights: Weights(recorder)["image_tokenizer"]["decoder"])
        for (name, initial) in recorder.parameters where ["conv_out.", "refiner.output."].contains(where: { name.hasPrefix(prefix + $0) }) {
            store.overwrite(name, with: initial)
        }
    }

    public func samples(parameters: any WeightSource) throws -> [(name: String, image: Image)] {
        let weights = Weights(TokenizerTrainer.source(parameters, frozen: frozen))
        let tokenizer = FlowTiTok(configuration.imageTokenizer, weights: weights["image_tokenizer"])
        let textEncoder = TextTransformer(configuration.textEncoder, weights: weights["text_encoder"])
        let batch = try Batch(
            shown, first: 0, count: 16, side: configuration.imageTokenizer.imageSize, textTokenizer: textTokenizer)
        let again = tokenizer.decode(tokenizer.encode(batch.images).mean, guidedBy: textEncoder(batch.ids))
        let pairs = zip(try batch.images.images(), try again.images()).flatMap { [$0, $1] }
        return [("reconstructions", try Image.grid(pairs, columns: 8, gap: 2))]
    }

    public func export(parameters: any WeightSource, to folder: String) throws {
        try TokenizerFolder.write(
            configuration, weights: TokenizerTrainer.source(parameters, frozen: frozen), name: configuration.name,
            vocabulary: textTokenizer.vocabulary, to: folder + "/" + RunFolder.model)
    }
}
