import Files
import Layers
import Sampling

extension ModelFamily {
    /// Models of this package's own making: everything in one file, both directions (2503.10772).
    public static let flowTok = ModelFamily(
        id: "flowtok", title: "a FlowTok", abilities: [.tokenize, .drawCaptions, .caption], network: .flow(nil),
        signatures: [
            Signature(
                "a model of this program, image tokenizer, text models and velocity network in one file",
                ["image_tokenizer.latent_tokens"])
        ])

    /// The published FlowTok with CLIP's text tower beside it, which only draws.
    public static let officialFlowTok = ModelFamily(
        id: "flowtok-official", title: "a FlowTok", abilities: [.tokenize, .drawCaptions],
        network: .flow(FlowNetworksConfiguration.self),
        signatures: [
            Signature(
                "FlowTok, a velocity network with its text variational encoder",
                ["x_embedder.weight", "blocks.0.attn.qkv.weight", "context_encoder.layers.0.attn.W_Q.weight"])
        ])
}

/// The shape of a published FlowTok's own checkpoint: velocity network and text variational encoder.
public struct FlowNetworksConfiguration: NetworkConfiguration {
    public var velocity: VelocityConfiguration
    public var textVariationalEncoder: TextVariationalConfiguration

    public init(velocity: VelocityConfiguration, textVariationalEncoder: TextVariationalConfiguration) {
        self.velocity = velocity
        self.textVariationalEncoder = textVariationalEncoder
    }

    /// See the FlowTok reference, sections 5 and 6.
    public init(inferredFrom catalog: TensorCatalog) throws {
        let embedding = try catalog.shape("x_embedder.weight", rank: 2)
        let width = embedding[0]
        let depth = catalog.run("blocks.", ".attn.qkv.weight")
        let named = Self.published.first { $0.depth == depth && $0.width == width }
        let feedForward = try catalog.shape("context_encoder.layers.0.feed_forward.ffn_1.weight", rank: 2)
        // The fixed table of positions may be left out; all published networks have 77 tokens.
        let tokens = catalog.contains("pos_embed") ? try catalog.shape("pos_embed", rank: 3)[1] : 77
        // All published encoders have 8 heads, whatever their width.
        _ = try TensorCatalog.quotient(feedForward[1], 8, "the text encoder's width and its heads")
        self.init(
            velocity: VelocityConfiguration(
                depth: depth, width: width, heads: try named?.heads ?? catalog.heads(width), tokens: tokens,
                channels: embedding[1], indicators: try catalog.shape("y_embedder.embedding_table.weight", rank: 2)[0]),
            textVariationalEncoder: TextVariationalConfiguration(
                width: feedForward[1], layers: catalog.run("context_encoder.layers.", ".attn.W_Q.weight"), heads: 8,
                hidden: feedForward[0], channels: embedding[1]))
    }

    /// The published networks (FlowTok reference, section 1.1).
    private static let published: [(name: String, depth: Int, width: Int, heads: Int)] = [
        ("flowtok-s", 12, 384, 6), ("flowtok-b", 12, 768, 12), ("flowtok-l", 24, 1024, 16),
        ("flowtok-xl", 28, 1152, 16), ("flowtok-h", 36, 1280, 20),
    ]

    /// `flowtok-s` to `flowtok-h`, or nil where the shape is none of the published ones.
    public var publishedName: String? {
        Self.published.first {
            $0.depth == velocity.depth && $0.width == velocity.width && $0.heads == velocity.heads
        }?.name
    }

    /// `FlowTok-S` to `FlowTok-H`, or nil.
    public var publishedTitle: String? {
        publishedName.map { "FlowTok-" + $0.drop { $0 != "-" }.dropFirst().uppercased() }
    }

    public func validate() throws(InvalidValue) {
        try velocity.validate(as: "velocity")
        try textVariationalEncoder.validate(as: "text_variational_encoder")
    }

    public var summary: String {
        let name = publishedTitle ?? "FlowTok of \(velocity.depth) blocks, width \(velocity.width)"
        return "\(name), \(velocity.tokens)×\(velocity.channels)"
    }
}
