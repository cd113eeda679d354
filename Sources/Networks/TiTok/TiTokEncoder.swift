import Layers
import Tensors

/// Pixels to the vectors of K latent tokens, before quantization (TiTok, section 3.2; reference section 2).
public struct TiTokEncoder: Sendable {
    let configuration: TiTokConfiguration
    private let latentTokens: Tensor
    private let classEmbedding: Tensor
    private let positions: Tensor
    private let latentPositions: Tensor
    private let patchEmbedding: Linear
    private let firstNorm: LayerNorm
    package let blocks: [ResidualAttentionBlock]
    private let lastNorm: LayerNorm
    private let output: Linear

    init(_ configuration: TiTokConfiguration, weights root: Weights) {
        let shape = configuration.encoder
        let (width, grid, tokens) = (shape.width, configuration.encoderGrid, configuration.latentTokens)
        let table = Initializer.normal(std: 1 / Float(width).squareRoot())
        let initial = Initializer.truncatedNormal(std: 0.02)
        self.configuration = configuration
        latentTokens = root.tensor("latent_tokens", [tokens, width], initial: table)
        let weights = root["encoder"]
        classEmbedding = weights.tensor("class_embedding", [1, width], initial: table)
        positions = weights.tensor("positional_embedding", [grid * grid + 1, width], initial: table)
        latentPositions = weights.tensor("latent_token_positional_embedding", [tokens, width], initial: table)
        patchEmbedding = Linear(
            convolution: weights["patch_embed"], channels: 3, patch: configuration.encoderPatchSize, to: width,
            initial: initial)
        firstNorm = LayerNorm(weights["ln_pre"], width: width)
        blocks = (0..<shape.layers).map {
            ResidualAttentionBlock(weights["transformer"][$0], width: width, heads: shape.heads, activation: .gelu)
        }
        lastNorm = LayerNorm(weights["ln_post"], width: width)
        let numbers = configuration.tokenSize * (configuration.quantization == .variational ? 2 : 1)
        output = Linear(weights["conv_out"], from: width, to: numbers, kernel: [1, 1], initial: initial)
    }

    /// images [batch, 3, side, side] → the embedded patches [batch, grid², width], row-major.
    package func embed(_ images: Tensor) -> Tensor {
        let side = configuration.imageSize
        precondition(
            images.rank == 4 && images.shape[1...] == [3, side, side],
            "images of shape \(images.shape) for a tokenizer of \(side)×\(side) pixels")
        let (batch, grid, patch) = (images.shape[0], configuration.encoderGrid, configuration.encoderPatchSize)
        let patches = images.reshaped([batch, 3, grid, patch, grid, patch]).permuted(0, 2, 4, 1, 3, 5)
        return patchEmbedding(patches.reshaped([batch, grid * grid, 3 * patch * patch]))
    }

    /// Class token, patches and latents as one sequence, normalised.
    package func sequence(_ patches: Tensor) -> Tensor {
        let batch = patches.shape[0]
        let seen = Tensor.concatenated([classEmbedding.repeated(batch), patches], axis: 1).addingRepeated(positions)
        let latents = (latentTokens + latentPositions).repeated(batch)
        return firstNorm(.concatenated([seen, latents], axis: 1))
    }

    /// The vectors [batch, K, D] (or their moments [batch, K, 2D], means first) at the end of a sequence.
    package func head(_ sequence: Tensor) -> Tensor {
        let (tokens, first) = (configuration.latentTokens, sequence.shape[1] - configuration.latentTokens)
        let features = lastNorm(sequence.sliced(axis: 1, first..<first + tokens))
        guard configuration.isLegacy else { return output(features) }
        // The first release reads [tokens, width] as [width, tokens] without moving a number, and its checkpoints need
        // the same: channel w of token n is number w·K + n.
        let (batch, width) = (features.shape[0], features.shape[2])
        return output(features.reshaped([batch, width, tokens]).permuted(0, 2, 1))
    }

    /// images [batch, 3, side, side] in 0...1 → vectors [batch, K, D], or their moments [batch, K, 2D].
    public func callAsFunction(_ images: Tensor) -> Tensor {
        head(blocks.reduce(sequence(embed(images))) { $1($0) })
    }
}
