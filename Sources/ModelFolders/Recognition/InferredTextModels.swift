extension CheckpointArchitecture.FlowTokShape {
    /// The shape of a FlowTok by its tensors (FlowTok reference, sections 5 and 6).
    static func inferred(from catalog: TensorCatalog) throws -> Self {
        let embedding = try catalog.shape("x_embedder.weight", rank: 2)
        let width = embedding[0]
        let depth = catalog.run("blocks.", ".attn.qkv.weight")
        let named = published.first { $0.depth == depth && $0.width == width }
        let feedForward = try catalog.shape("context_encoder.layers.0.feed_forward.ffn_1.weight", rank: 2)
        // The fixed table of positions may be left out; all published networks have 77 tokens.
        let tokens = catalog.contains("pos_embed") ? try catalog.shape("pos_embed", rank: 3)[1] : 77
        // All published encoders have 8 heads, whatever their width.
        _ = try TensorCatalog.quotient(feedForward[1], 8, "the text encoder's width and its heads")
        return Self(
            depth: depth, width: width, heads: try named?.heads ?? TensorCatalog.heads(width), tokens: tokens,
            channels: embedding[1],
            indicators: try catalog.shape("y_embedder.embedding_table.weight", rank: 2)[0], textWidth: feedForward[1],
            textLayers: catalog.run("context_encoder.layers.", ".attn.W_Q.weight"), textHeads: 8,
            textHidden: feedForward[0])
    }
}

extension CheckpointArchitecture.CLIPTextShape {
    /// The shape of CLIP's text tower by its tensors (FlowTok reference, section 3.3).
    static func inferred(from catalog: TensorCatalog, format: CheckpointFamily.CLIPFormat) throws -> Self {
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
        return Self(
            format: format, vocabularySize: table[0], contextLength: try catalog.shape(positions, rank: 2)[0],
            width: table[1], layers: catalog.run(layers, block), heads: try TensorCatalog.heads(table[1]))
    }
}
