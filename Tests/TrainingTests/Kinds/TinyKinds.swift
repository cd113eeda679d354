import Datasets
import Foundation
import Images
import Networks
import TestSupport
import Testing
import Training

/// Configuration files of all kinds of training, over pictures of 32×32 pixels with captions in folders for classes, of sizes that
/// take no time.
enum TinyKinds {
    /// A kind, and what its file holds of `model`.
    struct Kind: CustomTestStringConvertible, Sendable {
        let id: String
        let isGenerator: Bool
        let model: String
        /// Keys besides `data` and `model`.
        var keys: String = ""
        /// The folders that the kind names, and what makes them.
        var needs: [Need] = []
        var testDescription: String { name }
        let name: String

        init(_ name: String, _ id: String, generator: Bool = false, _ model: String, keys: String = "", needs: [Need] = []) {
            self.name = name
            self.id = id
            isGenerator = generator
            self.model = model
            self.keys = keys
            self.needs = needs
        }
    }

    /// What a kind is trained over; its path takes the place of its name in capitals.
    enum Need: String, Sendable {
        case titok = "TITOK"
        case vae = "VAE"
        case gigatok = "GIGATOK"
        case flowtitok = "FLOWTITOK"
        case vqgan = "VQGAN"
        case autoencoder = "AUTOENCODER"
        case stage = "STAGE"
    }

    private static func tiTok(
        _ mode: String = "\"quantize_mode\": \"vq\", \"codebook_size\": 16", legacy: Bool = false, pixels: Bool = false
    ) -> String {
        """
        {"class": "TiTok", "dataset": {"preprocessing": {"crop_size": 32}},
         "model": {"vq_model": {\(mode), "token_size": 4, "vit_enc_patch_size": 8, "vit_dec_patch_size": 8,
          "vit_enc_model_size": "override", "vit_dec_model_size": "override", "num_latent_tokens": 4,
          "finetune_decoder": \(pixels), "is_legacy": \(legacy)}},
         "override": {"vit_enc": {"width": 32, "num_layers": 1, "num_heads": 2}, "vit_dec": {"width": 32, "num_layers": 1, "num_heads": 2}
          \(legacy ? ", \"pixel\": \(vqgan)" : "")}}
        """
    }

    private static let vqgan = """
        {"hidden_channels": 32, "channel_mult": [1, 1, 1, 1], "num_res_blocks": 1, "num_embeddings": 16, "z_channels": 8}
        """

    private static let gigaTok = """
        {"image_size": 32, "num_latent_tokens": 4, "codebook_size": 16, "codebook_embed_dim": 4, "z_channels": 32, "ch": 32,
         "encoder_ch_mult": [1, 1, 1, 1], "decoder_ch_mult": [1, 1, 1, 1], "num_res_blocks": 1, "distill_depth": 1,
         "encoder_width_layers_heads": [32, 1, 2], "decoder_width_layers_heads": [32, 2, 2]}
        """

    static let autoencoder = Kind(
        "autoencoder", "autoencoder",
        """
        "network": {"ch": 32, "ch_mult": [1, 1, 1], "num_res_blocks": 1, "embed_dim": 4, "resolution": 48, "image_size": 32}
        """)

    private static let flexTok = """
        {"vae": {"latent_channels": 4, "block_out_channels": [32, 32, 32], "layers_per_block": 1, "norm_num_groups": 32,
          "attention_layout": "current"},
         "encoder": {"width": 32, "depth": 1, "head_dim": 16, "mlp_ratio": 2, "qkv_bias": false, "proj_bias": false, "mlp_bias": false},
         "decoder": {"width": 32, "depth": 2, "head_dim": 16, "mlp_ratio": 2, "qkv_bias": false, "proj_bias": false, "mlp_bias": false},
         "registers": 4, "patch_size": 2, "posemb_grid": 4, "fsq_levels": [4, 4], "max_timestep": 1, "mask_mode": "causal_last"}
        """

