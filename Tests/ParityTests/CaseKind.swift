import TestSupport

/// What a case holds, told by its manifest, or by the names of its tensors where it has none.
enum CaseKind: String {
    case clipText = "a CLIP text tower"
    case clipVocabulary = "prompts and their ids"
    case flowTok = "a FlowTok network"
    case flowTiTok = "a FlowTiTok"
    case flowTokPipeline = "FlowTok from ids to pixels"
    case flowTokPictures = "FlowTok's view of pictures"
    case tiTok = "a TiTok"
    case tiTokTraining = "a training step of a TiTok"
    case tiTokPictures = "TiTok's view of pictures"
    case imageLosses = "losses of images"
    case maskGITVQGAN = "a MaskGIT-VQGAN"
    case maskGIT = "a MaskGIT generator"
    case maskGenVQ = "MaskGen VQ"
    case maskGenKL = "MaskGen KL"
    case rar = "a RAR"
    case tokenBridge = "a part of TokenBridge"
    case gigaTok = "a GigaTok"
    case llamaGen = "a LlamaGen generator"
    case gigaTokLosses = "losses of a GigaTok"
    case flexTok = "a FlexTok"
    case flexTokAutoencoder = "FlexTok's autoencoder"
    case flexTokUnits = "FlexTok's quantizer, guidance and tables"

    /// - Returns: nil for a case of nothing that is known here.
    init?(_ golden: GoldenCase) {
        let known: CaseKind? =
            switch golden.system {
            case "titok": Self.tiTokFamily(golden)
            case "rar": .rar
            case "tokenbridge": .tokenBridge
            case "gigatok": Self.gigaTokFamily(golden)
            case "flextok": Self.flexTokFamily(golden)
            default: Self.flowTokFamily(golden)
            }
        guard let known else { return nil }
        self = known
    }

    private static func flowTokFamily(_ golden: GoldenCase) -> CaseKind? {
        func has(_ keys: String...) -> Bool { keys.allSatisfy { golden.has("config", $0) } }
        if has("clip", "flowtok", "flowtitok") { return .flowTokPipeline }
        if has("depth", "clip_dim", "text_encoder") { return .flowTok }
        if has("image_size", "encoder", "decoder") { return .flowTiTok }
        if has("vocab_size", "context_length", "layers") { return .clipText }
        if golden.has("rows") { return .clipVocabulary }
        let outputs = golden.outputs
        return !outputs.isEmpty && outputs.allSatisfy { $0.hasSuffix("_in") || $0.hasSuffix("_out_u8") } ? .flowTokPictures : nil
    }

    private static func gigaTokFamily(_ golden: GoldenCase) -> CaseKind? {
        if golden.has("config", "z_channels") { return .gigaTok }
        if golden.has("config", "disc_dim") { return .gigaTokLosses }
        return golden.has("config", "n_layer") ? .llamaGen : nil
    }

    private static func flexTokFamily(_ golden: GoldenCase) -> CaseKind? {
        if golden.has("config", "encoder_depth") { return .flexTok }
        if golden.has("config", "vae_block_out_channels") { return .flexTokAutoencoder }
        return golden.has("config", "apg") ? .flexTokUnits : nil
    }

    private static func tiTokFamily(_ golden: GoldenCase) -> CaseKind? {
        switch try? golden.decode("config", "class", as: String.self) {
        case "TiTok", "TATiTok": golden.has("no_weight_decay") ? .tiTokTraining : .tiTok
        case "PretrainedTokenizer": .maskGITVQGAN
        case "ImageBert", "UViTBert": .maskGIT
        case "MaskGen_VQ": .maskGenVQ
        case "MaskGen_KL": .maskGenKL
        case nil where golden.has("config", "crop_size"): .tiTokPictures
        case nil where golden.has("config", "losses", "perceptual_loss"): .imageLosses
        default: nil
        }
    }
}
