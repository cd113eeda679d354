/// The shape of a FlexTok in a manifest of the `flextok` goldens, and the settings that an official checkpoint of it has.
package struct FlexTokSettings: Decodable, Sendable {
    package let encoder_dim: Int
    package let encoder_depth: Int
    package let decoder_dim: Int
    package let decoder_depth: Int
    package let head_dim: Int
    package let registers: Int
    package let latent_channels: Int
    package let posemb_grid: Int
    package let patch_size: Int
    package let fsq_levels: [Int]
    package let max_timestep: Double
    package let vae_block_out_channels: [Int]
    package let vae_layers_per_block: Int
    package let vae_norm_num_groups: Int
    package let vae_scaling_factor: Double

    package init(
        encoder: (dim: Int, depth: Int), decoder: (dim: Int, depth: Int), headDimension: Int = 64, registers: Int = 256,
        latentChannels: Int = 16, grid: Int = 16, blockChannels: [Int] = [128, 256, 512, 512], scalingFactor: Double = 1
    ) {
        (encoder_dim, encoder_depth) = encoder
        (decoder_dim, decoder_depth) = decoder
        head_dim = headDimension
        self.registers = registers
        latent_channels = latentChannels
        posemb_grid = grid
        patch_size = 2
        fsq_levels = [8, 8, 8, 5, 5, 5]
        max_timestep = 1
        vae_block_out_channels = blockChannels
        vae_layers_per_block = 2
        vae_norm_num_groups = 32
        vae_scaling_factor = scalingFactor
    }

    /// The largest that was released, 2.5 billion parameters.
    package static let d18d28 = FlexTokSettings(encoder: (1152, 18), decoder: (1792, 28))

    /// A few thousand parameters, for pictures of 32 pixels.
    package static let tiny = FlexTokSettings(
        encoder: (64, 1), decoder: (64, 1), headDimension: 32, registers: 8, latentChannels: 4, grid: 8, blockChannels: [32, 32],
        scalingFactor: 0.5)

    /// A setting in a nested dictionary that keeps its order.
    package indirect enum Setting: Sendable {
        case text(String)
        case number(Double)
        case integer(Int)
        case flag(Bool)
        case none
        case list([Setting])
        case tuple([Setting])
        case dictionary([(String, Setting)])
    }

    /// The top-level entries of the Hydra settings that make such a model, in order.
    package var entries: [(name: String, setting: Setting)] {
        func target(_ path: String, _ settings: [(String, Setting)] = []) -> Setting {
            .dictionary([("_target_", .text("flextok." + path))] + settings)
        }
        func operation(_ name: String, _ read: String, _ write: String) -> Setting {
            target(
                "model.utils.dict_ops.PerSampleOp",
                [
                    ("read_key", .text(read)), ("write_key", .text(write)),
                    ("per_sample_op", .dictionary([("_target_", .text("flextok.model.utils.dict_ops." + name)), ("_partial_", .flag(true))])),
                ])
        }
        let patch = Setting.list([.integer(patch_size), .integer(patch_size)])
        func patches(_ dim: Int) -> Setting {
            target(
                "model.preprocessors.patching.PatchEmbedder",
                [
                    ("input_tensor_list_read_key", .text("a")), ("patches_list_write_key", .text("b")), ("n_patches_write_key", .text("c")),
                    ("channels_in", .integer(latent_channels)), ("dim", .integer(dim)), ("patch_sizes", patch),
                    ("flatten_patches", .flag(false)),
                ])
        }
        func positions(_ dim: Int, _ type: String, _ sizes: [Int]) -> Setting {
            target(
                "model.utils.posembs.PositionalEmbeddingAdder",
                [
                    ("read_key", .text("b")), ("write_key", .text("b")), ("dim", .integer(dim)),
                    ("max_sizes", .list(sizes.map { .integer($0) })), ("posemb_type", .text(type)), ("posemb_scaling", .text("absolute")),
                ])
        }
        func transformer(_ dim: Int, _ depth: Int, _ more: [(String, Setting)] = []) -> Setting {
            target(
                "model.trunks.transformers.FlexTransformer",
                [
                    ("input_seq_read_key", .text("s")), ("output_seq_write_key", .text("s")), ("dim", .integer(dim)),
                    ("depth", .integer(depth)), ("head_dim", .integer(head_dim)), ("mlp_ratio", .number(4)),
                    ("block_mask_read_key", .text("m")), ("use_act_checkpoint", .flag(true)), ("drop_path_rate", .number(0)),
                ] + more)
        }
        func packer(_ mode: String, _ more: [(String, Setting)] = []) -> Setting {
            target(
                "model.preprocessors.flex_seq_packing.BlockWiseSequencePacker",
                [
                    ("input_list_read_keys", .list([.text("b"), .text("r")])), ("packed_seq_write_key", .text("s")),
                    ("mask_mode", .text(mode)), ("max_seq_len", .none), ("pad_to_multiple", .integer(128)),
                ] + more)
        }
        let unpacker = target("model.postprocessors.seq_unpacking.SequenceUnpacker", [("packed_seq_read_key", .text("s"))])
        let grid = [posemb_grid, posemb_grid]
        let encoder: [(String, Setting)] = [
            ("enc_channels_to_last", operation("channels_first_to_last", "vae_latents", "a")),
            ("enc_patch_emb", patches(encoder_dim)), ("enc_posemb_module", positions(encoder_dim, "sincos", grid)),
            (
                "enc_register_module",
                target(
                    "model.preprocessors.registers.Registers1D",
                    [
                        ("registers_write_key", .text("r")), ("dim", .integer(encoder_dim)), ("n_min", .integer(registers)),
                        ("n_max", .integer(registers)), ("size_sampling_mode", .text("uniform")), ("ordering_mode", .text("nested")),
                    ])
            ),
            ("enc_seq_packer", packer("causal_last")), ("enc_transformer", transformer(encoder_dim, encoder_depth)),
            ("enc_unpacker", unpacker),
            (
                "enc_to_latents",
                target(
                    "model.postprocessors.heads.LinearHead",
                    [
                        ("read_key", .text("r")), ("write_key", .text("r")), ("dim", .integer(encoder_dim)),
                        ("dim_out", .integer(fsq_levels.count)), ("use_mup_readout", .flag(false)), ("weight_init_style", .text("zero")),
                        ("dtype_override", .none),
                    ])
            ),
        ]
        let decoder: [(String, Setting)] = [
            (
                "dec_from_latents",
                target("model.preprocessors.linear.LinearLayer", [("dim_in", .integer(fsq_levels.count)), ("dim_out", .integer(decoder_dim))])
            ),
            ("dec_registers_posemb_module", positions(decoder_dim, "learnable_sum", [registers])),
            (
                "dec_nested_dropout",
                target(
                    "model.preprocessors.token_dropout.MaskedNestedDropout",
                    [("read_write_key", .text("r")), ("dim", .integer(decoder_dim)), ("size_sampling_mode", .text("pow2"))])
            ),
            (
                "dec_latent_dropout",
                target("model.preprocessors.nullcond.LearnedNullCond", [("dim", .integer(decoder_dim)), ("dropout_prob", .number(0.2))])
            ),
            ("dec_noise_channels_to_last", operation("channels_first_to_last", "x", "a")),
            ("dec_noise_patch_emb", patches(decoder_dim)), ("dec_patches_posemb_module", positions(decoder_dim, "sincos", grid)),
            ("dec_seq_packer", packer("full", [("per_subseq_embs", .flag(true)), ("emb_packing_fn_write_key", .text("p"))])),
            (
                "dec_time_embedder",
                target(
                    "model.preprocessors.time_embedding.TimestepEmbedder",
                    [("dim", .integer(decoder_dim)), ("frequency_embedding_size", .integer(256)), ("max_timestep", .number(max_timestep))])
            ),
            (
                "dec_transformer",
                transformer(
                    decoder_dim, decoder_depth,
                    [
                        ("adaLN_emb_read_key", .text("t")), ("adaLN_packing_fn_read_key", .text("p")), ("adaLN_expansion", .integer(2)),
                        ("intermediate_layer_write_key", .text("i")), ("intermediate_layers", .list([.integer(1)])),
                    ])
            ),
            ("dec_unpacker", unpacker), ("dec_repa_unpacker", unpacker),
            (
                "dec_to_patches",
                target(
                    "model.postprocessors.heads.ToPatchesLinearHead",
                    [
                        ("dim", .integer(decoder_dim)), ("channels_out", .integer(latent_channels)), ("patch_sizes", patch),
                        ("use_mup_readout", .flag(false)), ("adaLN_emb_read_key", .text("t")),
                    ])
            ),
            ("dec_channels_to_first", operation("channels_last_to_first", "y", "v")),
        ]
        func graph(_ modules: [(String, Setting)]) -> Setting {
            target("model.utils.wrappers.SequentialModuleDictWrapper", [("module_dict", .dictionary(modules))])
        }
        return [
            (
                "vae",
                target(
                    "vae_wrapper.StableDiffusionVAE",
                    [
                        ("images_read_key", .text("rgb")), ("latent_channels", .integer(latent_channels)),
                        ("scaling_factor", .number(vae_scaling_factor)), ("hf_hub_path", .none), ("sample_posterior", .flag(true)),
                        ("frozen", .flag(true)),
                    ])
            ),
            ("encoder", graph(encoder)), ("decoder", graph(decoder)),
            (
                "regularizer",
                target("regularizers.quantize_fsq.FSQ", [("levels", .list(fsq_levels.map { .integer($0) })), ("drop_quant_p", .number(0))])
            ),
            (
                "flow_matching_noise_module",
                target("flow_matching.noise_modules.MinRFNoiseModule", [("ln", .flag(false)), ("mode_scale", .number(0.25))])
            ),
            ("pipeline", target("flow_matching.pipelines.MinRFPipeline", [("_partial_", .flag(true)), ("out_channels", .integer(latent_channels))])),
        ]
    }

    /// The header of an official safetensors file: every entry as Python writes it.
    package var header: [String: String] {
        var header = Dictionary(uniqueKeysWithValues: entries.map { ($0.name, $0.setting.python) })
        header["_target_"] = "flextok.flextok_wrapper.FlexTok"
        return header
    }

    /// The `config.json` of the hub.
    package var json: String { Setting.dictionary(entries.map { ($0.name, $0.setting) }).json }
}

extension FlexTokSettings.Setting {
    package var python: String {
        switch self {
        case .text(let text): "'\(text)'"
        case .number(let number): "\(number)"
        case .integer(let number): "\(number)"
        case .flag(let flag): flag ? "True" : "False"
        case .none: "None"
        case .list(let values): "[" + values.map(\.python).joined(separator: ", ") + "]"
        case .tuple(let values): "(" + values.map(\.python).joined(separator: ", ") + (values.count == 1 ? ",)" : ")")
        case .dictionary(let values): "{" + values.map { "'\($0)': \($1.python)" }.joined(separator: ", ") + "}"
        }
    }

    package var json: String {
        switch self {
        case .text(let text): "\"\(text)\""
        case .number(let number): "\(number)"
        case .integer(let number): "\(number)"
        case .flag(let flag): flag ? "true" : "false"
        case .none: "null"
        case .list(let values), .tuple(let values): "[" + values.map(\.json).joined(separator: ", ") + "]"
        case .dictionary(let values): "{" + values.map { "\"\($0)\": \($1.json)" }.joined(separator: ", ") + "}"
        }
    }
}
