import Flow
import FlowTok
import Foundation
import ImageTokenizers
import Images
import Layers
import Tensors
import TextModels
import Vocabularies

/// Trains the velocity network in both directions with the text variational encoder and the text decoder, over the
/// latents of a fixed image tokenizer and the hidden states of its text encoder, which may learn too.
public final class FlowTask: TrainingTask {
    public let store: ParameterStore
    public let foundation: String
    private let configuration: FlowTrainingConfiguration
    private let modelConfiguration: ModelConfiguration
    private let frozen: NamedTensors
    private let model: FlowTokModel
    private let projector: TextProjector
    private let temperature: Tensor
    private let source: any SampleSource
    private let shown: any SampleSource
    private let codec: PieceCodec

    private static func isTextEncoder(_ name: String) -> Bool { name.hasPrefix("text_encoder.") }

    /// Whether a run with a configuration trains a parameter.
    private static func trains(_ name: String, _ configuration: FlowTrainingConfiguration) -> Bool {
        if name.hasPrefix("text_decoder.") { return true }
        guard !configuration.textDecoderOnly else { return false }
        return name.hasPrefix("flow.") || configuration.textEncoder != .frozen && isTextEncoder(name)
    }

    /// The trained parameters from one source, all others from those that stay as they are.
    private static func routed(
        _ trained: any WeightSource, _ configuration: FlowTrainingConfiguration, frozen: NamedTensors
    ) -> RoutedWeights {
        RoutedWeights(trained, where: { trains($0, configuration) }, otherwise: frozen)
    }

    /// - Parameters:
    ///   - source: training samples; `shown`: those of the sample grids.
    ///   - initial: parameters to start from, instead of fresh ones.
    /// - Throws: `TrainingError.badConfiguration` where the configuration does not fit the tokenizer, or would lose the
    ///   text encoder that `initial` has; `WeightMismatch` where `initial` has not every parameter in its shape; what the source throws.
    public init(
        _ configuration: FlowTrainingConfiguration, tokenizer: TokenizerFolder, source: any SampleSource,
        shown: any SampleSource, initial: [String: Tensor]? = nil
    ) throws {
        self.configuration = configuration
        self.source = source
        self.shown = shown
        if let problem = configuration.problem(over: tokenizer.configuration) {
            throw TrainingError.badConfiguration(file: "the flow's configuration", reason: problem)
        }
        let imageTokenizer = tokenizer.configuration.imageTokenizer
        codec = try PieceCodec(tokenizer.vocabulary, length: imageTokenizer.latentTokens)
        var kept = tokenizer.weights
        if configuration.textDecoderOnly {
            kept.merge((initial ?? [:]).filter { !FlowTask.trains($0.key, configuration) }) { $1 }
        }
        let frozen = NamedTensors(kept)
        self.frozen = frozen
        // The statistics of the latents that the flow is to see.
        let batch = try Batch(source, first: 1 << 40, count: 512, side: imageTokenizer.imageSize, codec: codec)
        let fixed = FlowTiTok(imageTokenizer, weights: Weights(frozen)["image_tokenizer"])
        let statistics = fixed.encode(batch.images).mean.channelStatistics
        modelConfiguration = configuration.model(over: tokenizer.configuration, latents: statistics)
        let given = initial.map { NamedTensors($0) }
        let hasTextEncoder = initial?.keys.contains(where: FlowTask.isTextEncoder) ?? false
        if hasTextEncoder && configuration.textEncoder == .frozen && !configuration.textDecoderOnly {
            throw TrainingError.badConfiguration(
                file: "the flow's configuration",
                reason: "text_encoder is \"frozen\", but the flow to start from has a text encoder of its own: expected \"tuned\"")
        }
        var start: any WeightSource = given ?? FreshWeights(seed: configuration.training.seed)
        if configuration.textEncoder == .tuned && !hasTextEncoder {
            start = RoutedWeights(frozen, where: FlowTask.isTextEncoder, otherwise: start)
        }
        store = ParameterStore(from: start)
        let weights = Weights(FlowTask.routed(store, configuration, frozen: frozen))
        model = FlowTokModel(modelConfiguration, weights: weights)
        projector = TextProjector(
            weights["flow.context_projector"], width: configuration.textVariationalEncoder.width,
            channels: imageTokenizer.tokenSize)
        temperature = weights.tensor("flow.t2t_temperature", [], initial: .constant(Float(log(1 / 0.07))))
        try given?.verify("the flow to start from")
        if configuration.textDecoderOnly { try frozen.verify("the flow to start from") }
        var fingerprint = Fingerprint()
        fingerprint.add(tokenizer.vocabulary.modelBytes)
        // The loss never sees the decoder, which may go on learning meanwhile.
        fingerprint.add(
            kept.filter { name, _ in !TokenizerTask.isDecoder(name) && !FlowTask.trains(name, configuration) })
        foundation = fingerprint.text
    }

