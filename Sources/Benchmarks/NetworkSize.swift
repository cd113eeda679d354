import Networks
import Sampling

/// The networks whose speed is measured: those of the official FlowTok models, and tiny ones to try the benchmarks with.
public enum NetworkSize: String, Sendable, CaseIterable, Codable {
    case tiny, s, b, l, xl, h

    /// The velocity network (FlowTok, table 1; 77 tokens of 16 numbers).
    public var velocity: VelocityConfiguration {
        let (depth, width, heads) =
            switch self {
            case .tiny: (2, 96, 4)
            case .s: (12, 384, 6)
            case .b: (12, 768, 12)
            case .l: (24, 1024, 16)
            case .xl: (28, 1152, 16)
            case .h: (36, 1280, 20)
            }
        return VelocityConfiguration(depth: depth, width: width, heads: heads, tokens: 77, channels: 16)
    }

    /// FlowTiTok for 256×256 pixels, with an encoder of one layer: only the decoder is measured.
    public var tokenizer: FlowTiTokConfiguration {
        let isTiny = self == .tiny
        return FlowTiTokConfiguration(
            imageSize: isTiny ? 64 : 256, patchSize: 16, latentTokens: 77, tokenSize: 16, textContextLength: 77,
            textEmbeddingWidth: 768, encoder: TransformerShape(width: 64, layers: 1, heads: 2),
            decoder: isTiny
                ? TransformerShape(width: 96, layers: 2, heads: 4) : TransformerShape(width: 1024, layers: 24, heads: 16))
    }
}

extension VelocityConfiguration {
    /// Billions of operations in the products of one evaluation of a batch, the modulation aside.
    var gigaflops: (Int) -> Double {
        { batch in
            transformerGigaflops(
                batch: batch, tokens: tokens, width: width, layers: depth, hiddenProducts: 8 * width * width)
        }
    }
}

extension FlowTiTokConfiguration {
    /// Billions of operations in the products of the decoder's blocks for so many pictures.
    func decoderGigaflops(_ batch: Int) -> Double {
        let hidden = 4 * decoder.width * 2 / 3
        return transformerGigaflops(
            batch: batch, tokens: grid * grid + latentTokens + textContextLength, width: decoder.width, layers: decoder.layers,
            hiddenProducts: 3 * decoder.width * hidden)
    }
}

/// Billions of operations in the products of a transformer: `hiddenProducts` values in the matrices of a feed-forward
/// network.
func transformerGigaflops(batch: Int, tokens: Int, width: Int, layers: Int, hiddenProducts: Int) -> Double {
    let perToken = Double(4 * width * width + hiddenProducts) + Double(2 * tokens * width)
    return 2e-9 * Double(batch * tokens * layers) * perToken
}
