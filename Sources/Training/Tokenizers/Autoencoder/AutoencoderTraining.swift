import Files
import Layers
import Networks
import Tensors

/// Training of a convolutional variational autoencoder of Latent Diffusion's kind, the one that FlexTok and TokenBridge each read
/// images with.
public struct AutoencoderTraining: TokenizerKind {
    public static let id = "autoencoder"

    /// The weight of the mean divergence of a latent number.
    public var klWeight: Float

    public init(klWeight: Float = 1e-4) { self.klWeight = klWeight }

    enum CodingKeys: String, CodingKey {
        case klWeight = "kl_weight"
    }

    /// Reads what is named and keeps the defaults of everything else.
    public init(from decoder: any Decoder) throws {
        self.init()
        try decoder.container(keyedBy: CodingKeys.self).read(&klWeight, .klWeight)
    }

    public func validate(_ network: TokenBridgeTokenizerConfiguration) throws(InvalidValue) {
        try expectWeights([("kl_weight", klWeight)])
    }

    public func learner(
        _ network: TokenBridgeTokenizerConfiguration, weights: Weights, store: ParameterStore
    ) throws -> any TokenizerLearner {
        AutoencoderLearner(weight: klWeight, network: TokenBridgeTokenizer(network, weights: weights))
    }

    /// The factor that brings latents to deviation 1.
    public func finished(
        _ network: TokenBridgeTokenizerConfiguration, weights: Weights, images: (_ count: Int) throws -> Tensor
    ) throws -> TokenBridgeTokenizerConfiguration {
        let latents = try TokenBridgeTokenizer(network, weights: weights).latents(images(32))
        let scale = (latents.sumOfSquares().item / Float(max(1, latents.count))).squareRoot()
        var network = network
        if scale > 1e-6, scale.isFinite { network.scaleFactor /= Double(scale) }
        return network
    }
}

/// An autoencoder in training.
private final class AutoencoderLearner: TokenizerLearner {
    private let weight: Float
    private let network: TokenBridgeTokenizer

    init(weight: Float, network: TokenBridgeTokenizer) {
        self.weight = weight
        self.network = network
    }

    func loss(_ images: Tensor, step: Int, random: inout CounterRandom) throws -> TokenizerObjective {
        let posterior = LatentPosterior(moments: try network.moments(images))
        let latents = posterior.sample(noise: .randomNormal(posterior.mean.shape, using: &random))
        let divergence = posterior.klDivergence * (1 / Float(latents.count))
        return TokenizerObjective(
            image: try network.decode(latents * Float(network.configuration.scaleFactor)), loss: divergence * weight,
            metrics: [("kl_loss", Double(divergence.item))])
    }
}
