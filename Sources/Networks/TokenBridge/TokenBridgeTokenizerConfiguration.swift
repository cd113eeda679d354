import Files

/// The shape of a convolutional variational autoencoder with attention at one resolution, of the kind of Latent Diffusion,
/// and of the quantizer that TokenBridge puts on its latents. The defaults are those of the published KL-16.
public struct TokenBridgeTokenizerConfiguration: Sendable, Hashable, Codable {
    /// Channels of the highest resolution.
    public var hiddenChannels: Int
    /// Multiples of them, one to a level, highest resolution first.
    public var channelMultipliers: [Int]
    /// Residual blocks of a level of the encoder; the decoder has one more.
    public var residualBlocks: Int
    /// Groups of every group norm: 32 as published. Of a network with about as many channels, that takes from each of them its
    /// mean over an image, and with it what colour most of the image has.
    public var groups: Int
    /// Numbers of a latent.
    public var channels: Int
    /// The side of the images that the network was laid out for: attention is where 16 pixels of it are left.
    public var resolution: Int
    /// The side of the images, in pixels.
    public var imageSize: Int
    /// What latents are multiplied by before they are quantized.
    public var scaleFactor: Double
    /// The bins of a number.
    public var levels: Int
    /// The largest number that is quantized, after the scale factor.
    public var range: Double

    public init(
        hiddenChannels: Int = 128, channelMultipliers: [Int] = [1, 1, 2, 2, 4], residualBlocks: Int = 2,
        groups: Int = 32, channels: Int = 16, resolution: Int = 256, imageSize: Int? = nil, scaleFactor: Double = 0.2325, levels: Int = 64,
        range: Double = 5
    ) {
        self.hiddenChannels = hiddenChannels
        self.channelMultipliers = channelMultipliers
        self.residualBlocks = residualBlocks
        self.groups = groups
        self.channels = channels
        self.resolution = resolution
        self.imageSize = imageSize ?? resolution
        self.scaleFactor = scaleFactor
        self.levels = levels
        self.range = range
    }

    enum CodingKeys: String, CodingKey {
        case hiddenChannels = "ch"
        case channelMultipliers = "ch_mult"
        case residualBlocks = "num_res_blocks"
        case groups = "norm_num_groups"
        case channels = "embed_dim"
        case resolution
        case imageSize = "image_size"
        case scaleFactor = "scale_factor"
        case levels = "quant_levels"
        case range = "quant_range"
    }

    /// Keys that are left out take the published values.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init()
        hiddenChannels = try values.decode(Int.self, forKey: .hiddenChannels)
        channelMultipliers = try values.decode([Int].self, forKey: .channelMultipliers)
        residualBlocks = try values.decodeIfPresent(Int.self, forKey: .residualBlocks) ?? residualBlocks
        groups = try values.decodeIfPresent(Int.self, forKey: .groups) ?? groups
        channels = try values.decodeIfPresent(Int.self, forKey: .channels) ?? channels
        resolution = try values.decodeIfPresent(Int.self, forKey: .resolution) ?? resolution
        imageSize = try values.decodeIfPresent(Int.self, forKey: .imageSize) ?? resolution
        scaleFactor = try values.decodeIfPresent(Double.self, forKey: .scaleFactor) ?? scaleFactor
        levels = try values.decodeIfPresent(Int.self, forKey: .levels) ?? levels
        range = try values.decodeIfPresent(Double.self, forKey: .range) ?? range
    }

    /// The resolution at which there is attention.
    static let attentionResolution = 16

    /// Resolutions, each half the one before.
    public var depth: Int { channelMultipliers.count }
    /// The side of the square of pixels that one latent stands for.
    public var patchSize: Int { 1 << (depth - 1) }
    /// Latents in a row of an image.
    public var grid: Int { imageSize / patchSize }

    /// The shape of the autoencoder.
    package var shape: AutoencoderKLShape {
        AutoencoderKLShape(
            latentChannels: channels, levels: channelMultipliers.map { hiddenChannels * $0 }, blocks: residualBlocks,
            groups: groups,
            attendedLevels: Set((0..<depth).filter { resolution >> $0 == Self.attentionResolution }), layout: .latentDiffusion)
    }

    /// - Throws: `InvalidValue` for the first value that cannot be used.
    public func validate() throws(InvalidValue) {
        try expectSizes([
            ("ch", hiddenChannels, 16384), ("the length of ch_mult", depth, 8), ("num_res_blocks", residualBlocks, 64),
            ("norm_num_groups", groups, 1024),
            ("embed_dim", channels, 4096), ("resolution", resolution, 8192), ("image_size", imageSize, 8192),
        ])
        try expect("quant_levels", levels, in: GaussianQuantizer.bounds)
        for multiplier in channelMultipliers {
            try expect("ch_mult", multiplier, in: 1...64)
            if hiddenChannels * multiplier % groups != 0 {
                throw InvalidValue("norm_num_groups is \(groups), expected a divisor of the \(hiddenChannels * multiplier) channels of a level")
            }
        }
        guard imageSize % patchSize == 0 else { throw InvalidValue("image_size is \(imageSize), expected a multiple of \(patchSize)") }
        for (name, value) in [("scale_factor", scaleFactor), ("quant_range", range)] where !(value > 0 && value <= 1e6) {
            throw InvalidValue("\(name) is \(value), expected a number above 0")
        }
    }
}
