import Networks

/// The configuration of any generator, with the keys of the official `config.json`.
public enum GeneratorConfiguration: Sendable, Hashable, Codable {
    /// Classes to integer tokens.
    case maskGIT(MaskGITConfiguration)
    /// Captions to integer tokens.
    case maskGenVQ(MaskGenVQConfiguration)
    /// Captions to continuous tokens.
    case maskGenKL(MaskGenKLConfiguration)

    /// Tells the kind by its section: `model.generator`, or `model.maskgen`, which a diffusion head under `losses` makes
    /// the continuous one.
    public init(from decoder: any Decoder) throws {
        let root = try decoder.container(keyedBy: OfficialKey.self)
        let model = try decoder.section("model")
        if model.contains("maskgen") {
            let losses = root.contains("losses") ? try decoder.section("losses") : nil
            self = losses?.contains("diffloss_d") == true
                ? .maskGenKL(try MaskGenKLConfiguration(from: decoder)) : .maskGenVQ(try MaskGenVQConfiguration(from: decoder))
        } else {
            self = .maskGIT(try MaskGITConfiguration(from: decoder))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        switch self {
        case .maskGIT(let configuration): try configuration.encode(to: encoder)
        case .maskGenVQ(let configuration): try configuration.encode(to: encoder)
        case .maskGenKL(let configuration): try configuration.encode(to: encoder)
        }
    }

    /// Why no generator can be built from this, or nil. To be asked before a configuration that came from a file is used.
    public var problem: String? {
        switch self {
        case .maskGIT(let configuration): configuration.problem
        case .maskGenVQ(let configuration): configuration.problem
        case .maskGenKL(let configuration): configuration.problem
        }
    }

    /// What it is, in words.
    public var title: String {
        switch self {
        case .maskGIT(let configuration) where configuration.architecture == .uvit: "a MaskGIT generator of classes (UViT)"
        case .maskGIT: "a MaskGIT generator of classes (ViT)"
        case .maskGenVQ: "MaskGen over integer tokens"
        case .maskGenKL: "MaskGen over continuous tokens"
        }
    }

    /// L, the tokens of an image.
    public var tokens: Int {
        switch self {
        case .maskGIT(let configuration): configuration.tokens
        case .maskGenVQ(let configuration): configuration.tokens
        case .maskGenKL(let configuration): configuration.tokens
        }
    }

    /// The codes of the tokenizer that it draws for; nil where tokens are continuous.
    public var codebookSize: Int? {
        switch self {
        case .maskGIT(let configuration): configuration.codebookSize
        case .maskGenVQ(let configuration): configuration.codebookSize
        case .maskGenKL: nil
        }
    }

    /// The width of the captions' hidden states and of their vectors; nil where classes are drawn.
    public var textWidth: Int? {
        switch self {
        case .maskGIT: nil
        case .maskGenVQ(let configuration): configuration.transformer.textWidth
        case .maskGenKL(let configuration): configuration.transformer.textWidth
        }
    }
}
