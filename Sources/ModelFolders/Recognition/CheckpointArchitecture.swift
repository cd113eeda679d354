import Networks

/// What a checkpoint holds, told by the names and shapes of its tensors: the architecture and its configuration.
public enum CheckpointArchitecture: Sendable, Hashable {
    /// TiTok and TA-TiTok; the configuration says which.
    case tiTok(TiTokConfiguration)
    case flowTiTok(FlowTiTokConfiguration)
    case maskGITVQGAN(MaskGITVQGANConfiguration)
    case flowTok(FlowTokShape)
    case clipText(CLIPTextShape)
    /// A generator over tokens; its shape is told by its folder's configuration.
    case generator(CheckpointFamily.Generator)
    /// Known by name; its shape is of no interest here.
    case other(String)

    /// The shape of a FlowTok checkpoint: velocity network and text variational encoder.
    public struct FlowTokShape: Sendable, Hashable, Codable {
        public var depth: Int
        public var width: Int
        public var heads: Int
        /// N and D, the number of tokens and the numbers in one.
        public var tokens: Int
        public var channels: Int
        /// Rows of the indicator table.
        public var indicators: Int
        /// The width of the text's hidden states, and the shape of the encoder that reads them.
        public var textWidth: Int
        public var textLayers: Int
        public var textHeads: Int
        public var textHidden: Int

        public init(
            depth: Int, width: Int, heads: Int, tokens: Int, channels: Int, indicators: Int = 2, textWidth: Int,
            textLayers: Int, textHeads: Int, textHidden: Int
        ) {
            self.depth = depth
            self.width = width
            self.heads = heads
            self.tokens = tokens
            self.channels = channels
            self.indicators = indicators
            self.textWidth = textWidth
            self.textLayers = textLayers
            self.textHeads = textHeads
            self.textHidden = textHidden
        }

        /// `flowtok-s` to `flowtok-h`, or nil where the shape is none of the published ones.
        public var publishedName: String? {
            Self.published.first { $0.depth == depth && $0.width == width && $0.heads == heads }?.name
        }

        /// The published networks (FlowTok reference, section 1.1).
        static let published: [(name: String, depth: Int, width: Int, heads: Int)] = [
            ("flowtok-s", 12, 384, 6), ("flowtok-b", 12, 768, 12), ("flowtok-l", 24, 1024, 16),
            ("flowtok-xl", 28, 1152, 16), ("flowtok-h", 36, 1280, 20),
        ]
    }

    /// The shape of CLIP's text tower and how it is stored. Which activation it wants cannot be told from it.
    public struct CLIPTextShape: Sendable, Hashable, Codable {
        public var format: CheckpointFamily.CLIPFormat
        public var vocabularySize: Int
        public var contextLength: Int
        public var width: Int
        public var layers: Int
        public var heads: Int

        public init(
            format: CheckpointFamily.CLIPFormat, vocabularySize: Int, contextLength: Int, width: Int, layers: Int,
            heads: Int
        ) {
            self.format = format
            self.vocabularySize = vocabularySize
            self.contextLength = contextLength
            self.width = width
            self.layers = layers
            self.heads = heads
        }
    }

    /// What tensors of these names and shapes are; nil where they are nothing that is known here.
    ///
    /// What shapes do not tell is taken from the published models: heads of 64 channels, unit vectors in the first release
    /// of TiTok alone, 512 pixels for a FlowTiTok that does not hold its position tables.
    /// - Parameter file: for messages.
    /// - Throws: `ImageTokenizerError.undetermined` where the names say an architecture and the shapes contradict it.
    public init?(shapes: [String: [Int]], file: String) throws {
        guard let family = CheckpointFamily(names: shapes.keys) else { return nil }
        do {
            let catalog = TensorCatalog(shapes)
            switch family {
            case .tiTok: self = .tiTok(try .inferred(from: catalog, kind: .plain))
            case .taTiTok: self = .tiTok(try .inferred(from: catalog, kind: .textAware))
            case .flowTiTok: self = .flowTiTok(try .inferred(from: catalog))
            case .maskGITVQGAN: self = .maskGITVQGAN(try .inferred(from: catalog))
            case .flowTok: self = .flowTok(try .inferred(from: catalog))
            case .clip(let format): self = .clipText(try .inferred(from: catalog, format: format))
            case .generator(let generator): self = .generator(generator)
            case .other(let title): self = .other(title)
            }
        } catch let problem as TensorCatalog.Problem {
            throw ImageTokenizerError.undetermined(file: file, architecture: family.title, reason: problem.reason)
        }
    }

    public var family: CheckpointFamily {
        switch self {
        case .tiTok(let configuration): configuration.kind == .textAware ? .taTiTok : .tiTok
        case .flowTiTok: .flowTiTok
        case .maskGITVQGAN: .maskGITVQGAN
        case .flowTok: .flowTok
        case .clipText(let shape): .clip(shape.format)
        case .generator(let generator): .generator(generator)
        case .other(let title): .other(title)
        }
    }

    /// The published model of this shape, or nil.
    public var publishedName: String? {
        switch self {
        case .tiTok(let configuration): configuration.publishedName
        case .flowTok(let shape): shape.publishedName
        default: nil
        }
    }
}
