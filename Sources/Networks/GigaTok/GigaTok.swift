import Files
import Layers
import Tensors

/// GigaTok: images as 256 codes by convolutions and transformers (2504.08736; reference sections 1 to 7), in a sequence or
/// on a grid. Its networks work on pixels in -1...1, `ImageTokenizer` as everywhere on 0...1.
public struct GigaTok: Sendable {
    public let configuration: GigaTokConfiguration
    public let quantizer: VectorQuantizer
    private let encoding: DeferredPart<GigaTokEncoder>
    private let decoding: DeferredPart<GigaTokDecoder>

    /// The configuration must be valid.
    public init(_ configuration: GigaTokConfiguration, weights: Weights) {
        configuration.requireValid()
        self.configuration = configuration
        quantizer = Self.quantizer(configuration, weights)
        encoding = DeferredPart(GigaTokEncoder(configuration, weights: weights))
        decoding = DeferredPart(GigaTokDecoder(configuration, weights: weights))
    }

    /// A tokenizer each half of which is read when it is first used: drawing does without the encoder, and `tokenize` without
    /// the decoder.
    ///
    /// - Parameters:
    ///   - weights: gives the codebook now.
    ///   - expected: is asked for all other parameters now, and need not give them.
    ///   - later: where they come from then.
    public init(_ configuration: GigaTokConfiguration, weights: Weights, expected: Weights, later: DeferredWeights) {
        configuration.requireValid()
        self.configuration = configuration
        quantizer = Self.quantizer(configuration, weights)
        encoding = later.part(expected: expected) { GigaTokEncoder(configuration, weights: $0) }
        decoding = later.part(expected: expected) { GigaTokDecoder(configuration, weights: $0) }
    }

    private static func quantizer(_ configuration: GigaTokConfiguration, _ weights: Weights) -> VectorQuantizer {
        VectorQuantizer(
            weights["quantize"], codes: configuration.codebookSize, size: configuration.codeSize, isNormalized: true)
    }

    /// - Throws: where the half is read when it is first used, what reading it throws.
    public var encoder: GigaTokEncoder {
        get throws { try encoding.value }
    }

    /// - Throws: as `encoder`.
    public var decoder: GigaTokDecoder {
        get throws { try decoding.value }
    }

    /// The vectors [batch, N, C] of codes, N to an image. Traps on a code out of range.
    public func lookUp(_ codes: [[Int32]]) -> Tensor {
        quantizer.lookUp(codes.flatMap { $0 }, shape: [codes.count, configuration.latentTokens])
    }
}

extension GigaTok: ImageTokenizer {
    public var imageSize: Int { configuration.imageSize }
    public var tokens: TokenShape { configuration.tokens }
    public var textGuidance: TextGuidanceShape? { nil }
    /// The official ⌊127.5 y + 128⌋ of y in -1...1.
    public var byteRounding: ByteRounding { .nearest }
    public var framing: ImageFraming { .halved }

    public func tokenize(_ images: Tensor) throws -> ImageTokens {
        try check(images: images)
        let vectors = try encoder(images * 2 + -1)
        return .indices(quantizer.nearest(vectors).indices.split(into: configuration.latentTokens))
    }

    public func detokenize(
        _ tokens: ImageTokens, guidedBy text: Tensor?, options: DecodeOptions, progress: (GenerationStep) throws -> Void
    ) throws -> Tensor {
        let codes = lookUp(try checkedIndices(tokens))
        return try decoder(codes) * 0.5 + 0.5
    }
}
