import Foundation
import Layers
import Networks
import Tensors
import Training

extension Benchmark {
    /// One training step of the default tokenizer, 24 pictures: `train.tokenizer.PRECISION`; drawing the samples is not in
    /// it. And `train.transformers.PRECISION`: the two transformers of that tokenizer alone on sequences of 96 tokens with a
    /// squared error, which is what the peer's script trains.
    public static func training(_ precision: Precision, quick: Bool = false) -> [Benchmark] {
        let tokenizer = TokenizerStep(batch: quick ? 2 : 24, quick: quick)
        let transformers = TransformerStep(batch: quick ? 2 : 24, quick: quick)
        return [
            Benchmark(
                "train.tokenizer.\(precision.rawValue)", .train, precision: precision, size: "tokenizer",
                gigaflops: tokenizer.gigaflops
            ) { Precision.$current.withValue(precision) { tokenizer.take() } },
            Benchmark(
                "train.transformers.\(precision.rawValue)", .train, precision: precision, size: "transformers",
                gigaflops: transformers.gigaflops
            ) { Precision.$current.withValue(precision) { transformers.take() } },
        ]
    }
}

/// The default tokenizer with its text encoder, its losses and its optimizer, over pictures of noise.
private final class TokenizerStep {
    private let store = ParameterStore(from: FreshWeights(seed: 1))
    private let tokenizer: FlowTiTok
    private let textEncoder: TextTransformer
    private let optimizer: AdamW
    private let images: Tensor
    private let ids: [Int32]
    let gigaflops: Double

    init(batch: Int, quick: Bool) {
        let form = FlowTiTokConfiguration(
            imageSize: quick ? 32 : 128, patchSize: quick ? 8 : 16, latentTokens: quick ? 16 : 32, tokenSize: 16,
            textContextLength: 32, textEmbeddingWidth: quick ? 64 : 256,
            encoder: quick ? TransformerShape(width: 64, layers: 1, heads: 2) : TransformerShape(width: 256, layers: 6, heads: 4),
            decoder: quick ? TransformerShape(width: 64, layers: 1, heads: 2) : TransformerShape(width: 320, layers: 8, heads: 5),
            seeded: true)
        let text = TextTransformerConfiguration(
            vocabularySize: 4096, contextLength: 32, width: quick ? 64 : 256, layers: quick ? 1 : 4, heads: 4,
            activation: .quickGELU, causal: false)
        let weights = Weights(store)
        tokenizer = FlowTiTok(form, weights: weights["image_tokenizer"], logvarBias: -5)
        textEncoder = TextTransformer(text, weights: weights["text_encoder"])
        optimizer = AdamW(store, settings: AdamWSettings(weightDecay: 0.01, averageDecay: 0.999, clip: 1))
        var random = CounterRandom(seed: 5)
        images = .randomUniform([batch, 3, form.imageSize, form.imageSize], from: 0, to: 1, using: &random)
        ids = (0..<batch * 32).map { Int32($0 * 37 % 4096) }
        func gigaflops(_ tokens: Int, _ shape: TransformerShape, _ hidden: Int) -> Double {
            transformerGigaflops(
                batch: batch, tokens: tokens, width: shape.width, layers: shape.layers, hiddenProducts: hidden)
        }
        let (e, d) = (form.encoder, form.decoder)
        let patches = form.grid * form.grid
        // The gradient takes two products for each one.
        self.gigaflops =
            3
            * (gigaflops(patches + form.latentTokens, e, 3 * e.width * SwiGLU.hiddenWidth(e.width))
                + gigaflops(patches + form.latentTokens + 32, d, 3 * d.width * SwiGLU.hiddenWidth(d.width))
                + gigaflops(
                    32, TransformerShape(width: text.width, layers: text.layers, heads: 1), 8 * text.width * text.width))
    }

    func take() {
        var random = CounterRandom(seed: 6, stream: UInt64(optimizer.step))
        let posterior = tokenizer.encode(images)
        let latents = posterior.sample(noise: .randomNormal(posterior.mean.shape, using: &random))
        let image = tokenizer.decode(latents, guidedBy: textEncoder(ids))
        let reconstruction = ReconstructionLoss()(image, target: images, step: 0).loss
        let loss = reconstruction + posterior.klDivergence * (1e-4 / Float(posterior.mean.count))
        optimizer.update(gradients(of: loss, withRespectTo: store.leaves), rate: 1e-4)
    }
}

/// Two pre-norm transformers one after the other, with linear maps before, between and after.
private final class TransformerStep {
    private let store = ParameterStore(from: FreshWeights(seed: 1))
    private let blocks: [[Block]]
    private let maps: [Linear]
    private let optimizer: AdamW
    private let x: Tensor
    let gigaflops: Double

    private struct Block {
        let norms: (LayerNorm, LayerNorm)
        let attention: SelfAttention
        let network: SwiGLU

        init(_ weights: Weights, width: Int, heads: Int) {
            norms = (LayerNorm(weights["ln_1"], width: width), LayerNorm(weights["ln_2"], width: width))
            attention = SelfAttention(weights["attn"], width: width, heads: heads)
            network = SwiGLU(weights["mlp"], width: width, hidden: SwiGLU.hiddenWidth(width))
        }

        func callAsFunction(_ x: Tensor) -> Tensor {
            let attended = x + attention(norms.0(x))
            return attended + network(norms.1(attended))
        }
    }

    init(batch: Int, quick: Bool) {
        let shapes = quick ? [(64, 1, 2), (64, 1, 2)] : [(256, 6, 4), (320, 8, 5)]
        let (tokens, channels) = (quick ? 16 : 96, quick ? 48 : 768)
        let weights = Weights(store)
        let widths = [channels, shapes[0].0, shapes[1].0, channels]
        maps = (0..<3).map { Linear(weights["maps"][$0], from: widths[$0], to: widths[$0 + 1]) }
        blocks = shapes.enumerated().map { index, shape in
            (0..<shape.1).map { Block(weights["blocks"][index][$0], width: shape.0, heads: shape.2) }
        }
        optimizer = AdamW(store, settings: AdamWSettings())
        var random = CounterRandom(seed: 7)
        x = .randomNormal([batch, tokens, channels], using: &random)
        gigaflops = shapes.reduce(0) { sum, shape in
            sum + 3
                * transformerGigaflops(
                    batch: batch, tokens: tokens, width: shape.0, layers: shape.1,
                    hiddenProducts: 3 * shape.0 * SwiGLU.hiddenWidth(shape.0))
        }
    }

    func take() {
        var y = maps[0](x)
        for block in blocks[0] { y = block(y) }
        y = maps[1](y)
        for block in blocks[1] { y = block(y) }
        let loss = (maps[2](y) - x).meanSquare()
        optimizer.update(gradients(of: loss, withRespectTo: store.leaves), rate: 1e-4)
    }
}
