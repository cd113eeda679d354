/// The shape of a convolutional variational autoencoder of the kind of Latent Diffusion (Rombach et al., 2022), and the names
/// that its parameters have in files. FlexTok and TokenBridge each encode images with one.
public struct AutoencoderKLShape: Sendable, Hashable {
    /// How the maps of an attention are called and stored in diffusers' layout.
    public enum AttentionLayout: String, Sendable, Codable {
        /// `to_q`, `to_k`, `to_v`, `to_out.0`.
        case current
        /// `query`, `key`, `value`, `proj_attn`, as before version 0.18 of diffusers.
        case former
        /// The same as 1×1 convolutions.
        case formerConvolutions = "former_convolutions"
    }

    /// Whose names parameters have.
    public enum Layout: Sendable, Hashable {
        case latentDiffusion
        case diffusers(AttentionLayout)
    }

    /// Channels of a latent.
    public var latentChannels: Int
    /// Channels of the levels, highest resolution first; each has half the resolution of the one before.
    public var levels: [Int]
    /// Residual blocks of a level of the encoder; the decoder has one more.
    public var blocks: Int
    /// Groups of every group norm.
    public var groups: Int
    /// The levels of the encoder with attention after every block; both halves have one at the lowest resolution anyway.
    public var attendedLevels: Set<Int>
    public var layout: Layout

    public init(
        latentChannels: Int, levels: [Int], blocks: Int, groups: Int, attendedLevels: Set<Int> = [], layout: Layout
    ) {
        self.latentChannels = latentChannels
        self.levels = levels
        self.blocks = blocks
        self.groups = groups
        self.attendedLevels = attendedLevels
        self.layout = layout
    }
}

/// Names of parameters.
extension AutoencoderKLShape.Layout {
    private func name(_ latentDiffusion: String, _ diffusers: String) -> String {
        self == .latentDiffusion ? latentDiffusion : diffusers
    }

    func encoderLevel(_ level: Int) -> String { name("down.\(level)", "down_blocks.\(level)") }

    /// Latent Diffusion counts the decoder's levels from the highest resolution too, diffusers from the lowest.
    func decoderLevel(_ level: Int, of count: Int) -> String { name("up.\(level)", "up_blocks.\(count - 1 - level)") }

    func block(_ index: Int) -> String { name("block.\(index)", "resnets.\(index)") }
    func attention(_ index: Int) -> String { name("attn.\(index)", "attentions.\(index)") }
    var shortcut: String { name("nin_shortcut", "conv_shortcut") }
    var reduction: String { name("downsample.conv", "downsamplers.0.conv") }
    var enlargement: String { name("upsample.conv", "upsamplers.0.conv") }
    var middleBlocks: [String] { self == .latentDiffusion ? ["mid.block_1", "mid.block_2"] : ["mid_block.resnets.0", "mid_block.resnets.1"] }
    var middleAttention: String { name("mid.attn_1", "mid_block.attentions.0") }
    var outputNorm: String { name("norm_out", "conv_norm_out") }

    var attentionNorm: String { name("norm", "group_norm") }

    /// The maps to queries, keys and values, and of what was attended to.
    var attentionMaps: [String] {
        switch self {
        case .latentDiffusion: ["q", "k", "v", "proj_out"]
        case .diffusers(.current): ["to_q", "to_k", "to_v", "to_out.0"]
        case .diffusers(.former), .diffusers(.formerConvolutions): ["query", "key", "value", "proj_attn"]
        }
    }

    /// The further axes of those maps.
    var attentionKernel: [Int] {
        switch self {
        case .latentDiffusion, .diffusers(.formerConvolutions): [1, 1]
        case .diffusers(.current), .diffusers(.former): []
        }
    }
}
