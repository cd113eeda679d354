import Layers
import Sampling
import Tensors

/// The networks of a model, built from one weight source: what is trained is what is served.
///
/// Names in `model.safetensors`: `image_tokenizer.` before FlowTiTok's official names, `flow.` before the official names
/// of FlowTok's checkpoint (velocity network and `context_encoder`), `text_encoder.` and `text_decoder.`.
public struct FlowTokModel: Sendable {
    public let configuration: FlowTokConfiguration
    public let imageTokenizer: FlowTiTok
    public let textEncoder: TextTransformer
    public let textVariationalEncoder: TextVariationalEncoder
    private let deferredDecoder: Lazy<TextDecoder>?
    public let velocity: VelocityNetwork

    public init(_ configuration: FlowTokConfiguration, weights: Weights) {
        self.init(
            configuration, weights: weights,
            imageTokenizer: FlowTiTok(configuration.imageTokenizer, weights: weights["image_tokenizer"]),
            textDecoder: {
                configuration.decoder(weights["text_decoder"]).map { decoder in Lazy { decoder } }
            })
    }

    /// A model that serves: what captions alone, the image tokenizer's encoder and the text decoder, is read when it is
    /// first used.
    ///
    /// - Parameters:
    ///   - expected: is asked for their parameters now and need not give them.
    ///   - later: where they come from then: gives the weights of a part, `image_tokenizer` or `text_decoder`.
    package init(
        _ configuration: FlowTokConfiguration, weights: Weights, expected: any WeightSource,
        later: @escaping @Sendable (_ part: String) -> Weights
    ) {
        self.init(
            configuration, weights: weights,
            imageTokenizer: FlowTiTok(
                configuration.imageTokenizer, weights: weights["image_tokenizer"],
                expected: Weights(expected)["image_tokenizer"], encoderWeights: { later("image_tokenizer") }),
            textDecoder: {
                _ = configuration.decoder(Weights(expected)["text_decoder"])
                return configuration.textDecoder.map { form in
                    Lazy { configuration.decoder(form, later("text_decoder")) }
                }
            })
    }

    private init(
        _ configuration: FlowTokConfiguration, weights: Weights, imageTokenizer: FlowTiTok,
        textDecoder: () -> Lazy<TextDecoder>?
    ) {
        self.configuration = configuration
        self.imageTokenizer = imageTokenizer
        textEncoder = TextTransformer(configuration.textEncoder, weights: weights["text_encoder"])
        textVariationalEncoder = TextVariationalEncoder(
            configuration.textVariationalEncoder, weights: weights["flow.context_encoder"])
        deferredDecoder = textDecoder()
        velocity = VelocityNetwork(configuration.velocity, weights: weights["flow"])
    }

    /// Nil in models that only draw.
    public var textDecoder: TextDecoder? { deferredDecoder?.value }

    /// Latents [batch, K, D] as the flow sees them: (z - mean) / std.
    public func normalized(_ latents: Tensor) -> Tensor {
        let statistics = configuration.latents
        return latents.scaledPerChannel(
            statistics.std.map { 1 / $0 }, plus: zip(statistics.mean, statistics.std).map { -$0 / $1 })
    }

    /// The inverse of `normalized`.
    public func denormalized(_ latents: Tensor) -> Tensor {
        latents.scaledPerChannel(configuration.latents.std, plus: configuration.latents.mean)
    }
}

extension FlowTokConfiguration {
    fileprivate func decoder(_ form: TextTransformerConfiguration, _ weights: Weights) -> TextDecoder {
        TextDecoder(form, channels: imageTokenizer.tokenSize, weights: weights)
    }

    fileprivate func decoder(_ weights: Weights) -> TextDecoder? { textDecoder.map { decoder($0, weights) } }
}
