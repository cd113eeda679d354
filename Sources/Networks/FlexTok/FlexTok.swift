import Layers
import Sampling
import Tensors

/// FlexTok (2502.13967): an image as an ordered sequence of 1 to 256 codes, of which any prefix decodes. An autoencoder
/// gives latents, in float32 whatever the precision of products, an encoder reads them into registers, each of which is quantized, and a rectified flow draws latents of
/// as many of them as there are.
public struct FlexTok: Sendable {
    /// What turns images into codes.
    private struct Reading: Sendable {
        let autoencoder: AutoencoderKLEncoder
        let encoder: FlexTokEncoder

        init(_ configuration: FlexTokConfiguration, weights: Weights) {
            autoencoder = AutoencoderKLEncoder(configuration.autoencoder.shape, weights: weights["vae.vae"].exact)
            encoder = FlexTokEncoder(configuration, weights: weights["encoder.module_dict"])
        }
    }

    /// What turns codes into images.
    private struct Drawing: Sendable {
        let autoencoder: AutoencoderKLDecoder
        let decoder: FlexTokDecoder

        init(_ configuration: FlexTokConfiguration, weights: Weights) {
            autoencoder = AutoencoderKLDecoder(configuration.autoencoder.shape, weights: weights["vae.vae"].exact)
            decoder = FlexTokDecoder(configuration, weights: weights["decoder.module_dict"])
        }
    }

    public let configuration: FlexTokConfiguration
    public let quantizer: FiniteScalarQuantizer
    private let reading: DeferredPart<Reading>
    private let drawing: DeferredPart<Drawing>
    package let scalingFactor: Float

    /// The scaling factor of the autoencoder must be known.
    public init(_ configuration: FlexTokConfiguration, weights: Weights) {
        self.init(
            configuration, reading: DeferredPart(Reading(configuration, weights: weights)),
            drawing: DeferredPart(Drawing(configuration, weights: weights)))
    }

    /// A tokenizer that reads what encodes, and what decodes, when it is first used: most commands do without one of them.
    ///
    /// - Parameters:
    ///   - expected: is asked for all parameters now, and need not give them.
    ///   - later: where they come from then.
    public init(_ configuration: FlexTokConfiguration, expected: Weights, later: DeferredWeights) {
        self.init(
            configuration, reading: later.part(expected: expected) { Reading(configuration, weights: $0) },
            drawing: later.part(expected: expected) { Drawing(configuration, weights: $0) })
    }

    private init(_ configuration: FlexTokConfiguration, reading: DeferredPart<Reading>, drawing: DeferredPart<Drawing>) {
        precondition(configuration.autoencoder.scalingFactor != nil, "an autoencoder without a scaling factor")
        self.configuration = configuration
        self.reading = reading
        self.drawing = drawing
        quantizer = FiniteScalarQuantizer(levels: configuration.levels)
        scalingFactor = Float(configuration.autoencoder.scalingFactor ?? 1)
    }

    /// - Throws: where what encodes is read when it is first used, what reading it throws.
    public var autoencoderEncoder: AutoencoderKLEncoder {
        get throws { try reading.value.autoencoder }
    }

    /// - Throws: where what decodes is read when it is first used, what reading it throws.
    public var autoencoderDecoder: AutoencoderKLDecoder {
        get throws { try drawing.value.autoencoder }
    }

    /// - Throws: as `autoencoderEncoder`.
    public var encoder: FlexTokEncoder {
        get throws { try reading.value.encoder }
    }

    /// - Throws: as `autoencoderDecoder`.
    public var decoder: FlexTokDecoder {
        get throws { try drawing.value.decoder }
    }

    /// Scaled latents [batch, channels, height, width] of images [batch, 3, height, width] in 0...1: those of the posterior's
    /// mean, or a sample of it where noise of the latents' shape is given. The official code samples; the mean gives the
    /// same codes always.
    ///
    /// - Throws: as `autoencoderEncoder`.
    public func latents(_ images: Tensor, noise: Tensor? = nil) throws -> Tensor {
        let posterior = try Precision.$current.withValue(.float32) { try autoencoderEncoder(images * 2 + -1) }
        return (noise.map { posterior.sample(noise: $0) } ?? posterior.mean) * scalingFactor
    }

