import Files
import Layers

extension ModelFamily {
    /// FlexTok (2502.13967), as `EPFL-VILAB/flextok_*` on the hub.
    public static let flexTok = ModelFamily(
        id: "flextok", title: "a FlexTok, an image tokenizer", abilities: [.tokenize],
        network: .imageTokenizer(FlexTokConfiguration.self),
        signatures: [
            Signature(
                "FlexTok, a 1D image tokenizer",
                [
                    "encoder.module_dict.enc_register_module.registers", "decoder.module_dict.dec_from_latents.proj.weight",
                    "vae.vae.encoder.conv_in.weight",
                ])
        ])
}

extension FlexTokConfiguration: ImageTokenizerConfiguration {
    /// Nothing of the graph is told by shapes: the settings of the checkpoint are read, in the file's header or in
    /// `config.json` beside it, and compared with the shapes.
    public init(inferredFrom catalog: TensorCatalog) throws {
        let configuration: FlexTokConfiguration
        if let found = try FlexTokConfiguration(header: catalog.metadata) {
            configuration = found
        } else if let found = try FlexTokConfiguration(beside: catalog) {
            configuration = found
        } else {
            throw TensorCatalog.Problem(
                "its configuration is missing, expected it in the header of a safetensors file or as config.json beside the file")
        }
        let completed = try TensorCatalog.checked(try configuration.completed(by: catalog))
        try completed.check(catalog)
        self = completed
    }

    /// The settings in the header of a safetensors file, each the text of a Python literal; nil where there are none.
    private init?(header: [String: String]) throws {
        guard header["encoder"] != nil || header["decoder"] != nil else { return nil }
        var settings: [String: JSONValue] = [:]
        for key in ["vae", "encoder", "decoder", "regularizer"] {
            guard let text = header[key] else { continue }
            do {
                settings[key] = try PythonLiteral.parse(text)
            } catch let problem as PythonLiteral.Problem {
                throw TensorCatalog.Problem("its configuration cannot be read: \(key): \(problem.reason)")
            }
        }
        try self.init(official: .object(settings))
    }

    /// Those in `config.json`, official or written here; nil where there is none of a FlexTok.
    private init?(beside catalog: TensorCatalog) throws {
        guard let document = try catalog.document("config.json") else { return nil }
        if Self.isOfficial(document) {
            try self.init(official: document)
        } else if document["model_type"]?.string == ModelFamily.flexTok.id {
            guard let found = try catalog.document("config.json", as: FlexTokConfiguration.self) else { return nil }
            self = found
        } else {
            return nil
        }
    }

    public func completed(by catalog: TensorCatalog) throws -> FlexTokConfiguration {
        var completed = self
        let (encoder, attention) = ("vae.vae.encoder.down_blocks.", "vae.vae.encoder.mid_block.attentions.0.")
        // The autoencoder's own settings are in no FlexTok's: what its blocks are, the tensors tell.
        let count = catalog.run(encoder, ".resnets.0.conv1.weight")
        if count > 0 {
            completed.autoencoder.blockChannels = try (0..<count).map {
                try catalog.shape("\(encoder)\($0).resnets.0.conv1.weight", rank: 4)[0]
            }
            completed.autoencoder.layersPerBlock = catalog.run(encoder + "0.resnets.", ".conv1.weight")
        }
        if catalog.contains(attention + "query.weight") {
            completed.autoencoder.attentionLayout =
                (try? catalog.shape(attention + "query.weight", rank: 4)) == nil ? .former : .formerConvolutions
        }
        if completed.autoencoder.scalingFactor == nil {
            guard let own = try catalog.document("vae/config.json") else {
                throw TensorCatalog.Problem(
                    "in its configuration vae.scaling_factor is None, expected a number, or the autoencoder's own config.json as vae/config.json beside the file"
                )
            }
            // What that file leaves out is the default of the library that wrote it.
            completed.autoencoder.scalingFactor = own["scaling_factor"]?.real ?? 0.18215
        }
        return completed
    }

