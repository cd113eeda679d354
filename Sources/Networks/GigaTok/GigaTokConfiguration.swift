import Files

/// The shape of a GigaTok tokenizer (2504.08736, section 3; reference sections 2 to 7). Coded with the keys of the official
/// configurations, and `encoder_width_layers_heads` and `decoder_width_layers_heads` where a transformer is of no published
/// size.
public struct GigaTokConfiguration: Sendable, Hashable {
    /// How an image's tokens are arranged.
    public enum Layout: String, Sendable, Codable, CaseIterable {
        /// A sequence: queries gather an image's tokens, and queries of pixels read them.
        case sequence = "1d"
        /// A token to each place of the grid.
        case grid = "2d"
    }

    /// The layers of the transformers over a grid; those over a sequence are always decoder layers.
    public enum Layer: String, Sendable, Codable, CaseIterable {
        /// Attention to the layer's own input follows attention within the layer.
        case decoder = "TransformerDecoderLayer"
        /// Self-attention alone.
        case plain = "TransformerLayer"
    }

    public var layout: Layout
    public var layer: Layer
    /// The side of the square image, in pixels.
    public var imageSize: Int
    /// N, the tokens of an image.
    public var latentTokens: Int
    /// K, the entries of the codebook.
    public var codebookSize: Int
    /// C, the numbers of a code.
    public var codeSize: Int
    /// Z, the channels between the convolutions and the transformers.
    public var channels: Int
    /// Channels of the convolutions at the highest resolution.
    public var baseChannels: Int
    /// Multiples of them, one to a level, highest resolution first.
    public var encoderMultipliers: [Int]
    public var decoderMultipliers: [Int]
    /// Residual blocks of an encoder's level; a decoder's has one more.
    public var residualBlocks: Int
    /// Groups of every group norm: 32 as published. Of a network with about as many channels, that takes from each of them its
    /// mean over an image, and with it what colour most of the image has.
    public var groups: Int
    public var encoder: TransformerShape
    public var decoder: TransformerShape
    /// The layer of the decoder after which training compares features with a teacher's, counted from 1.
    public var distillationDepth: Int
    /// The width of the teacher's features.
    public var teacherWidth: Int

    public init(
        layout: Layout = .sequence, layer: Layer = .decoder, imageSize: Int = 256, latentTokens: Int = 256,
        codebookSize: Int = 16384, codeSize: Int = 8, channels: Int = 256, baseChannels: Int = 128,
        encoderMultipliers: [Int] = [1, 1, 2, 2, 4], decoderMultipliers: [Int] = [1, 1, 2, 2, 4], residualBlocks: Int = 2,
        groups: Int = 32, encoder: TransformerShape, decoder: TransformerShape, distillationDepth: Int = 3, teacherWidth: Int = 768
    ) {
        self.layout = layout
        self.layer = layout == .sequence ? .decoder : layer
        self.imageSize = imageSize
        self.latentTokens = latentTokens
        self.codebookSize = codebookSize
        self.codeSize = codeSize
        self.channels = channels
        self.baseChannels = baseChannels
        self.encoderMultipliers = encoderMultipliers
        self.decoderMultipliers = decoderMultipliers
        self.residualBlocks = residualBlocks
        self.groups = groups
        self.encoder = encoder
        self.decoder = decoder
        self.distillationDepth = distillationDepth
        self.teacherWidth = teacherWidth
    }

    /// The side of the square of pixels under a place of the grid.
    public var patchSize: Int { 1 << min(62, max(0, encoderMultipliers.count - 1)) }
    /// Places along a side of the grid.
    public var grid: Int { imageSize / patchSize }

    /// Groups where nothing is said.
    static let publishedGroups = 32

