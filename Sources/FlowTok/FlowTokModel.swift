import Flow
import ImageTokenizers
import Layers
import Tensors
import TextModels

/// The networks of a model, built from one weight source: what is trained is what is served.
///
/// Names in `model.safetensors`: `image_tokenizer.` before FlowTiTok's official names, `flow.` before the official names
/// of FlowTok's checkpoint (velocity network and `context_encoder`), `text_encoder.` and `text_decoder.`.
public struct FlowTokModel: Sendable {
    public let configuration: ModelConfiguration
    public let imageTokenizer: FlowTiTok
    public let textEncoder: TextTransformer
    public let textVariationalEncoder: TextVariationalEncoder
    /// Nil in models that only draw.
    public let textDecoder: TextDecoder?
    public let velocity: VelocityNetwork

    public init(_ configuration: ModelConfiguration, weights: Weights) {
        self.init(
            configuration, weights: weights,
            imageTokenizer: FlowTiTok(configuration.imageTokenizer, weights: weights["image_tokenizer"]))
    }

    /// A model that serves: the image tokenizer's encoder is read when it is first used.
    ///
    /// - Parameters:
    ///   - expected: is asked for that encoder's parameters now, under `image_tokenizer.`, and need not give them.
    ///   - encoderWeights: where they come from then, under FlowTiTok's own names.
    init(
        _ configuration: ModelConfiguration, weights: Weights, expected: any WeightSource,
        encoderWeights: @escaping @Sendable () -> Weights
    ) {
        self.init(
            configuration, weights: weights,
            imageTokenizer: FlowTiTok(
                configuration.imageTokenizer, weights: weights["image_tokenizer"],
                expected: Weights(expected)["image_tokenizer"], encoderWeights: encoderWeights))
    }

    private init(_ configuration: ModelConfiguration, weights: Weights, imageTokenizer: FlowTiTok) {
        self.configuration = configuration
        self.imageTokenizer = imageTokenizer
        textEncoder = TextTransformer(configuration.textEncoder, weights: weights["text_encoder"])
        textVariationalEncoder = TextVariationalEncoder(
            configuration.textVariationalEncoder, weights: weights["flow.context_encoder"])
        textDecoder = configuration.textDecoder.map {
            TextDecoder($0, channels: configuration.imageTokenizer.tokenSize, weights: weights["text_decoder"])
        }
        velocity = VelocityNetwork(configuration.velocity, weights: weights["flow"])
    }

    /// Latents [batch, K, D] as the flow sees them: (z - mean) / deviation.
    public func normalized(_ latents: Tensor) -> Tensor {
        let statistics = configuration.latents
        return latents.scaledPerChannel(
            statistics.deviation.map { 1 / $0 }, plus: zip(statistics.mean, statistics.deviation).map { -$0 / $1 })
    }

    /// The inverse of `normalized`.
    public func denormalized(_ latents: Tensor) -> Tensor {
        latents.scaledPerChannel(configuration.latents.deviation, plus: configuration.latents.mean)
    }
}
