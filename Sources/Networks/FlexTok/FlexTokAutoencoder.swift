import Tensors

/// The autoencoder of a FlexTok alone: scaled latents of images, a token to each place of them, row after row.
struct FlexTokAutoencoder: ImageTokenizer {
    let flexTok: FlexTok

    private var side: Int { flexTok.configuration.latentSide }

    var imageSize: Int { flexTok.imageSize }
    var tokens: TokenShape {
        TokenShape(count: side * side, values: .latents(channels: flexTok.configuration.autoencoder.latentChannels))
    }
    var textGuidance: TextGuidanceShape? { nil }
    var byteRounding: ByteRounding { flexTok.byteRounding }
    var framing: ImageFraming { flexTok.framing }

    func tokenize(_ images: Tensor) throws -> ImageTokens {
        try check(images: images)
        return .latents(try flexTok.latents(images).placesOfPlanes())
    }

    func detokenize(
        _ tokens: ImageTokens, guidedBy text: Tensor?, options: DecodeOptions, progress: (GenerationStep) throws -> Void
    ) throws -> Tensor {
        try flexTok.images(try checkedLatents(tokens).planesOfPlaces(side: side))
    }
}

extension FlexTok: TokenizerOverLatents {
    public var unquantized: any ImageTokenizer { FlexTokAutoencoder(flexTok: self) }
    public var latentStatistics: LatentStatistics? { nil }
}
