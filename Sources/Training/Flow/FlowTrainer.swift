import Datasets
import Files
import FlowTok
import Foundation
import Images
import Layers
import ModelFolders
import Networks
import Sampling
import Tensors
import TextTokenizers

/// Trains the velocity network in both directions with the text variational encoder and the text decoder, over the
/// latents of a fixed image tokenizer and the hidden states of its text encoder, which may learn too.
public final class FlowTrainer: TrainingTask {
    public let store: ParameterStore
    public let dependencyFingerprint: String
    let configuration: FlowTrainingConfiguration
    let modelConfiguration: FlowTokConfiguration
    private let frozen: NamedTensors
    let model: FlowTokModel
    let projector: TextProjector
    let temperature: Tensor
    let source: any SampleSource
    private let shown: any SampleSource
    let textTokenizer: SentencePieceTokenizer

    private static func isTextEncoder(_ name: String) -> Bool { name.hasPrefix("text_encoder.") }

    private static let projectorName = "flow.context_projector"
    private static let temperatureName = "flow.t2t_temperature"

    /// What the alignment loss uses and a finished model does without.
    private static func alignmentParts(
        _ weights: Weights, _ text: TextVariationalConfiguration, channels: Int
    ) -> (projector: TextProjector, temperature: Tensor) {
        (
            TextProjector(weights[projectorName], width: text.width, channels: channels),
            weights.tensor(temperatureName, [], initial: .constant(Float(log(1 / 0.07))))
        )
    }

    /// Whether a run with a configuration trains a parameter.
    private static func trains(_ name: String, _ configuration: FlowTrainingConfiguration) -> Bool {
        let learns = configuration.learns
        if name.hasPrefix("text_decoder.") { return learns.contains(.textDecoder) }
        if isTextEncoder(name) { return learns.contains(.text) && configuration.textEncoder != .frozen }
        guard name.hasPrefix("flow.") else { return false }
        let isOfText = ["flow.context_encoder.", projectorName, temperatureName].contains { name.hasPrefix($0) }
        return learns.contains(isOfText ? .text : .velocity)
    }

    /// The trained parameters from one source, all others from those that stay as they are.
    private static func routed(
        _ trained: any WeightSource, _ configuration: FlowTrainingConfiguration, frozen: NamedTensors
    ) -> RoutedWeights {
        RoutedWeights(trained, where: { trains($0, configuration) }, otherwise: frozen)
    }

    /// - Parameters:
    ///   - source: training samples; `shown`: those of the sample grids.
    ///   - initial: parameters to start from, instead of fresh ones; those that only training uses may be missing.
    ///   - ignoresMismatchedSizes: whether parameters that `initial` lacks or has in another shape begin anew.
    ///   - latents: the statistics by which latents are normalised; where nil, they are measured on the source's pictures.
    /// - Throws: `ConfigurationError.badConfiguration` where the configuration does not fit the tokenizer, or would lose the
    ///   text encoder that `initial` has; `WeightMismatch` where `initial` has not every parameter in its shape; what the source throws.
    public init(
        _ configuration: FlowTrainingConfiguration, tokenizer: TokenizerFolder, source: any SampleSource,
        shown: any SampleSource, initial: [String: Tensor]? = nil, ignoresMismatchedSizes: Bool = false,
        latents: LatentStatistics? = nil
    ) throws {
        self.configuration = configuration
        self.source = source
        self.shown = shown
        do { try configuration.validate(over: tokenizer) } catch {
            throw ConfigurationError.badConfiguration(file: "the flow's configuration", reason: error.reason)
        }
        let imageTokenizer = tokenizer.imageTokenizer
        textTokenizer = try SentencePieceTokenizer(tokenizer.vocabulary, length: imageTokenizer.latentTokens)
        let initial = initial.map { given in
            let fresh = WeightRecorder(FreshWeights(seed: configuration.training.seed))
            _ = FlowTrainer.alignmentParts(
                Weights(fresh), configuration.textVariationalEncoder, channels: imageTokenizer.tokenSize)
            guard ignoresMismatchedSizes else { return given.merging(fresh.parameters) { given, _ in given } }
            let any = LatentStatistics(
                mean: Array(repeating: 0, count: imageTokenizer.tokenSize), std: Array(repeating: 1, count: imageTokenizer.tokenSize))
            _ = FlowTokModel(configuration.model(over: tokenizer, latents: any), weights: Weights(fresh))
            let wanted = Dictionary(fresh.parameters) { first, _ in first }
                .filter { !TokenizerFolder.isImageTokenizer($0.key) && (configuration.textEncoder == .tuned || !FlowTrainer.isTextEncoder($0.key)) }
            return wanted.merging(given) { fresh, given in fresh.shape == given.shape ? given : fresh }
                .filter { wanted[$0.key] != nil }
        }
        var kept = tokenizer.weights
        if !configuration.learnsAll {
            kept.merge((initial ?? [:]).filter { !FlowTrainer.trains($0.key, configuration) }) { $1 }
        }
        let frozen = NamedTensors(kept)
        self.frozen = frozen
        modelConfiguration = configuration.model(
            over: tokenizer,
            latents: try latents ?? FlowTrainer.latentStatistics(imageTokenizer, frozen, source, textTokenizer))
        let given = initial.map { NamedTensors($0) }
        let hasTextEncoder = initial?.keys.contains(where: FlowTrainer.isTextEncoder) ?? false
        if hasTextEncoder && configuration.textEncoder == .frozen && configuration.learns.contains(.text) {
            throw ConfigurationError.badConfiguration(
                file: "the flow's configuration",
                reason: "text_encoder is \"frozen\", but the flow to start from has a text encoder of its own: expected \"tuned\"")
        }
        var start: any WeightSource = given ?? FreshWeights(seed: configuration.training.seed)
        if configuration.textEncoder == .tuned && !hasTextEncoder {
            start = RoutedWeights(frozen, where: FlowTrainer.isTextEncoder, otherwise: start)
        }
        store = ParameterStore(from: start)
        let weights = Weights(FlowTrainer.routed(store, configuration, frozen: frozen))
        model = FlowTokModel(modelConfiguration, weights: weights)
        (projector, temperature) = FlowTrainer.alignmentParts(
            weights, configuration.textVariationalEncoder, channels: imageTokenizer.tokenSize)
        try given?.verify("the flow to start from")
        if !configuration.learnsAll { try frozen.verify("the flow to start from") }
        var fingerprint = Fingerprint()
        fingerprint.add(tokenizer.vocabulary.modelBytes)
        // The loss never sees the decoder, which may go on learning meanwhile.
        fingerprint.add(
            kept.filter { name, _ in !TokenizerTrainer.isDecoder(name) && !FlowTrainer.trains(name, configuration) })
        dependencyFingerprint = fingerprint.text
    }

