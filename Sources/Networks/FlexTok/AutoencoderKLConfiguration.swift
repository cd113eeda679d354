import Files

/// The settings of FlexTok's autoencoder: convolutional and variational, with attention at the lowest resolution.
public struct AutoencoderKLConfiguration: Sendable, Hashable, Codable, Validated {
    public var latentChannels: Int
    /// Channels of the levels, highest resolution first; each has half the resolution of the one before.
    public var blockChannels: [Int]
    /// Residual blocks of a level of the encoder; the decoder has one more.
    public var layersPerBlock: Int
    /// Groups of every group norm.
    public var groups: Int
    /// What latents are multiplied with after encoding; nil where it has to be found elsewhere.
    public var scalingFactor: Double?
    public var attentionLayout: AutoencoderKLShape.AttentionLayout

    public init(
        latentChannels: Int = 16, blockChannels: [Int] = [128, 256, 512, 512], layersPerBlock: Int = 2, groups: Int = 32,
        scalingFactor: Double? = nil, attentionLayout: AutoencoderKLShape.AttentionLayout = .current
    ) {
        self.latentChannels = latentChannels
        self.blockChannels = blockChannels
        self.layersPerBlock = layersPerBlock
        self.groups = groups
        self.scalingFactor = scalingFactor
        self.attentionLayout = attentionLayout
    }

    enum CodingKeys: String, CodingKey {
        case latentChannels = "latent_channels"
        case blockChannels = "block_out_channels"
        case layersPerBlock = "layers_per_block"
        case groups = "norm_num_groups"
        case scalingFactor = "scaling_factor"
        case attentionLayout = "attention_layout"
    }

    /// How many times smaller than an image its latents are.
    public var downsampling: Int { 1 << (blockChannels.count - 1) }

    /// The network's shape.
    package var shape: AutoencoderKLShape {
        AutoencoderKLShape(
            latentChannels: latentChannels, levels: blockChannels, blocks: layersPerBlock, groups: groups,
            layout: .diffusers(attentionLayout))
    }

    /// - Throws: `InvalidValue` for the first value that cannot be used.
    public func validate() throws(InvalidValue) {
        try expectSizes(
            [
                ("vae.latent_channels", latentChannels, 4096), ("the length of vae.block_out_channels", blockChannels.count, 8),
                ("vae.layers_per_block", layersPerBlock, 64), ("vae.norm_num_groups", groups, 1024),
            ] + blockChannels.map { ("vae.block_out_channels", $0, 16384) })
        if let channels = blockChannels.first(where: { $0 % groups != 0 }) {
            throw InvalidValue("vae.block_out_channels \(channels) does not divide into \(groups) groups")
        }
        guard let scalingFactor else { return }
        guard scalingFactor.isFinite && Float(scalingFactor).isNormal else {
            throw InvalidValue("vae.scaling_factor is \(scalingFactor), expected a number other than 0")
        }
    }
}
