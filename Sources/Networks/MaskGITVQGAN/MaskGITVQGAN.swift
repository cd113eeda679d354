import Layers
import Tensors

/// The MaskGIT-VQGAN: square images as a grid of codes (Chang et al., 2022; reference section 4). It is what legacy TiTok
/// was taught by, and the tokenizer of raster-order generators.
public struct MaskGITVQGAN: Sendable {
    public let configuration: MaskGITVQGANConfiguration
    public let encoder: ConvolutionalEncoder
    public let decoder: ConvolutionalDecoder
    public let quantizer: VectorQuantizer
    /// The side of the images that `ImageTokenizer` works on, in pixels; convolutions serve any size.
    public let imageSize: Int

    /// `imageSize` is a multiple of the configuration's patch size.
    public init(_ configuration: MaskGITVQGANConfiguration, imageSize: Int = 256, weights: Weights) {
        precondition(
            imageSize > 0 && imageSize % configuration.patchSize == 0,
            "images of \(imageSize) pixels in patches of \(configuration.patchSize)")
        self.configuration = configuration
        self.imageSize = imageSize
        encoder = ConvolutionalEncoder(configuration, weights: weights["encoder"])
        decoder = ConvolutionalDecoder(configuration, weights: weights["decoder"])
        quantizer = VectorQuantizer(
            weights["quantize"], codes: configuration.codebookSize, size: configuration.codeSize)
    }

    /// The vectors of images [batch, 3, height, width], row-major: [batch, patches, code size].
    public func encode(_ images: Tensor) -> Tensor {
        let planes = encoder(images)
        return planes.permuted(0, 2, 3, 1).reshaped([planes.shape[0], planes.shape[2] * planes.shape[3], planes.shape[1]])
    }

    /// The codes of images [batch, 3, height, width], row-major, image after image.
    public func codes(_ images: Tensor) -> [Int32] { quantizer.nearest(encode(images)).indices }

    /// Images [batch, 3, height, width], not clamped, of codes of rows of `columns` patches.
    public func decode(_ codes: [Int32], rows: Int, columns: Int) -> Tensor {
        let batch = codes.count / max(1, rows * columns)
        return decoder(quantizer.lookUp(codes, shape: [batch, rows, columns]).permuted(0, 3, 1, 2))
    }
}

extension MaskGITVQGAN: ImageTokenizer {
    private var grid: Int { imageSize / configuration.patchSize }
    public var tokens: TokenShape {
        TokenShape(count: grid * grid, values: .codes(size: configuration.codebookSize))
    }
    public var textGuidance: TextGuidanceShape? { nil }
    public var byteRounding: ByteRounding { .truncating }

    public func tokenize(_ images: Tensor) throws -> ImageTokens {
        try check(images: images)
        return .indices(codes(images).split(into: tokens.count))
    }

    public func detokenize(
        _ tokens: ImageTokens, guidedBy text: Tensor?, options: DecodeOptions, progress: (GenerationStep) throws -> Void
    ) throws -> Tensor {
        decode(try checkedIndices(tokens).flatMap { $0 }, rows: grid, columns: grid)
    }
}

extension [Int32] {
    /// Rows of `length` each.
    func split(into length: Int) -> [[Int32]] {
        stride(from: 0, to: count, by: length).map { Array(self[$0..<$0 + length]) }
    }
}
