import Files
import Layers
import Tensors

/// The shape of a FlexTok (2502.13967): autoencoder, encoder of registers, quantizer and rectified-flow decoder.
///
/// Official checkpoints carry it as Hydra settings, in the header of the safetensors file or in `config.json`; both are
/// read, and written again with the keys of this type.
public struct FlexTokConfiguration: Sendable, Hashable, Codable {
    /// What the tokens of the encoder see.
    public enum MaskMode: String, Sendable, Codable {
        case full
        case causal
        /// Patches see each other alone, every register sees the patches and the registers up to itself.
        case causalLast = "causal_last"

        func mask(patches: Int) -> AttentionMask {
            switch self {
            case .full: .full
            case .causal: .causal
            case .causalLast: .prefix(patches)
            }
        }
    }

    public var autoencoder: AutoencoderKLConfiguration
    public var encoder: FlexTokTrunkConfiguration
    public var decoder: FlexTokTrunkConfiguration
    /// The most tokens of an image.
    public var registers: Int
    /// The side of a patch of latents.
    public var patchSize: Int
    /// Patches along one side of the largest image.
    public var grid: Int
    /// Levels of the quantizer, a number to each dimension of a code.
    public var levels: [Int]
    /// What times are counted up to: 1 or 1000.
    public var maxTimestep: Float
    public var maskMode: MaskMode

    public init(
        autoencoder: AutoencoderKLConfiguration = AutoencoderKLConfiguration(), encoder: FlexTokTrunkConfiguration,
        decoder: FlexTokTrunkConfiguration, registers: Int = 256, patchSize: Int = 2, grid: Int = 16,
        levels: [Int] = [8, 8, 8, 5, 5, 5], maxTimestep: Float = 1, maskMode: MaskMode = .causalLast
    ) {
        self.autoencoder = autoencoder
        self.encoder = encoder
        self.decoder = decoder
        self.registers = registers
        self.patchSize = patchSize
        self.grid = grid
        self.levels = levels
        self.maxTimestep = maxTimestep
        self.maskMode = maskMode
    }

    enum CodingKeys: String, CodingKey {
        case autoencoder = "vae"
        case encoder, decoder, registers
        case patchSize = "patch_size"
        case grid = "posemb_grid"
        case levels = "fsq_levels"
        case maxTimestep = "max_timestep"
        case maskMode = "mask_mode"
    }

    /// Reads official settings, and those that this type writes.
    public init(from decoder: any Decoder) throws {
        let document = try JSONValue(from: decoder)
        if Self.isOfficial(document) {
            do {
                try self.init(official: document)
            } catch let problem as TensorCatalog.Problem {
                throw DecodingError.dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: problem.reason))
            }
            return
        }
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            autoencoder: try values.decode(AutoencoderKLConfiguration.self, forKey: .autoencoder),
            encoder: try values.decode(FlexTokTrunkConfiguration.self, forKey: .encoder),
            decoder: try values.decode(FlexTokTrunkConfiguration.self, forKey: .decoder),
            registers: try values.decode(Int.self, forKey: .registers),
            patchSize: try values.decode(Int.self, forKey: .patchSize), grid: try values.decode(Int.self, forKey: .grid),
            levels: try values.decode([Int].self, forKey: .levels),
            maxTimestep: try values.decode(Float.self, forKey: .maxTimestep),
            maskMode: try values.decode(MaskMode.self, forKey: .maskMode))
    }

    /// Numbers of a patch of latents.
    public var patchValues: Int { patchSize * patchSize * autoencoder.latentChannels }

    /// The side of the latents of an image of the full size.
    public var latentSide: Int { grid * patchSize }

    /// The side of an image of the full size, in pixels.
    public var imageSize: Int { latentSide * autoencoder.downsampling }

    /// - Throws: `InvalidValue` for the first value that cannot be used.
    public func validate() throws(InvalidValue) {
        try autoencoder.validate()
        try encoder.validate(as: "encoder")
        try decoder.validate(as: "decoder")
        try expectSizes([
            ("the number of registers", registers, 16384), ("patch_size", patchSize, 16), ("the grid of patches", grid, 1024),
            ("the length of levels", levels.count, 16),
        ])
        if let level = levels.first(where: { !(2...4096).contains($0) }) { throw InvalidValue("levels has \(level), expected 2 to 4096") }
        // Above that, float32 does not tell codes from each other, as the official code needs.
        guard levels.reduce(1.0, { $0 * Double($1) }) <= 0x1p24 else { throw InvalidValue("levels \(levels) make more than 2^24 codes") }
        guard imageSize <= 4096 else { throw InvalidValue("images of \(imageSize) pixels, expected at most 4096") }
        guard max(encoder.width, decoder.width) * grid * grid <= 1 << 26 else {
            throw InvalidValue("a table of \(grid)×\(grid) positions of \(max(encoder.width, decoder.width)) numbers is larger than 2^26")
        }
        guard maxTimestep.isFinite, maxTimestep >= 1e-3, maxTimestep <= 1e6 else {
            throw InvalidValue("max_timestep is \(maxTimestep), expected 0.001 to 1000000")
        }
    }

    /// The tables of positions that official checkpoints hold beside the parameters, by name: nothing is learned of them, and
    /// the official code wants them there.
    public var tables: [(name: String, tensor: Tensor)] {
        [("encoder.module_dict.enc_posemb_module.posembs", encoder), ("decoder.module_dict.dec_patches_posemb_module.posembs", decoder)].map {
            (
                $0.0,
                PositionTables.sinusoidal2D(rows: grid, columns: grid, width: $0.1.width)
                    .permuted(1, 0).reshaped([1, $0.1.width, grid, grid])
            )
        }
    }
}
