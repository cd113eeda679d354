import Files

/// The shape of one half of a 1D tokenizer.
public struct TransformerShape: Sendable, Hashable, Codable {
    public var width: Int
    public var layers: Int
    public var heads: Int

    public init(width: Int, layers: Int, heads: Int) {
        self.width = width
        self.layers = layers
        self.heads = heads
    }
}

/// FlowTiTok: images of `imageSize`² pixels as `latentTokens` vectors of `tokenSize` numbers.
public struct FlowTiTokConfiguration: Sendable, Hashable, Codable {
    /// The side of the square image, in pixels.
    public var imageSize: Int
    /// The side of a patch, in pixels of the image that the encoder reads.
    public var patchSize: Int
    /// The side of a patch that the decoder draws, in pixels of the image; `patchSize` where nil, as in the published architecture.
    /// A decoder whose patches are twice as large draws an image of twice the side by as many tokens.
    public var decoderPatchSize: Int?
    /// K, the number of latent tokens.
    public var latentTokens: Int
    /// D, the numbers in a latent token.
    public var tokenSize: Int
    /// The positions of the text that guides the decoder.
    public var textContextLength: Int
    /// The width of that text's hidden states.
    public var textEmbeddingWidth: Int
    public var encoder: TransformerShape
    public var decoder: TransformerShape
    /// Whether every latent starts from its own neighbouring patches, and every mask token from its latent. Latents that
    /// start alike must first discover which patches are theirs, which small tokenizers do not do in reasonable time.
    /// Off in the published architecture.
    public var seeded: Bool
    /// The side of the image that the encoder reads, in pixels: `imageSize` (where nil, as in the published architecture), or
    /// half of it, a quarter, …. A decoder can draw edges sharper than its encoder saw them, and a smaller image is read in a
    /// fraction of the time.
    public var encoderImageSize: Int?
    /// Whether each token also draws a margin of half a patch around its own, margins adding up, so that neighbouring patches
    /// meet without a step. Off in the published architecture.
    public var overlap: Bool
    /// Whether each token draws the whole of its patch with its margin, and neighbours fade into one another over them: no
    /// seam is left to be learnt away. Goes with `overlap`; off in the published architecture.
    public var blended: Bool
    /// A small convolutional head that adds detail to the decoder's pixels; none in the published architecture.
    public var refiner: RefinerConfiguration?

    public init(
        imageSize: Int, patchSize: Int, latentTokens: Int, tokenSize: Int, textContextLength: Int,
        textEmbeddingWidth: Int, encoder: TransformerShape, decoder: TransformerShape, seeded: Bool = false,
        encoderImageSize: Int? = nil, decoderPatchSize: Int? = nil, overlap: Bool = false, blended: Bool = false,
        refiner: RefinerConfiguration? = nil
    ) {
        self.imageSize = imageSize
        self.patchSize = patchSize
        self.decoderPatchSize = decoderPatchSize
        self.latentTokens = latentTokens
        self.tokenSize = tokenSize
        self.textContextLength = textContextLength
        self.textEmbeddingWidth = textEmbeddingWidth
        self.encoder = encoder
        self.decoder = decoder
        self.seeded = seeded
        self.encoderImageSize = encoderImageSize
        self.overlap = overlap
        self.blended = blended
        self.refiner = refiner
    }

