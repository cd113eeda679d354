import Tensors

extension FlowTiTok: ImageTokenization {
    public var imageSize: Int { configuration.imageSize }
    public var latentShape: [Int] { [configuration.latentTokens, configuration.tokenSize] }
    public var codebookSize: Int? { nil }
    public var textGuidance: TextGuidanceShape? {
        TextGuidanceShape(contextLength: configuration.textContextLength, width: configuration.textEmbeddingWidth)
    }
    public var byteRounding: ByteRounding { .nearest }

    public func tokenize(_ images: Tensor) throws -> ImageTokens {
        try check(images: images)
        return .latents(encode(images).mean)
    }

    public func detokenize(_ tokens: ImageTokens, guidedBy text: Tensor?) throws -> Tensor {
        let latents = try checkedLatents(tokens)
        guard let text = try checkedText(text, count: latents.shape[0]) else {
            throw ImageTokenizerError.missingTextGuidance
        }
        return decode(latents, guidedBy: text)
    }
}
