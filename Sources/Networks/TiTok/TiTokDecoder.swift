import Layers
import Tensors

/// Quantized latent tokens to pixels, or in the first release to the logits of a MaskGIT-VQGAN's codes (TiTok, section
/// 3.2; TA-TiTok, section 3.1; reference sections 2 and 5).
public struct TiTokDecoder: Sendable {
    /// What the features of a patch become.
    private enum Head: Sendable {
        /// The pixels of the patch, smoothed across patches by a 3×3 convolution.
        case pixels(Linear, smoothing: (weight: Tensor, bias: Tensor))
        /// Logits of codes.
        case logits(Linear, Linear)
    }

    /// Where a caption enters.
    private struct Guidance: Sendable {
        let projection: Linear
        let positions: Tensor
    }

    let configuration: TiTokConfiguration
    private let classEmbedding: Tensor
    private let positions: Tensor
    private let maskToken: Tensor
    private let latentPositions: Tensor
    private let latentEmbedding: Linear
    private let guidance: Guidance?
    private let firstNorm: LayerNorm
    package let blocks: [ResidualAttentionBlock]
    private let lastNorm: LayerNorm
    private let head: Head

    init(_ configuration: TiTokConfiguration, weights: Weights) {
        let shape = configuration.decoder
        let (width, grid, patch) = (shape.width, configuration.decoderGrid, configuration.decoderPatchSize)
        let table = Initializer.normal(std: 1 / Float(width).squareRoot())
        let initial = Initializer.truncatedNormal(std: 0.02)
        self.configuration = configuration
        classEmbedding = weights.tensor("class_embedding", [1, width], initial: table)
        positions = weights.tensor("positional_embedding", [grid * grid + 1, width], initial: table)
        maskToken = weights.tensor("mask_token", [1, 1, width], initial: table)
        latentPositions = weights.tensor(
            "latent_token_positional_embedding", [configuration.latentTokens, width], initial: table)
        latentEmbedding = Linear(
            weights["decoder_embed"], from: configuration.tokenSize, to: width, initial: initial)
        guidance =
            configuration.kind == .textAware
            ? Guidance(
                projection: Linear(
                    weights["text_guidance_proj"], from: configuration.textEmbeddingWidth, to: width, initial: initial),
                positions: weights.tensor(
                    "text_guidance_positional_embedding", [configuration.textContextLength, width], initial: table))
            : nil
        firstNorm = LayerNorm(weights["ln_pre"], width: width)
        blocks = (0..<shape.layers).map {
            ResidualAttentionBlock(weights["transformer"][$0], width: width, heads: shape.heads, activation: .gelu)
        }
        lastNorm = LayerNorm(weights["ln_post"], width: width)
        head =
            configuration.isLegacy
            ? .logits(
                Linear(weights["ffn.0"], from: width, to: 2 * width, kernel: [1, 1], initial: initial),
                Linear(
                    weights["ffn.2"], from: 2 * width, to: configuration.pixels.codebookSize, kernel: [1, 1],
                    initial: initial))
            : .pixels(
                Linear(weights["ffn.0"], from: width, to: 3 * patch * patch, kernel: [1, 1], initial: initial),
                smoothing: (
                    weights.tensor("conv_out.weight", [3, 3, 3, 3], initial: .identityKernel3x3),
                    weights.tensor("conv_out.bias", [3], initial: .zeros)
                ))
    }

    /// Class token, mask tokens, latents [batch, K, D] and, where the decoder is guided, the hidden states of a caption
    /// as one sequence, normalised.
    package func sequence(_ latents: Tensor, text: Tensor?) -> Tensor {
        precondition(
            latents.rank == 3 && latents.shape[1...] == [configuration.latentTokens, configuration.tokenSize],
            "latents of shape \(latents.shape) for \(configuration.latentTokens) tokens of \(configuration.tokenSize)")
        precondition(
            (text == nil) == (guidance == nil), guidance == nil ? "a text for an unguided decoder" : "no text guidance")
        let (batch, width) = (latents.shape[0], configuration.decoder.width)
        let patches = configuration.decoderGrid * configuration.decoderGrid
        let masks = maskToken.reshaped([width]).repeated(patches)
        let queries = Tensor.concatenated([classEmbedding, masks], axis: 0) + positions
        var parts = [queries.repeated(batch), latentEmbedding(latents).addingRepeated(latentPositions)]
        if let guidance, let text {
            precondition(
                text.shape == [batch, configuration.textContextLength, configuration.textEmbeddingWidth],
                "text guidance of shape \(text.shape) for latents of shape \(latents.shape)")
            parts.append(guidance.projection(text).addingRepeated(guidance.positions))
        }
        return firstNorm(.concatenated(parts, axis: 1))
    }

    /// The normalised patch tokens of a sequence: [batch, grid², width].
    package func patchFeatures(_ sequence: Tensor) -> Tensor {
        lastNorm(sequence.sliced(axis: 1, 1..<1 + configuration.decoderGrid * configuration.decoderGrid))
    }

    /// What the first layers of the head make of patch features: pixels [batch, 3, side, side] before smoothing, or the
    /// logits [batch, grid², codes] of a legacy decoder.
    package func unsmoothed(_ features: Tensor) -> Tensor {
        switch head {
        case .logits(let first, let second):
            return second(first(features).applying(.tanh))
        case .pixels(let pixels, _):
            let (grid, patch, side) = (configuration.decoderGrid, configuration.decoderPatchSize, configuration.imageSize)
            let batch = features.shape[0]
            return pixels(features).reshaped([batch, grid, grid, patch, patch, 3]).permuted(0, 5, 1, 3, 2, 4)
                .reshaped([batch, 3, side, side])
        }
    }

    /// latents [batch, K, D] and text [batch, positions, width] → images [batch, 3, side, side], not clamped, or the
    /// logits [batch, grid², codes] of a legacy decoder.
    public func callAsFunction(_ latents: Tensor, text: Tensor?) -> Tensor {
        let result = unsmoothed(patchFeatures(blocks.reduce(sequence(latents, text: text)) { $1($0) }))
        guard case .pixels(_, let smoothing) = head else { return result }
        return result.convolved3x3(smoothing.weight, bias: smoothing.bias)
    }
}