    /// Images [batch, 3, height, width], nominally in 0...1, of scaled latents.
    ///
    /// - Throws: as `autoencoderDecoder`.
    public func images(_ latents: Tensor) throws -> Tensor {
        try Precision.$current.withValue(.float32) { try autoencoderDecoder(latents * (1 / scalingFactor)) * 0.5 + 0.5 }
    }

    /// Registers [batch, registers, width] for the decoder, of rows of codes, each a prefix of an image's.
    package func registers(_ codes: [[Int32]]) throws -> Tensor {
        let decoder = try decoder
        // What stands for the codes that are missing is masked.
        let padded = codes.flatMap { $0 + [Int32](repeating: 0, count: configuration.registers - $0.count) }
        let vectors = quantizer.vectors(padded).reshaped([codes.count, configuration.registers, configuration.levels.count])
        return decoder.masked(decoder.embed(codes: vectors), keeping: codes.map(\.count))
    }

    /// Latents drawn from noise [batch, channels, height, width] for rows of codes, one to a sample.
    ///
    /// - Throws: `SolverError.notFinite`, what `decoder` throws, and what `progress` throws.
    package func draw(
        _ codes: [[Int32]], from noise: Tensor, settings: DecoderSettings, progress: (GenerationStep) throws -> Void
    ) throws -> Tensor {
        let (decoder, batch) = (try decoder, codes.count)
        let conditional = try registers(codes)
        let isGuided = settings.guidance != 1
        let all = isGuided ? Tensor.concatenated([conditional, decoder.nullRegisters(batch: batch)], axis: 0) : conditional
        var projected = ProjectedGuidance(scale: settings.guidance)
        let times = RectifiedFlow.times(steps: settings.steps)
        var step = 0
        return try RectifiedFlow.integrate(noise, steps: settings.steps) { x, time in
            // What depends on time alone is computed for many steps at once.
            if step % Self.preparedSteps == 0 { decoder.prepare(Array(times[step...].prefix(Self.preparedSteps))) }
            step += 1
            guard isGuided else { return decoder(x, times: [Float](repeating: time, count: batch), registers: all) }
            let both = decoder(
                .concatenated([x, x], axis: 0), times: [Float](repeating: time, count: 2 * batch), registers: all)
            let (with, without) = (both.sliced(axis: 0, 0..<batch), both.sliced(axis: 0, batch..<2 * batch))
            switch settings.method {
            case .classifierFree: return without + (with - without) * Float(settings.guidance)
            case .projected: return projected(conditional: with, unconditional: without)
            }
        } progress: {
            try progress(GenerationStep(step: $0, steps: settings.steps))
        }
    }

    private static let preparedSteps = 32
}

extension FlexTok: ImageTokenizer {
    public var imageSize: Int { configuration.imageSize }
    public var tokens: TokenShape { configuration.tokens }
    public var textGuidance: TextGuidanceShape? { nil }
    public var byteRounding: ByteRounding { .truncating }
    public var framing: ImageFraming { .shorterEdge(.bilinear) }
    public var decoderSettings: DecoderSettings? { FlexTok.published }

    /// What the authors recommend.
    public static let published = DecoderSettings(steps: 20, guidance: 7.5, method: .projected)

    public func tokenize(_ images: Tensor) throws -> ImageTokens {
        try check(images: images)
        let bounded = quantizer.bounded(try encoder(latents(images)))
        guard let codes = quantizer.codes(bounded: bounded) else {
            let place = bounded.firstNonFinite ?? 0
            throw ImageTokenizerError.notFinite(what: "number \(place) of the codes", value: bounded.values[place])
        }
        return .indices(codes.split(into: configuration.registers))
    }

    public func detokenize(
        _ tokens: ImageTokens, guidedBy text: Tensor?, options: DecodeOptions, progress: (GenerationStep) throws -> Void
    ) throws -> Tensor {
        let codes = try checkedIndices(tokens)
        guard !codes.isEmpty else { return .zeros([0, 3, imageSize, imageSize]) }
        let settings = options.settings(over: FlexTok.published)
        var source: any NoiseSource = options.rng.source(seed: options.seed)
        // A draw to each image, in the order of the batch.
        let shape = [1, configuration.autoencoder.latentChannels, configuration.latentSide, configuration.latentSide]
        let noise = Tensor.concatenated(codes.map { _ in source.normal(shape) }, axis: 0)
        return try images(draw(codes, from: noise, settings: settings, progress: progress))
    }
}
