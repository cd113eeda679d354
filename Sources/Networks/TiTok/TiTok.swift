import Layers
import Tensors

/// TiTok and TA-TiTok: images as K tokens of one dimension (2406.07550; 2501.07730; reference sections 1 to 5). All
/// published variants: the first release's with a codebook and a MaskGIT-VQGAN for pixels, the single-stage ones with a
/// codebook or a Gaussian posterior, and the text-aware ones. Pixels are [batch, 3, side, side] in 0...1.
public struct TiTok: Sendable {
    public let configuration: TiTokConfiguration
    public let encoder: TiTokEncoder
    public let decoder: TiTokDecoder
    /// The codebook; nil where latents are continuous.
    public let quantizer: VectorQuantizer?
    /// From codes to pixels, in the first release.
    public let pixelDecoder: PixelDecoder?

    /// The codebook and the decoder of the MaskGIT-VQGAN that a legacy tokenizer ends in.
    public struct PixelDecoder: Sendable {
        public let quantizer: VectorQuantizer
        public let decoder: ConvolutionalDecoder

        /// The mixture of codes that logits [batch, grid², codes] stand for: [batch, code size, grid, grid].
        package func softCodes(_ logits: Tensor, grid: Int) -> Tensor {
            let mixed = quantizer.mix(logits.softmax())
            return mixed.permuted(0, 2, 1).reshaped([mixed.shape[0], mixed.shape[2], grid, grid])
        }
    }

    /// The configuration must be valid.
    public init(_ configuration: TiTokConfiguration, weights: Weights) {
        self.configuration = configuration
        encoder = TiTokEncoder(configuration, weights: weights)
        decoder = TiTokDecoder(configuration, weights: weights["decoder"])
        quantizer =
            configuration.quantization == .vector
            ? VectorQuantizer(
                weights["quantize"], codes: configuration.codebookSize, size: configuration.tokenSize,
                commitmentCost: configuration.commitmentCost, isNormalized: configuration.usesUnitVectors)
            : nil
        pixelDecoder =
            configuration.hasPixelDecoder
            ? PixelDecoder(
                quantizer: VectorQuantizer(
                    weights["pixel_quantize"], codes: configuration.pixels.codebookSize,
                    size: configuration.pixels.codeSize),
                decoder: ConvolutionalDecoder(configuration.pixels, weights: weights["pixel_decoder"]))
            : nil
    }

    /// What the encoder makes of images [batch, 3, side, side], before quantization: vectors [batch, K, D] for the
    /// codebook, or the moments [batch, K, 2D] of the posterior.
    public func features(_ images: Tensor) -> Tensor { encoder(images) }

    /// The posterior over the latents of images. Traps where the tokenizer has a codebook.
    public func posterior(_ images: Tensor) -> LatentPosterior {
        precondition(quantizer == nil, "the posterior of a tokenizer with a codebook")
        return LatentPosterior(moments: encoder(images))
    }

    /// The vectors [batch, K, D] of codebook entries, K to an image. Traps where the tokenizer has no codebook, and on an
    /// entry out of range.
    public func lookUp(_ indices: [[Int32]]) -> Tensor {
        guard let quantizer else { preconditionFailure("codes of a tokenizer without a codebook") }
        return quantizer.lookUp(indices.flatMap { $0 }, shape: [indices.count, configuration.latentTokens])
    }

    /// The logits [batch, grid², codes] over the codes of a MaskGIT-VQGAN that a legacy decoder gives for latents
    /// [batch, K, D].
    public func codeLogits(_ latents: Tensor) -> Tensor {
        precondition(configuration.isLegacy, "code logits of a single-stage tokenizer")
        return decoder(latents, text: nil)
    }

    /// Images [batch, 3, side, side], not clamped, from latents [batch, K, D] and, where the decoder is guided, the
    /// hidden states [batch, positions, width] of their captions.
    ///
    /// - Throws: `ImageTokenizerError.noPixelDecoder` where a legacy checkpoint does not hold its pixel decoder.
    public func decode(_ latents: Tensor, guidedBy text: Tensor? = nil) throws -> Tensor {
        guard configuration.isLegacy else { return decoder(latents, text: text) }
        guard let pixelDecoder else { throw ImageTokenizerError.noPixelDecoder }
        return pixelDecoder.decoder(pixelDecoder.softCodes(codeLogits(latents), grid: configuration.decoderGrid))
    }
}

extension TiTok: ImageTokenizer {
    public var imageSize: Int { configuration.imageSize }
    public var tokens: TokenShape { configuration.tokens }
    public var textGuidance: TextGuidanceShape? { configuration.textGuidance }
    public var byteRounding: ByteRounding { .truncating }

    public func tokenize(_ images: Tensor) throws -> ImageTokens {
        try check(images: images)
        guard let quantizer else { return .latents(posterior(images).mean) }
        return .indices(quantizer.nearest(features(images)).indices.split(into: configuration.latentTokens))
    }

    public func detokenize(
        _ tokens: ImageTokens, guidedBy text: Tensor?, options: DecodeOptions, progress: (GenerationStep) throws -> Void
    ) throws -> Tensor {
        let latents = quantizer == nil ? try checkedLatents(tokens) : lookUp(try checkedIndices(tokens))
        return try decode(latents, guidedBy: try checkedText(text, count: latents.shape[0]))
    }
}
