import Networks

extension CheckpointArchitecture {
    /// What the checkpoint is in a few words, with its size: "FlowTok-XL, 77×16".
    public var summary: String {
        switch self {
        case .flowTok(let shape):
            let name = shape.publishedTitle ?? "FlowTok of \(shape.depth) blocks, width \(shape.width)"
            return "\(name), \(shape.tokens)×\(shape.channels)"
        case .flowTiTok(let configuration):
            return "FlowTiTok, \(configuration.latentTokens)×\(configuration.tokenSize), "
                + "\(configuration.imageSize)×\(configuration.imageSize) pixels"
        case .tiTok(let configuration):
            let family = configuration.kind == .textAware ? "TA-TiTok" : "TiTok"
            let tokens =
                configuration.quantization == .vector
                ? "\(configuration.latentTokens) tokens of \(configuration.codebookSize) codes"
                : "\(configuration.latentTokens)×\(configuration.tokenSize)"
            return [family, configuration.publishedName].compactMap { $0 }.joined(separator: " ")
                + ", \(tokens), \(configuration.imageSize)×\(configuration.imageSize) pixels"
        case .maskGITVQGAN(let configuration):
            return "MaskGIT-VQGAN, \(configuration.codebookSize) codes of \(configuration.codeSize)"
        case .clipText(let shape):
            return "\(family.title), text tower of \(shape.layers) layers, width \(shape.width)"
        case .generator, .other: return family.title
        }
    }
}

extension CheckpointArchitecture.FlowTokShape {
    /// `FlowTok-S` to `FlowTok-H`, or nil.
    public var publishedTitle: String? {
        publishedName.map { "FlowTok-" + $0.drop { $0 != "-" }.dropFirst().uppercased() }
    }
}
