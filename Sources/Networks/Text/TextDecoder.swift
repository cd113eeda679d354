import Layers
import Tensors

/// Text tokens back to pieces: six transformer blocks over the N text latents and one piece to a position, all at once
/// (FlowTok, section 3.4: captioning).
public struct TextDecoder: Sendable {
    public let configuration: TextTransformerConfiguration
    let input: Linear
    let positions: Tensor
    let blocks: [TextTransformerBlock]
    let lastNorm: LayerNorm
    let output: Linear

    /// `configuration.contextLength` is N; `channels` is D.
    public init(_ configuration: TextTransformerConfiguration, channels: Int, weights: Weights) {
        self.configuration = configuration
        let width = configuration.width
        input = Linear(weights["input"], from: channels, to: width)
        positions = weights.tensor(
            "positional_embedding", [configuration.contextLength, width], initial: .normal(std: 0.01))
        blocks = (0..<configuration.layers).map {
            TextTransformerBlock(weights["transformer.resblocks"][$0], configuration: configuration)
        }
        lastNorm = LayerNorm(weights["ln_final"], width: width)
        output = Linear(weights["output"], from: width, to: configuration.vocabularySize)
    }

    /// Latents [batch, N, D] → logits over the vocabulary [batch, N, pieces].
    public func callAsFunction(_ latents: Tensor) -> Tensor {
        var x = input(latents).addingRepeated(positions)
        for block in blocks { x = block(x) }
        return output(lastNorm(x))
    }
}