    public func loss(step: Int) throws -> (loss: Tensor, figures: [(name: String, value: Double)]) {
        let settings = configuration.training
        let count = settings.batchSize
        let seen = min(count, max(1, Int((Float(count) * configuration.flowShare).rounded())))
        let toText = Int((Float(seen) * configuration.imageToTextShare).rounded())
        // Whoever is to give a caption needs one to aim at, and not the mean of all that would do. Samples that the
        // velocity network does not see may be read as well.
        let plain = seen - toText..<(configuration.readingWeight > 0 ? count : seen)
        let batch = try Batch(
            source, first: UInt64(step) * UInt64(count), count: count,
            side: modelConfiguration.imageTokenizer.imageSize, codec: codec, plain: plain)
        var random = CounterRandom(seed: settings.seed, stream: UInt64(step))
        let shape = [count] + model.latentShape
        let posterior = model.imageTokenizer.encode(batch.images)
        let image = model.normalized(posterior.sample(noise: .randomNormal(shape, using: &random)))
        let hidden = model.textEncoder(batch.ids)
        let text = model.textVariationalEncoder(hidden)
        let tokens = text.sample(noise: .randomNormal(shape, using: &random))

        let (perSample, bound) = flowLosses(
            image: image, tokens: tokens, text: text, toImage: seen - toText, toText: toText, &random)

        let alignment = FlowLosses.alignment(tokens: tokens, projected: projector(hidden), temperature: temperature)
        let matching = (text.mean - model.normalized(posterior.mean)).meanSquare()
        let kl = text.klDivergence * (1 / Float(count))
        let decoded = min(count, max(1, Int((Float(count) * configuration.decodingShare).rounded())))
        // A different part of the batch decodes at each step, so that both directions' samples do.
        let firstDecoded = (step * decoded) % (count - decoded + 1)
        let logits = try model.captionLogits(tokens.sliced(axis: 0, firstDecoded..<firstDecoded + decoded))
        let length = codec.length
        let decoding = logits.crossEntropy(
            Array(batch.ids[firstDecoded * length..<(firstDecoded + decoded) * length]))
        var loss =
            perSample.mean() + alignment * configuration.alignmentWeight + kl * configuration.klWeight
            + decoding * configuration.decodingWeight + matching * configuration.matchingWeight
        let values = perSample.values
        func mean(_ values: ArraySlice<Float>) -> Double { Double(values.reduce(0, +)) / Double(max(1, values.count)) }
        var figures: [(name: String, value: Double)] = [("text_to_image_loss", mean(values[..<(seen - toText)]))]
        if toText > 0 { figures.append(("image_to_text_loss", mean(values[(seen - toText)...]))) }
        if toText > 0 && configuration.captioningWeight > 0 {
            let captioning = try model.captionLogits(bound).crossEntropy(
                Array(batch.ids[(seen - toText) * length..<seen * length]))
            loss = loss + captioning * configuration.captioningWeight
            figures.append(("captioning_loss", Double(captioning.item)))
        }
        if !plain.isEmpty && configuration.readingWeight > 0 {
            let times = plain.map { _ in random.earlyTime() }
            let points = ProbabilityPath.point(
                from: image.sliced(axis: 0, plain), to: tokens.sliced(axis: 0, plain), at: times)
            let reading = try model.captionLogits(points).crossEntropy(
                Array(batch.ids[plain.lowerBound * length..<plain.upperBound * length]))
            loss = loss + reading * configuration.readingWeight
            figures.append(("reading_loss", Double(reading.item)))
        }
        return (
            loss,
            figures + [
                ("alignment_loss", Double(alignment.item)), ("matching_loss", Double(matching.item)),
                ("kl_loss", Double(kl.item) / Double(shape[1] * shape[2])), ("decoding_loss", Double(decoding.item)),
            ]
        )
    }

