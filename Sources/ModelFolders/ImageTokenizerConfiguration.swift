import Networks

/// The configuration of any image tokenizer, as `config.json` of its folder holds it: the architecture's own keys, and
/// `model_type`. Official files without that key are told apart by their own.
public enum ImageTokenizerConfiguration: Sendable, Hashable, Codable {
    case tiTok(TiTokConfiguration)
    case flowTiTok(FlowTiTokConfiguration)
    case maskGITVQGAN(MaskGITVQGANConfiguration)

    private enum ModelType: String, Codable {
        case tiTok = "titok"
        case flowTiTok = "flowtitok"
        case maskGITVQGAN = "maskgit-vqgan"
    }

    private enum Keys: String, CodingKey {
        case modelType = "model_type"
        case official = "model"
        case channelMultipliers = "channel_mult"
    }

    /// The configuration of a recognised checkpoint; nil where it is no image tokenizer.
    public init?(_ architecture: CheckpointArchitecture) {
        switch architecture {
        case .tiTok(let configuration): self = .tiTok(configuration)
        case .flowTiTok(let configuration): self = .flowTiTok(configuration)
        case .maskGITVQGAN(let configuration): self = .maskGITVQGAN(configuration)
        case .flowTok, .clipText, .generator, .other: return nil
        }
    }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: Keys.self)
        let type = try values.decodeIfPresent(ModelType.self, forKey: .modelType)
            ?? (values.contains(.official) ? .tiTok : values.contains(.channelMultipliers) ? .maskGITVQGAN : .flowTiTok)
        self = switch type {
        case .tiTok: .tiTok(try TiTokConfiguration(from: decoder))
        case .flowTiTok: .flowTiTok(try FlowTiTokConfiguration(from: decoder))
        case .maskGITVQGAN: .maskGITVQGAN(try MaskGITVQGANConfiguration(from: decoder))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: Keys.self)
        switch self {
        case .tiTok(let configuration):
            try values.encode(ModelType.tiTok, forKey: .modelType)
            try configuration.encode(to: encoder)
        case .flowTiTok(let configuration):
            try values.encode(ModelType.flowTiTok, forKey: .modelType)
            try configuration.encode(to: encoder)
        case .maskGITVQGAN(let configuration):
            try values.encode(ModelType.maskGITVQGAN, forKey: .modelType)
            try configuration.encode(to: encoder)
        }
    }

    /// Why no model can be built from this, or nil. To be asked before a configuration that came from a file is used.
    public var problem: String? {
        switch self {
        case .tiTok(let configuration): configuration.problem
        case .flowTiTok(let configuration): configuration.problem
        case .maskGITVQGAN(let configuration): configuration.problem
        }
    }

    /// The family that a checkpoint for this configuration is of.
    public var family: CheckpointFamily {
        switch self {
        case .tiTok(let configuration): configuration.kind == .textAware ? .taTiTok : .tiTok
        case .flowTiTok: .flowTiTok
        case .maskGITVQGAN: .maskGITVQGAN
        }
    }
}
