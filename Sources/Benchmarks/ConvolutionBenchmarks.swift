import Layers
import Networks
import Tensors

extension Benchmark {
    /// The convolutional parts of published image tokenizers, random weights, one image of 256×256 pixels:
    /// `convolution.NETWORK.encode.PRECISION` and `.decode.`, of a MaskGIT-VQGAN, of GigaTok's convolutions and of FlexTok's
    /// autoencoder.
    public static func convolutions(_ precision: Precision, quick: Bool) -> [Benchmark] {
        let weights = Weights(PackingWeights(RecurringWeights(), as: precision))
        var random = CounterRandom(seed: 6)
        func row(_ name: String, _ shape: [Int], _ network: @escaping (Tensor) -> Tensor) -> Benchmark {
            let input = Tensor.randomNormal([1] + shape, using: &random)
            return Benchmark("convolution.\(name).\(precision.rawValue)", .convolution, precision: precision, size: name) {
                Precision.$current.withValue(precision) { _ = network(input) }
            }
        }
        let side = quick ? 32 : 256
        let maskGIT = MaskGITVQGAN(MaskGITVQGANConfiguration(), imageSize: side, weights: weights)
        let shape = TransformerShape(width: 64, layers: 1, heads: 1)
        let gigaTok = GigaTokConfiguration(encoder: shape, decoder: shape)
        let gigaTokEncoder = GigaTokConvolutionalEncoder(gigaTok, weights: weights["encoder"])
        let gigaTokDecoder = GigaTokConvolutionalDecoder(gigaTok, weights: weights["decoder"])
        let autoencoder = AutoencoderKLConfiguration()
        let encoder = AutoencoderKLEncoder(autoencoder.shape, weights: weights)
        let decoder = AutoencoderKLDecoder(autoencoder.shape, weights: weights)
        let image = [3, side, side]
        func latents(_ channels: Int, _ patch: Int) -> [Int] { [channels, side / patch, side / patch] }
        return [
            row("maskgit-vqgan.encode", image) { maskGIT.encoder($0) },
            row("maskgit-vqgan.decode", latents(maskGIT.configuration.codeSize, maskGIT.configuration.patchSize)) { maskGIT.decoder($0) },
            row("gigatok.encode", image) { gigaTokEncoder($0) },
            row("gigatok.decode", latents(gigaTok.channels, 16)) { gigaTokDecoder($0) },
            row("autoencoder.encode", image) { encoder.moments($0) },
            row("autoencoder.decode", latents(autoencoder.latentChannels, autoencoder.downsampling)) { decoder($0) },
        ]
    }
}