    /// The statistics of the latents that the flow is to see.
    private static func latentStatistics(
        _ imageTokenizer: FlowTiTokConfiguration, _ weights: NamedTensors, _ source: any SampleSource, _ textTokenizer: SentencePieceTokenizer
    ) throws -> LatentStatistics {
        let batch = try Batch(source, first: 1 << 40, count: 512, side: imageTokenizer.imageSize, textTokenizer: textTokenizer)
        return FlowTiTok(imageTokenizer, weights: Weights(weights)["image_tokenizer"])
            .encode(batch.images).mean.channelStatistics
    }

    private func model(_ parameters: any WeightSource) -> FlowTokModel {
        FlowTokModel(
            modelConfiguration,
            weights: Weights(FlowTrainer.routed(parameters, configuration, frozen: frozen)))
    }

    public func samples(parameters: any WeightSource) throws -> [(name: String, image: Image)] {
        let model = model(parameters)
        let batch = try Batch(
            shown, first: 0, count: 24, side: modelConfiguration.imageTokenizer.imageSize, textTokenizer: textTokenizer)
        var random = CounterRandom(seed: 0, stream: 0)
        let images = try model.draw(
            batch.ids, noise: .randomNormal([24] + model.latentShape, using: &random),
            settings: FlowSettings(configuration.sampling)
        ).images()
        let pairs = zip(try batch.images.images(), images).flatMap { [$0, $1] }
        return [("drawn", try Image.grid(pairs, columns: 8, gap: 2))]
    }

    /// Captions of the shown pictures beside the true ones, a line each.
    public func sampleCaptions(parameters: any WeightSource) throws -> String {
        let model = model(parameters)
        let batch = try Batch(
            shown, first: 0, count: 24, side: modelConfiguration.imageTokenizer.imageSize, textTokenizer: textTokenizer)
        let search = try CaptionSearch(model, textTokenizer, CaptionSearch.Proposals(grammar: CaptionGrammar(textTokenizer), names: nil))
        let captions = try batch.images.images().map { try search.captions(of: $0, settings: configuration.captioning) { _ in }[0].text }
        return zip(batch.captions, captions).map { "\($0) => \($1)\n" }.joined()
    }

    public func export(parameters: any WeightSource, to folder: String) throws {
        let recorder = WeightRecorder(FlowTrainer.routed(parameters, configuration, frozen: frozen))
        let model = FlowTokModel(modelConfiguration, weights: Weights(recorder))
        var weights = recorder.parameters
        if modelConfiguration.textDecoder != nil { weights.append((NameIndex.tensorName(), try NameIndex.latents(of: model, textTokenizer))) }
        try ModelFolder.write(
            modelConfiguration, weights: weights, vocabulary: textTokenizer.vocabulary, to: folder + "/" + RunFolder.model)
    }
}
