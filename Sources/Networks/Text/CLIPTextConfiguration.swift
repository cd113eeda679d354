import Files
import Layers
import Tensors

extension ModelFamily {
    /// CLIP's text tower (2103.00020), which the published models read captions with.
    public static let clipText = ModelFamily(
        id: "clip-text", title: "CLIP with its text tower", abilities: [],
        network: .textEncoder(CLIPTextConfiguration.self),
        signatures: [
            Signature(
                "CLIP in OpenAI's format",
                ["token_embedding.weight", "positional_embedding", "transformer.resblocks.0.attn.in_proj_weight"]),
            Signature(
                "CLIP in open_clip's format with a text tower of its own",
                [
                    "text.token_embedding.weight", "text.positional_embedding",
                    "text.transformer.resblocks.0.attn.in_proj_weight",
                ]),
            Signature(
                "CLIP in Hugging Face's format",
                ["text_model.embeddings.token_embedding.weight", "text_model.encoder.layers.0.self_attn.q_proj.weight"]),
        ])
}

/// The shape of CLIP's text tower and how it is stored (FlowTok reference, section 3.3). Which activation it wants cannot be
/// inferred from it.
public struct CLIPTextConfiguration: NetworkConfiguration {
    /// The three ways in which the tower is stored.
    public enum Format: String, Sendable, Codable, CaseIterable {
        /// OpenAI's archive and open_clip's plain models.
        case openAI = "openai"
        /// open_clip's models with a tower of their own for texts: the same names under `text.`.
        case openCLIP = "open_clip"
        case huggingFace = "hugging_face"
    }

    public var format: Format
    public var vocabularySize: Int
    public var contextLength: Int
    public var width: Int
    public var layers: Int
    public var heads: Int

    public init(format: Format, vocabularySize: Int, contextLength: Int, width: Int, layers: Int, heads: Int) {
        self.format = format
        self.vocabularySize = vocabularySize
        self.contextLength = contextLength
        self.width = width
        self.layers = layers
        self.heads = heads
    }

    public init(inferredFrom catalog: TensorCatalog) throws {
        let format: Format =
            catalog.contains("text_model.embeddings.token_embedding.weight")
            ? .huggingFace : catalog.contains("text.token_embedding.weight") ? .openCLIP : .openAI
        let (tokens, positions, layers, block) =
            switch format {
            case .openAI:
                ("token_embedding.weight", "positional_embedding", "transformer.resblocks.", ".ln_1.weight")
            case .openCLIP:
                (
                    "text.token_embedding.weight", "text.positional_embedding", "text.transformer.resblocks.",
                    ".ln_1.weight"
                )
            case .huggingFace:
                (
                    "text_model.embeddings.token_embedding.weight", "text_model.embeddings.position_embedding.weight",
                    "text_model.encoder.layers.", ".layer_norm1.weight"
                )
            }
        let table = try catalog.shape(tokens, rank: 2)
        self.init(
            format: format, vocabularySize: table[0], contextLength: try catalog.shape(positions, rank: 2)[0],
            width: table[1], layers: catalog.run(layers, block), heads: try catalog.heads(table[1]))
    }

    /// The tower that a checkpoint of this shape holds.
    public func tower(activation: Activation) -> TextTransformerConfiguration {
        TextTransformerConfiguration(
            vocabularySize: vocabularySize, contextLength: contextLength, width: width, layers: layers, heads: heads,
            activation: activation)
    }

    public func validate() throws(InvalidValue) { try tower(activation: .quickGELU).validate() }

    public var summary: String {
        let title =
            switch format {
            case .openAI: "CLIP in OpenAI's format"
            case .openCLIP: "CLIP in open_clip's format with a text tower of its own"
            case .huggingFace: "CLIP in Hugging Face's format"
            }
        return "\(title), text tower of \(layers) layers, width \(width)"
    }
}