    enum CodingKeys: String, CodingKey {
        case imageSize = "image_size"
        case patchSize = "patch_size"
        case latentTokens = "num_latent_tokens"
        case tokenSize = "token_size"
        case textContextLength = "text_context_length"
        case textEmbeddingWidth = "text_embed_dim"
        case encoder, decoder, seeded
        case encoderImageSize = "encoder_image_size"
        case decoderPatchSize = "decoder_patch_size"
        case overlap, blended, refiner
    }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            imageSize: try values.decode(Int.self, forKey: .imageSize),
            patchSize: try values.decode(Int.self, forKey: .patchSize),
            latentTokens: try values.decode(Int.self, forKey: .latentTokens),
            tokenSize: try values.decode(Int.self, forKey: .tokenSize),
            textContextLength: try values.decode(Int.self, forKey: .textContextLength),
            textEmbeddingWidth: try values.decode(Int.self, forKey: .textEmbeddingWidth),
            encoder: try values.decode(TransformerShape.self, forKey: .encoder),
            decoder: try values.decode(TransformerShape.self, forKey: .decoder),
            seeded: try values.decodeIfPresent(Bool.self, forKey: .seeded) ?? false,
            encoderImageSize: try values.decodeIfPresent(Int.self, forKey: .encoderImageSize),
            decoderPatchSize: try values.decodeIfPresent(Int.self, forKey: .decoderPatchSize),
            overlap: try values.decodeIfPresent(Bool.self, forKey: .overlap) ?? false,
            blended: try values.decodeIfPresent(Bool.self, forKey: .blended) ?? false,
            refiner: try values.decodeIfPresent(RefinerConfiguration.self, forKey: .refiner))
    }

    /// The side of a patch that the decoder draws, in pixels.
    public var drawnPatchSize: Int { decoderPatchSize ?? patchSize }

    /// Patches along one side of the image.
    public var grid: Int { imageSize / drawnPatchSize }

    /// The rectangles of the decoder's patches that each latent token seeds; nil where the grid does not divide.
    package var patchGroups: PatchGroups? { PatchGroups(grid: grid, groups: latentTokens) }

    /// Patches along one side of the image that the encoder reads.
    public var encoderGrid: Int { (encoderImageSize ?? imageSize) / patchSize }

    /// To be asked before what came from a file is used.
    ///
    /// - Throws: `InvalidValue` for the first value that cannot be used.
    public func validate() throws(InvalidValue) {
        try expectSizes([
            ("image_size", imageSize, 4096), ("patch_size", patchSize, 256), ("num_latent_tokens", latentTokens, 16384),
            ("token_size", tokenSize, 4096), ("text_context_length", textContextLength, 16384), ("text_embed_dim", textEmbeddingWidth, 65536),
        ])
        let patchKey = decoderPatchSize == nil ? "patch_size" : "decoder_patch_size", drawn = drawnPatchSize
        if decoderPatchSize != nil { try expectSizes([("decoder_patch_size", drawn, 256)]) }
        if imageSize % drawn != 0 { throw InvalidValue("image_size \(imageSize) is no multiple of \(patchKey) \(drawn)") }
        if encoderImageSize == nil, imageSize % patchSize != 0 {
            throw InvalidValue("image_size \(imageSize) is no multiple of patch_size \(patchSize)")
        }
        if let side = encoderImageSize {
            guard side > 0, imageSize % side == 0, (imageSize / side).nonzeroBitCount == 1 else {
                throw InvalidValue("encoder_image_size is \(side), expected \(imageSize) or a half, a quarter, … of it")
            }
            if side % patchSize != 0 { throw InvalidValue("encoder_image_size \(side) is no multiple of patch_size \(patchSize)") }
        }
        if overlap && drawn % 2 != 0 { throw InvalidValue("overlap goes with an even \(patchKey), not with \(drawn)") }
        if blended && !overlap { throw InvalidValue("blended goes with overlap: what fades into one another are the margins") }
        try refiner?.validate(patch: drawn, key: patchKey)
        let patches = max(grid, encoderGrid) * max(grid, encoderGrid)
        if patches > 16384 {
            throw InvalidValue("image_size \(imageSize) and \(patchKey) \(drawn) make \(patches) patches, expected at most 16384")
        }
        for (name, shape) in [("encoder", encoder), ("decoder", decoder)] {
            try expectSizes([
                ("\(name).width", shape.width, 65536), ("\(name).layers", shape.layers, 1024), ("\(name).heads", shape.heads, 1024),
            ])
            if shape.width % (4 * shape.heads) != 0 {
                throw InvalidValue("\(name).width \(shape.width) does not divide into \(shape.heads) heads of a multiple of 4 channels")
            }
            // Tables of positions are made before anything is compared with a checkpoint.
            if patches * (shape.width / shape.heads) > 1 << 24 {
                throw InvalidValue("\(name).heads is \(shape.heads), expected more for a width of \(shape.width) and \(patches) patches")
            }
        }
        for grid in [grid, encoderGrid] where seeded && PatchGroups(grid: grid, groups: latentTokens) == nil {
            throw InvalidValue("seeded: \(grid)×\(grid) patches do not divide evenly among \(latentTokens) latent tokens")
        }
    }
}

/// The division of a grid of patches into equal rectangles, one to a latent token.
package struct PatchGroups: Sendable {
    package let rows: Int
    package let columns: Int
    package let height: Int
    package let width: Int

    /// The most nearly square rectangles, the wider one of a pair; nil where the grid does not divide.
    package init?(grid: Int, groups: Int) {
        guard groups > 0, grid * grid % groups == 0 else { return nil }
        let size = grid * grid / groups
        let heights = (1...size).filter { size % $0 == 0 && grid % $0 == 0 && grid % (size / $0) == 0 && $0 <= size / $0 }
        guard let height = heights.last else { return nil }
        self.height = height
        width = size / height
        rows = grid / height
        columns = grid / width
    }
}
