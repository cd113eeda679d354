/// The shape of a FlowTok network in a manifest of the `flowtok` goldens.
package struct FlowTokCaseShape: Decodable, Sendable {
    package struct TextEncoder: Decodable, Sendable {
        package let layers: Int
        package let ff: Int
        package let heads: Int
    }

    package let channels: Int
    package let clip_dim: Int
    package let num_latent_tokens: Int
    package let width: Int
    package let depth: Int
    package let heads: Int
    package let text_encoder: TextEncoder
}

/// The shape of a CLIP text tower there.
package struct ClipCaseShape: Decodable, Sendable {
    package let context_length: Int
    package let vocab_size: Int
    package let width: Int
    package let heads: Int
    package let layers: Int
    package let activation: String
}