    static let tiTokVQ = Kind("titok", "titok", "\"network\": \(tiTok())")
    static let tiTokVAE = Kind("titok of latents", "titok", "\"network\": \(tiTok("\"quantize_mode\": \"vae\"")), \"kl_weight\": 1e-4")
    static let tiTokLocal = Kind("titok with a local start", "titok", "\"local_start\": true, \"network\": \(tiTok())")
    static let firstStage = Kind(
        "titok, first stage", "titok", "\"teacher\": \"VQGAN\", \"network\": \(tiTok("\"codebook_size\": 16, \"use_l2_norm\": true", legacy: true))",
        needs: [.vqgan])
    static let secondStage = Kind(
        "titok, second stage", "titok",
        "\"teacher\": \"VQGAN\", \"network\": \(tiTok("\"codebook_size\": 16, \"use_l2_norm\": true", legacy: true, pixels: true))",
        keys: "\"start\": \"STAGE\",", needs: [.vqgan, .stage])
    static let gigaTokPlain = Kind("gigatok", "gigatok", "\"entropy_weight\": 0.01, \"network\": \(gigaTok)")
    static let gigaTokSemantic = Kind(
        "gigatok with a teacher", "gigatok",
        "\"teacher\": \"VAE\", \"gradient\": \"straight_through\", \"losses\": {\"adversarial\": {\"width\": 4, \"layers\": 2}}, \"flip\": true, \"network\": \(gigaTok)",
        needs: [.vae])
    static let flexTokPlain = Kind("flextok", "flextok", "\"autoencoder\": \"AUTOENCODER\", \"network\": \(flexTok)", needs: [.autoencoder])
    static let flexTokSemantic = Kind(
        "flextok with a teacher", "flextok",
        "\"autoencoder\": \"AUTOENCODER\", \"teacher\": \"VAE\", \"times\": \"logit_normal\", \"nesting\": \"uniform\", \"network\": \(flexTok)",
        needs: [.autoencoder, .vae])
    static let gigaTokLocal = Kind(
        "gigatok with a local start", "gigatok",
        "\"local_start\": true, \"network\": \(gigaTok.replacing("\"num_res_blocks\": 1", with: "\"num_res_blocks\": 1, \"norm_num_groups\": 8"))")
    static let flexTokLocal = Kind(
        "flextok with a local start", "flextok",
        """
        "autoencoder": "AUTOENCODER", "local_start": true, "time_shift": 4, "spread_weight": 0.1, "encoder_delay": 2, "network": \(flexTok)
        """,
        needs: [.autoencoder])
    private static let maskGITModel = "\"width\": 32, \"layers\": 1, \"heads\": 2"
    private static let uvitModel = "\"model_type\": \"UViT\", \"width\": 32, \"layers\": 2, \"heads\": 2, \"hidden\": 64"
    private static let llamaGenModel = "\"width\": 32, \"layers\": 1, \"heads\": 2, \"hidden\": 32"
    static let maskGIT = Kind(
        "maskgit", "maskgit", generator: true, maskGITModel, keys: "\"tokenizer\": \"TITOK\",", needs: [.titok])
    static let uvit = Kind(
        "maskgit (UViT)", "maskgit", generator: true, uvitModel,
        keys: "\"tokenizer\": \"TITOK\", \"classes\": [\"red\", \"blue\"],", needs: [.titok])
    static let llamaGen = Kind(
        "llamagen", "llamagen", generator: true, llamaGenModel, keys: "\"tokenizer\": \"GIGATOK\",", needs: [.gigatok])
    private static let bridge = """
        "quant_levels": 8, "buffer_size": 2, "encoder": {"width": 32, "layers": 1, "heads": 2},
        "decoder": {"width": 32, "layers": 1, "heads": 2}, "head": {"width": 32, "layers": 1, "heads": 2},
        "sampling": {"steps": 2}
        """
    static let tokenBridge = Kind(
        "tokenbridge", "tokenbridge", generator: true, bridge, keys: "\"tokenizer\": \"FLOWTITOK\",", needs: [.flowtitok])
    static let tokenBridgeOverVAE = Kind(
        "tokenbridge over a titok of latents", "tokenbridge", generator: true, bridge, keys: "\"tokenizer\": \"VAE\",", needs: [.vae])
    static let tokenBridgeOverAutoencoder = Kind(
        "tokenbridge over an autoencoder", "tokenbridge", generator: true, bridge, keys: "\"tokenizer\": \"AUTOENCODER\",", needs: [.autoencoder])

    /// A kind whose generator draws captions, which the text encoder of a FlowTiTok reads.
    private static func ofCaptions(_ name: String, _ id: String, _ model: String, over need: Need) -> Kind {
        Kind(
            name + " of captions", id, generator: true, model,
            keys: "\"tokenizer\": \"\(need.rawValue)\", \"text_encoder\": \"FLOWTITOK\",", needs: [need, .flowtitok])
    }

    static let maskGITOfCaptions = ofCaptions("maskgit", "maskgit", maskGITModel, over: .titok)
    static let uvitOfCaptions = ofCaptions("maskgit (UViT)", "maskgit", uvitModel, over: .titok)
    static let llamaGenOfCaptions = ofCaptions("llamagen", "llamagen", llamaGenModel, over: .gigatok)
    static let tokenBridgeOfCaptions = ofCaptions("tokenbridge", "tokenbridge", bridge, over: .flowtitok)

    static let tokenizers = [
        tiTokVQ, tiTokVAE, tiTokLocal, firstStage, secondStage, gigaTokPlain, gigaTokLocal, gigaTokSemantic, autoencoder, flexTokPlain,
        flexTokLocal, flexTokSemantic,
    ]
    static let generators = [maskGIT, uvit, llamaGen, tokenBridge, tokenBridgeOverVAE, tokenBridgeOverAutoencoder]
    static let captioned = [maskGITOfCaptions, uvitOfCaptions, llamaGenOfCaptions, tokenBridgeOfCaptions]
    static let all = tokenizers + generators + captioned

    /// Writes the pictures and the configuration of a kind, and returns the latter's path.
    static func file(
        _ kind: Kind, in folder: TemporaryFolder, steps: Int = 8, precision: String = "float32", changing changes: [(String, String)] = []
    ) throws -> String {
        if !FileManager.default.fileExists(atPath: folder("images")) { try images(in: folder) }
        var text = """
            {
              "kind": "\(kind.id)",
              "data": {"images": "\(folder("images"))", "seed": 4},
              \(kind.keys)
              "model": {
                \(kind.model),
                "training": {
                  "steps": \(steps), "batch_size": 4, "learning_rate": 0.002, "warmup_steps": 2, "sample_every": 4,
                  "log_every": 1, "precision": "\(precision)"
                }
              }
            }
            """
        for need in kind.needs { text = text.replacing("\"\(need.rawValue)\"", with: "\"\(try path(need))\"") }
        text = changes.reduce(text) { $0.replacing($1.0, with: $1.1) }
        return try folder.write("\(kind.id).json", text).path
    }

    /// Pictures of blocks with their captions, in a folder for the colour of each.
    static func images(in folder: TemporaryFolder, count: Int = 12) throws {
        for index in 0..<count {
            let sample = BlockSource().sample(UInt64(index))
            let colour = String(sample.caption.prefix { $0 != " " })
            try FileManager.default.createDirectory(atPath: folder("images/\(colour)"), withIntermediateDirectories: true)
            try sample.image.write(to: folder("images/\(colour)/\(index).png"))
            try folder.write("images/\(colour)/\(index).txt", sample.caption)
        }
    }

    static func open(_ kind: Kind, _ file: String, output: String, resume: Bool = false) throws -> TrainingRun {
        try (kind.isGenerator ? GeneratorKinds.open : TokenizerKinds.open)(file, output, resume, { _, _ in })
    }

    // MARK: - What kinds are trained over

    /// The folder of a need, made once for all tests.
    static func path(_ need: Need) throws -> String {
        switch need {
        case .titok: try trained(made.titok)
        case .vae: try trained(made.vae)
        case .gigatok: try trained(made.gigatok)
        case .autoencoder: try trained(made.autoencoder)
        case .stage: try trained(made.stage)
        case .flowtitok: try TinyTraining.tokenizerFolder()
        case .vqgan: try vqganFolder.get().path
        }
    }

    private static func trained(_ result: Result<TemporaryFolder, any Error>) throws -> String { try result.get()("run") }

    private enum made {
        static let titok = Result { try run(tiTokVQ) }
        static let vae = Result { try run(tiTokVAE) }
        static let gigatok = Result { try run(gigaTokPlain) }
        static let autoencoder = Result { try run(TinyKinds.autoencoder) }
        static let stage = Result { try run(firstStage) }

        static func run(_ kind: Kind) throws -> TemporaryFolder {
            let folder = try TemporaryFolder()
            try TinyKinds.open(kind, TinyKinds.file(kind, in: folder, steps: 3), output: folder("run")).run()
            return folder
        }
    }

    private static let vqganFolder = Result {
        let folder = try TemporaryFolder()
        try TinyFamilies.writeFolder(
            MaskGITVQGANConfiguration(
                hiddenChannels: 32, channelMultipliers: [1, 1, 1, 1], residualBlocks: 1, codeSize: 8, codebookSize: 16),
            to: folder.path)
        return folder
    }
}
