import Files

/// The shape of a MaskGIT-VQGAN: a convolutional tokenizer that makes one code of every 2^(levels - 1) pixels squared
/// (Chang et al., 2022; reference section 4). The defaults are those of the published one.
public struct MaskGITVQGANConfiguration: Sendable, Hashable, Codable {
    /// Channels of the highest resolution.
    public var hiddenChannels: Int
    /// Multiples of them, one to a level, highest resolution first.
    public var channelMultipliers: [Int]
    /// Residual blocks of a level.
    public var residualBlocks: Int
    /// Numbers of a code.
    public var codeSize: Int
    /// Entries of the codebook.
    public var codebookSize: Int

    public init(
        hiddenChannels: Int = 128, channelMultipliers: [Int] = [1, 1, 2, 2, 4], residualBlocks: Int = 2,
        codeSize: Int = 256, codebookSize: Int = 1024
    ) {
        self.hiddenChannels = hiddenChannels
        self.channelMultipliers = channelMultipliers
        self.residualBlocks = residualBlocks
        self.codeSize = codeSize
        self.codebookSize = codebookSize
    }

    enum CodingKeys: String, CodingKey {
        case hiddenChannels = "hidden_channels"
        case channelMultipliers = "channel_mult"
        case residualBlocks = "num_res_blocks"
        case codeSize = "z_channels"
        case codebookSize = "num_embeddings"
    }

    /// Keys that are left out take the published values.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        let published = MaskGITVQGANConfiguration()
        self.init(
            hiddenChannels: try values.decodeIfPresent(Int.self, forKey: .hiddenChannels) ?? published.hiddenChannels,
            channelMultipliers: try values.decodeIfPresent([Int].self, forKey: .channelMultipliers)
                ?? published.channelMultipliers,
            residualBlocks: try values.decodeIfPresent(Int.self, forKey: .residualBlocks) ?? published.residualBlocks,
            codeSize: try values.decodeIfPresent(Int.self, forKey: .codeSize) ?? published.codeSize,
            codebookSize: try values.decodeIfPresent(Int.self, forKey: .codebookSize) ?? published.codebookSize)
    }

    /// Resolutions, each half the one before.
    public var levels: Int { channelMultipliers.count }
    /// The side of the square of pixels that one code stands for.
    public var patchSize: Int { 1 << (levels - 1) }
    /// Channels of a level.
    public func channels(_ level: Int) -> Int { hiddenChannels * channelMultipliers[level] }

    /// Groups of every group norm.
    static let groups = 32

    /// - Throws: `InvalidValue` for the first value that cannot be used.
    public func validate() throws(InvalidValue) {
        try expectSizes([
            ("hidden_channels", hiddenChannels, 16384), ("the length of channel_mult", levels, 8), ("num_res_blocks", residualBlocks, 64),
            ("z_channels", codeSize, 65536), ("num_embeddings", codebookSize, 1 << 20),
        ])
        for multiplier in channelMultipliers {
            try expect("channel_mult", multiplier, in: 1...64)
            if hiddenChannels * multiplier % Self.groups != 0 {
                throw InvalidValue("\(hiddenChannels * multiplier) channels do not divide into \(Self.groups) groups")
            }
        }
    }
}
