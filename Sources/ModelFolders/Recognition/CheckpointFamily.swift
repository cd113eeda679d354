import Checkpoints
import Networks
/// The architecture that a checkpoint is of, told by the names of its tensors.
public enum CheckpointFamily: Sendable, Hashable {
    case tiTok
    case taTiTok
    case flowTiTok
    case maskGITVQGAN
    case flowTok
    case clip(CLIPFormat)
    /// A generator over the tokens of one of these tokenizers.
    case generator(Generator)
    /// Something else that is known by name: what it is.
    case other(String)

    /// The three ways in which CLIP's text tower is stored (FlowTok reference, section 3.3).
    public enum CLIPFormat: String, Sendable, Codable, CaseIterable {
        /// OpenAI's archive and open_clip's plain models.
        case openAI = "openai"
        /// open_clip's models with a tower of their own for texts: the same names under `text.`.
        case openCLIP = "open_clip"
        case huggingFace = "hugging_face"
    }

    /// The published generators.
    public enum Generator: String, Sendable, Codable, CaseIterable {
        /// MaskGIT's two networks, which draw classes.
        case imageBert = "maskgit-vit"
        case uvitBert = "maskgit-uvit"
        /// MaskGen over integer and over continuous tokens, which draw captions.
        case maskGenVQ = "maskgen-vq"
        case maskGenKL = "maskgen-kl"
    }

    /// What the family is called in messages.
    public var title: String {
        switch self {
        case .tiTok: "TiTok, a 1D image tokenizer"
        case .taTiTok: "TA-TiTok, a 1D image tokenizer guided by text"
        case .flowTiTok: "FlowTiTok, FlowTok's 1D image tokenizer"
        case .maskGITVQGAN: "MaskGIT-VQGAN, a 2D image tokenizer"
        case .flowTok: "FlowTok, a velocity network with its text variational encoder"
        case .clip(.openAI): "CLIP in OpenAI's format"
        case .clip(.openCLIP): "CLIP in open_clip's format with a text tower of its own"
        case .clip(.huggingFace): "CLIP in Hugging Face's format"
        case .generator(.imageBert): "a MaskGIT generator over TiTok tokens (ImageBert)"
        case .generator(.uvitBert): "a MaskGIT generator over TiTok tokens (UViTBert)"
        case .generator(.maskGenVQ): "MaskGen over integer tokens"
        case .generator(.maskGenKL): "MaskGen over continuous tokens"
        case .other(let title): title
        }
    }

    /// The family of tensors of these names; nil where it is none that is known here.
    public init?(names: some Sequence<String>) {
        let names = Set(names)
        guard let mark = Self.marks.first(where: { mark in mark.names.allSatisfy(names.contains) }) else { return nil }
        self = mark.family
    }

    /// Every family by names that together only it has; the more particular before the more general.
    private static let marks: [(family: CheckpointFamily, names: [String])] = [
        (
            .taTiTok,
            [
                "latent_tokens", "encoder.transformer.0.attn.in_proj_weight", "decoder.mask_token",
                "decoder.text_guidance_proj.weight",
            ]
        ),
        (.tiTok, ["latent_tokens", "encoder.transformer.0.attn.in_proj_weight", "decoder.mask_token"]),
        (.flowTiTok, ["latent_tokens", "encoder.transformer.0.attn.qkv.weight", "decoder.text_guidance_proj.weight"]),
        (.maskGITVQGAN, ["encoder.down.0.block.0.conv1.weight", "encoder.mid.0.conv1.weight", "quantize.embedding.weight"]),
        (.flowTok, ["x_embedder.weight", "blocks.0.attn.qkv.weight", "context_encoder.layers.0.attn.W_Q.weight"]),
        (
            .clip(.openAI),
            ["token_embedding.weight", "positional_embedding", "transformer.resblocks.0.attn.in_proj_weight"]
        ),
        (
            .clip(.openCLIP),
            [
                "text.token_embedding.weight", "text.positional_embedding",
                "text.transformer.resblocks.0.attn.in_proj_weight",
            ]
        ),
        (
            .clip(.huggingFace),
            ["text_model.embeddings.token_embedding.weight", "text_model.encoder.layers.0.self_attn.q_proj.weight"]
        ),
        (
            .other("a model of this program, image tokenizer, text models and velocity network in one file"),
            ["image_tokenizer.latent_tokens"]
        ),
        (
            .generator(.imageBert),
            ["model.embeddings.word_embeddings.weight", "model.lm_head.weight"]
        ),
        (.generator(.uvitBert), ["embeddings.weight", "in_blocks.0.attn.qkv.weight"]),
        (.generator(.maskGenVQ), ["text_embed_proj.weight", "blocks.0.norm1_context.linear.weight"]),
        (
            .generator(.maskGenKL),
            ["decoder_blocks.0.norm1_context.linear.weight", "diffusion_pos_embed_learned"]
        ),
        (.other("RAR, an autoregressive generator over MaskGIT-VQGAN codes"), ["target_aware_pos_embed", "cls_token"]),
        (.other("FlexTok, a 1D image tokenizer"), ["encoder.module_dict.enc_register_module.registers"]),
        (.other("GigaTok, a 1D image tokenizer"), ["s2to1encoder.positional_embedding", "s1to2decoder.positional_embedding"]),
        (.other("TokenBridge, an autoregressive generator"), ["channel_embed", "encoder_pos_embed_learned", "fake_latent"]),
        (
            .other("an autoregressive image generator in LlamaGen's layout"),
            ["tok_embeddings.weight", "cls_embedding.embedding_table.weight", "layers.0.attention.wqkv.weight"]
        ),
        (
            .other("a convolutional variational autoencoder or VQGAN with attention"),
            ["encoder.mid.block_1.conv1.weight", "decoder.mid.attn_1.q.weight"]
        ),
        (
            .other("a convolutional variational autoencoder in diffusers' layout"),
            ["encoder.mid_block.resnets.0.conv1.weight", "decoder.mid_block.resnets.0.conv1.weight"]
        ),
        (.other("a diffusion transformer over 2D latents"), ["x_embedder.proj.weight", "final_layer.linear.weight"]),
    ]
}

extension Checkpoint {
    /// The shapes of all tensors by name.
    var shapes: [String: [Int]] {
        Dictionary(entries.map { ($0.name, $0.shape) }, uniquingKeysWith: { first, _ in first })
    }

    /// What it holds, in words.
    var contents: String {
        if let family = CheckpointFamily(names: names) { return family.title }
        return names.first.map { "\(names.count) tensors of no architecture that is known here (\($0), …)" } ?? "no tensors"
    }

    /// The error that says what this checkpoint should have been and what it looks like.
    func isNot(_ expected: String) -> ImageTokenizerError {
        .otherArchitecture(file: path, expected: expected, found: contents)
    }
}