    /// To be asked before what came from a file is used.
    ///
    /// - Throws: `InvalidValue` for the first value that cannot be used.
    public func validate() throws(InvalidValue) {
        try expectSizes([
            ("image_size", imageSize, 4096), ("num_latent_tokens", latentTokens, 4096), ("codebook_size", codebookSize, 1 << 20),
            ("codebook_embed_dim", codeSize, 4096), ("z_channels", channels, 16384), ("ch", baseChannels, 16384),
            ("num_res_blocks", residualBlocks, 64), ("norm_num_groups", groups, 1024), ("the length of encoder_ch_mult", encoderMultipliers.count, 8),
            ("distill_depth", distillationDepth, 1024), ("out_inner_dim", teacherWidth, 65536),
            ("the encoder's width", encoder.width, 65536), ("the encoder's layers", encoder.layers, 1024),
            ("the encoder's heads", encoder.heads, 1024), ("the decoder's width", decoder.width, 65536),
            ("the decoder's layers", decoder.layers, 1024), ("the decoder's heads", decoder.heads, 1024),
        ])
        try expectHeads("the encoder's width", width: encoder.width, heads: encoder.heads)
        try expectHeads("the decoder's width", width: decoder.width, heads: decoder.heads)
        try validateConvolutions()
        try validateTokens()
    }

    private func validateConvolutions() throws(InvalidValue) {
        guard decoderMultipliers.count == encoderMultipliers.count else {
            throw InvalidValue("decoder_ch_mult has \(decoderMultipliers.count) levels and encoder_ch_mult \(encoderMultipliers.count), expected as many")
        }
        for (name, multipliers) in [("encoder_ch_mult", encoderMultipliers), ("decoder_ch_mult", decoderMultipliers)] {
            for multiplier in multipliers {
                try expect(name, multiplier, in: 1...64)
                if baseChannels * multiplier % groups != 0 {
                    throw InvalidValue("norm_num_groups is \(groups), expected a divisor of the \(baseChannels * multiplier) channels of a level")
                }
            }
        }
        if imageSize % patchSize != 0 { throw InvalidValue("image_size \(imageSize) is no multiple of \(patchSize)") }
        guard (2...64).contains(grid) else { throw InvalidValue("an image has \(grid) places to a side, expected 2 to 64") }
    }

    private func validateTokens() throws(InvalidValue) {
        if layout == .grid {
            guard latentTokens == grid * grid else {
                throw InvalidValue("num_latent_tokens is \(latentTokens), expected \(grid * grid) for a grid of \(grid)×\(grid)")
            }
        }
        guard latentTokens.nonzeroBitCount == 1 else { throw InvalidValue("num_latent_tokens is \(latentTokens), expected a power of two") }
        let finest = QueryGrid.finest(tokens: latentTokens)
        guard QueryGrid.divides(side: grid, tokens: latentTokens) else {
            throw InvalidValue(
                "num_latent_tokens is \(latentTokens), whose finest level of \(finest.rows)×\(finest.columns) means does not divide a grid of \(grid)×\(grid)")
        }
    }
}

/// The grids of means that the queries of the latent tokens start from, coarsest first (section 3.2, multi-level query
/// initialisation; reference section 5.3).
package struct QueryGrid {
    let rows: Int
    let columns: Int

    /// The one of the last half of 2ⁿ tokens.
    static func finest(tokens: Int) -> QueryGrid { grids(tokens: tokens)[tokens.trailingZeroBitCount] }

    /// Whether so many tokens can stand for cells of a square of places: sizes of groups are powers of two, so that where the finest
    /// grid divides the places, all do.
    package static func divides(side: Int, tokens: Int) -> Bool {
        guard tokens.nonzeroBitCount == 1 else { return false }
        let finest = finest(tokens: tokens)
        return side % finest.rows == 0 && side % finest.columns == 0
    }

    /// Those of 2ⁿ tokens: 1×1 twice, and then with twice as many cells each: 1×2, 2×2, 2×4, ….
    static func grids(tokens: Int) -> [QueryGrid] {
        (0...tokens.trailingZeroBitCount).map { group in
            let level = max(0, group - 1)
            return QueryGrid(rows: 1 << (level / 2), columns: 1 << ((level + 1) / 2))
        }
    }
}