    /// Throws where a tensor has another shape than the configuration says, or is missing.
    private func check(_ catalog: TensorCatalog) throws {
        var problem: TensorCatalog.Problem?
        let source = ExpectedWeights(holds: catalog.contains) { name, shape in
            guard problem == nil else { return }
            let found = catalog.shape(of: name)
            guard found != shape else { return }
            problem = TensorCatalog.Problem(
                found.map { "\(name) has shape \($0), expected \(shape) by its configuration" } ?? "\(name) is missing")
        }
        _ = FlexTok(self, weights: Weights(source))
        if let problem { throw problem }
    }

    public static func isDescribed(by configuration: JSONValue) -> Bool { isOfficial(configuration) }

    /// Tables that are computed here, heads of training's auxiliary loss, and a parameter of the autoencoder's training.
    public static func ignores(_ tensor: String) -> Bool {
        tensor == "encoder.module_dict.enc_posemb_module.posembs" || tensor == "decoder.module_dict.dec_patches_posemb_module.posembs"
            || tensor.hasPrefix("decoder.module_dict.dec_repa") || tensor == "vae.logvar"
    }

    public static var identifyingTensors: [String] { ["encoder.module_dict.enc_register_module.registers"] }

    public var tokens: TokenShape {
        TokenShape(counts: 1...max(1, registers), values: .codes(size: levels.reduce(1, *)))
    }

    public var textGuidance: TextGuidanceShape? { nil }

    public static var publishedSizes: [(name: String, configuration: any ImageTokenizerConfiguration)] {
        // The factor of the autoencoder's own settings, which changes neither size nor speed.
        let autoencoder = AutoencoderKLConfiguration(scalingFactor: 1)
        var sizes: [(name: String, configuration: any ImageTokenizerConfiguration)] = releasedDepths.map { encoder, decoder in
            (
                "FlexTok-d\(encoder)-d\(decoder)",
                FlexTokConfiguration(
                    autoencoder: autoencoder, encoder: FlexTokTrunkConfiguration(width: 64 * encoder, depth: encoder),
                    decoder: FlexTokTrunkConfiguration(width: 64 * decoder, depth: decoder))
            )
        }
        let trunk = FlexTokTrunkConfiguration(width: 64, depth: 1)
        let small = FlexTokConfiguration(
            autoencoder: AutoencoderKLConfiguration(latentChannels: 4, blockChannels: [32, 32], scalingFactor: 1), encoder: trunk,
            decoder: trunk, registers: 8, grid: 4)
        sizes.append(("FlexTok-tiny", small))
        return sizes
    }

    /// Blocks of the released encoders and decoders, whose widths are 64 times as many.
    private static let releasedDepths = [(12, 12), (18, 18), (18, 28)]

    /// The released ones by depth: `flextok_d12_d12`, `flextok_d18_d18`, `flextok_d18_d28`.
    public var publishedName: String? {
        let isReleased =
            Self.releasedDepths.contains { $0 == (encoder.depth, decoder.depth) } && encoder.width == 64 * encoder.depth
            && decoder.width == 64 * decoder.depth && registers == 256 && levels == [8, 8, 8, 5, 5, 5]
        return isReleased ? "flextok_d\(encoder.depth)_d\(decoder.depth)" : nil
    }

    public var summary: String {
        "FlexTok d\(encoder.depth)-d\(decoder.depth), \(tokens.summary), \(imageSize)×\(imageSize) pixels"
    }

    public func imageTokenizer(_ weights: Weights) -> any ImageTokenizer { FlexTok(self, weights: weights) }

    public func imageTokenizer(_ weights: Weights, expected: Weights, later: DeferredWeights) -> any ImageTokenizer {
        FlexTok(self, expected: expected, later: later)
    }
}
