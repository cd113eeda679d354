import Files
import Layers

extension ModelFamily {
    /// The convolutional tokenizer that MaskGIT was published with (2202.04200), whose codes TiTok's first release decodes to
    /// and RAR draws.
    public static let maskGITVQGAN = ModelFamily(
        id: "maskgit-vqgan", title: "a MaskGIT-VQGAN, an image tokenizer", abilities: [.tokenize],
        network: .imageTokenizer(MaskGITVQGANConfiguration.self),
        signatures: [
            Signature(
                "MaskGIT-VQGAN, a 2D image tokenizer",
                ["encoder.down.0.block.0.conv1.weight", "encoder.mid.0.conv1.weight", "quantize.embedding.weight"])
        ])
}

extension MaskGITVQGANConfiguration: ImageTokenizerConfiguration {
    /// The configuration of a MaskGIT-VQGAN by the shapes of its tensors (reference section 4).
    public init(inferredFrom catalog: TensorCatalog) throws {
        let codes = try catalog.shape("quantize.embedding.weight", rank: 2)
        var configuration = MaskGITVQGANConfiguration(codeSize: codes[1], codebookSize: codes[0])
        try configuration.inferChannels(
            from: catalog, bottom: "decoder.norm_out.weight", levels: "decoder.up.")
        self = try TensorCatalog.checked(configuration)
    }

    /// Reads the channels of the levels that are stored under `levels`, highest resolution first. Multiples are of the
    /// channels of the highest one, `bottom`, whose multiple is 1 in every published model.
    mutating func inferChannels(from catalog: TensorCatalog, bottom: String, levels: String) throws {
        hiddenChannels = try catalog.shape(bottom, rank: 1)[0]
        channelMultipliers = try (0..<catalog.run(levels, ".block.0.conv1.weight")).map { level in
            try TensorCatalog.quotient(
                try catalog.shape("\(levels)\(level).block.0.conv1.weight", rank: 4)[0], hiddenChannels,
                "the channels of level \(level)")
        }
        residualBlocks = catalog.run(levels + "0.block.", ".conv1.weight")
    }

    public static func isDescribed(by configuration: JSONValue) -> Bool { configuration["channel_mult"] != nil }

    /// The side of the images of the published generators over it; the network itself is convolutional.
    public var imageSize: Int { 256 }

    public var tokens: TokenShape {
        let grid = max(1, imageSize / patchSize)
        return TokenShape(count: grid * grid, values: .codes(size: codebookSize))
    }

    public var textGuidance: TextGuidanceShape? { nil }

    public var summary: String { "MaskGIT-VQGAN, \(codebookSize) codes of \(codeSize)" }

    public func imageTokenizer(_ weights: Weights) -> any ImageTokenizer { MaskGITVQGAN(self, weights: weights) }
}