    /// The flow-matching loss of the samples that the velocity network sees, those to images first, and the text tokens
    /// [to text, N, D] for which the others are bound.
    private func flowLosses(
        image: Tensor, tokens: Tensor, text: TextPosterior, toImage: Int, toText: Int, _ random: inout CounterRandom
    ) -> (perSample: Tensor, bound: Tensor) {
        let count = toImage + toText
        let times = (0..<toImage).map { _ in 1 / (1 + exp(-random.normal())) } + (0..<toText).map { _ in random.earlyTime() }
        let (order, indicators) = FlowLosses.exchangedTargets(
            unconditional: (0..<toImage).map { _ in random.uniform() < configuration.unconditionalShare })
        let size = image.shape[1] * image.shape[2]
        let exchanged = image.reshaped([image.shape[0], size]).rows(order.map(Int32.init))
            .reshaped([toImage] + model.latentShape)
        // Text to image starts from a sample of the text posterior; image to text aims at its mean.
        let sources = Tensor.concatenated(
            [tokens.sliced(axis: 0, 0..<toImage), image.sliced(axis: 0, toImage..<count)], axis: 0)
        let targets = Tensor.concatenated(
            [exchanged, text.mean.detached.sliced(axis: 0, toImage..<count)], axis: 0)
        let points = ProbabilityPath.point(from: sources, to: targets, at: times)
        let predicted = model.velocity(
            points, times: times,
            indicators: indicators + [Int32](repeating: Indicator.imageToText.rawValue, count: toText))
        let perSample = FlowLosses.flowMatching(
            predicted: predicted, velocity: ProbabilityPath.velocity(from: sources, to: targets))
        let bound = ProbabilityPath.destination(
            of: points.sliced(axis: 0, toImage..<count), velocity: predicted.sliced(axis: 0, toImage..<count),
            at: Array(times[toImage...]))
        return (perSample, bound)
    }

    private func model(_ parameters: any WeightSource) -> FlowTokModel {
        FlowTokModel(
            modelConfiguration,
            weights: Weights(FlowTask.routed(parameters, configuration, frozen: frozen)))
    }

    public func samples(parameters: any WeightSource) throws -> [(name: String, image: Image)] {
        let model = model(parameters)
        let batch = try Batch(
            shown, first: 0, count: 24, side: modelConfiguration.imageTokenizer.imageSize, codec: codec)
        var random = CounterRandom(seed: 0, stream: 0)
        let (tokens, hidden) = model.textTokens(
            batch.ids, noise: .randomNormal([24] + model.latentShape, using: &random))
        let drawn = try model.imageTokens(
            from: tokens, integrator: FlowIntegrator(configuration.sampling.solver, steps: configuration.sampling.steps),
            guidance: Guidance(
                scale: configuration.sampling.guidance,
                interval: configuration.sampling.guidanceInterval[0]...configuration.sampling.guidanceInterval[1]))
        let images = try model.pixels(drawn, guidedBy: hidden).images()
        let pairs = zip(try batch.images.images(), images).flatMap { [$0, $1] }
        return [("drawn", try Image.grid(pairs, columns: 8, gap: 2))]
    }

    /// Captions of the shown pictures beside the true ones, a line each.
    public func notes(parameters: any WeightSource) throws -> String {
        let model = model(parameters)
        let batch = try Batch(
            shown, first: 0, count: 24, side: modelConfiguration.imageTokenizer.imageSize, codec: codec)
        let latents = model.normalized(model.imageTokenizer.encode(batch.images).mean)
        let tokens = try model.textTokens(
            from: latents,
            integrator: FlowIntegrator(configuration.captioning.solver, steps: configuration.captioning.steps),
            direction: configuration.captioning.direction)
        let captions = try model.pieces(tokens).map { try codec.decode($0) }
        return zip(batch.captions, captions).map { "\($0) => \($1)\n" }.joined()
    }

    public func export(parameters: any WeightSource, to folder: String) throws {
        let recorder = WeightRecorder(FlowTask.routed(parameters, configuration, frozen: frozen))
        _ = FlowTokModel(modelConfiguration, weights: Weights(recorder))
        try ModelFolder.write(
            modelConfiguration, weights: recorder.parameters, vocabulary: codec.vocabulary, to: folder + "/model")
    }
}

extension CounterRandom {
    /// A time between image and text. Where a caption begins, all is to be told from the picture alone, and logit-normal
    /// times hardly ever come there: one in seventy is below 0.1, of squared uniform ones a third.
    fileprivate mutating func earlyTime() -> Float {
        let uniform = uniform()
        return uniform * uniform
    }
}
