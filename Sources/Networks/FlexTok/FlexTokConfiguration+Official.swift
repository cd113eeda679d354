import Files

extension FlexTokConfiguration {
    /// Reads the Hydra settings of an official checkpoint: `vae`, `encoder`, `decoder` and `regularizer`, each with its
    /// `_target_`, at the top or under `config`. The encoder and the decoder are lists of modules; those of the released
    /// models are known, and what would change the graph is refused rather than guessed (reference sections 2, 4 and 8).
    ///
    /// - Throws: `TensorCatalog.Problem` with the place of what is missing or cannot be built.
    init(official document: JSONValue) throws {
        let root = Self.officialRoot(document)
        let vae = try OfficialModule(root, "vae", is: ["StableDiffusionVAE"])
        let regularizer = try OfficialModule(root, "regularizer", is: ["FSQ"])
        let encoder = try OfficialGraph(root, "encoder", Self.encoderModules)
        let decoder = try OfficialGraph(root, "decoder", Self.decoderModules)
        self.init(
            autoencoder: try Self.autoencoder(vae), encoder: try Self.trunk(encoder["enc_transformer"]),
            decoder: try Self.trunk(decoder["dec_transformer"]))
        levels = try regularizer.wholeNumbers("levels")
        registers = try encoder["enc_register_module"].wholeNumber("n_max")
        try readEncoder(encoder)
        try readDecoder(decoder)
    }

    static func isOfficial(_ document: JSONValue) -> Bool {
        let root = officialRoot(document)
        return root["encoder"]?["module_dict"] != nil && root["decoder"]?["module_dict"] != nil
    }

    private static func officialRoot(_ document: JSONValue) -> JSONValue {
        if document["encoder"] == nil, let inner = document["config"] { inner } else { document }
    }

    /// The modules of a graph by name, with the classes that each may be of; what moves or takes apart tensors without
    /// parameters may be left out.
    private static let encoderModules: [String: String] = [
        "enc_patch_emb": "PatchEmbedder", "enc_posemb_module": "PositionalEmbeddingAdder",
        "enc_register_module": "Registers1D", "enc_seq_packer": "BlockWiseSequencePacker",
        "enc_transformer": "FlexTransformer", "enc_to_latents": "LinearHead",
    ]
    private static let decoderModules: [String: String] = [
        "dec_from_latents": "LinearLayer", "dec_registers_posemb_module": "PositionalEmbeddingAdder",
        "dec_nested_dropout": "MaskedNestedDropout", "dec_latent_dropout": "LearnedNullCond",
        "dec_noise_patch_emb": "PatchEmbedder", "dec_patches_posemb_module": "PositionalEmbeddingAdder",
        "dec_seq_packer": "BlockWiseSequencePacker", "dec_time_embedder": "TimestepEmbedder",
        "dec_transformer": "FlexTransformer", "dec_to_patches": "ToPatchesLinearHead",
    ]

    private static func autoencoder(_ vae: OfficialModule) throws -> AutoencoderKLConfiguration {
        var shape = AutoencoderKLConfiguration(
            latentChannels: try vae.wholeNumber("latent_channels", default: 16), scalingFactor: try vae.number("scaling_factor"))
        if vae.isGiven("block_out_channels") { shape.blockChannels = try vae.wholeNumbers("block_out_channels") }
        shape.layersPerBlock = try vae.wholeNumber("layers_per_block", default: shape.layersPerBlock)
        shape.groups = try vae.wholeNumber("norm_num_groups", default: shape.groups)
        return shape
    }

    private static func trunk(_ module: OfficialModule) throws -> FlexTokTrunkConfiguration {
        try module.expect("gated_mlp", true, default: true)
        try module.expect("qk_norm", true, default: true)
        try module.expectNone("rope_forward_read_key")
        try module.expectNone("score_mod_read_key")
        try module.expectPlainNorm()
        if let activation = module.className(of: "act_layer"), activation != "SiLU" {
            throw module.problem("act_layer", activation, expected: "SiLU")
        }
        return FlexTokTrunkConfiguration(
            width: try module.wholeNumber("dim", default: 768), depth: try module.wholeNumber("depth", default: 12),
            headDimension: try module.wholeNumber("head_dim", default: 64), ratio: try module.number("mlp_ratio") ?? 4,
            hasQKVBias: try module.flag("qkv_bias", default: false),
            hasProjectionBias: try module.flag("proj_bias", default: false),
            hasMLPBias: try module.flag("mlp_bias", default: false))
    }

    private mutating func readEncoder(_ graph: OfficialGraph) throws {
        let patches = graph["enc_patch_emb"]
        let sizes = try patches.wholeNumbers("patch_sizes")
        guard sizes.count == 2, sizes[0] == sizes[1] else {
            throw patches.problem("patch_sizes", "\(sizes)", expected: "two equal numbers")
        }
        patchSize = sizes[0]
        try patches.expect("channels_in", autoencoder.latentChannels)
        try patches.expect("dim", encoder.width)
        let extents = try Self.grid(graph["enc_posemb_module"], width: encoder.width)
        grid = extents
        let module = graph["enc_register_module"]
        try module.expect("dim", encoder.width)
        if module.isGiven("n_eval") { try module.expect("n_eval", registers) }
        if module.isGiven("ordering_mode") { try module.expect("ordering_mode", "nested") }
        let packer = graph["enc_seq_packer"]
        let mode = packer.text("mask_mode") ?? "full"
        guard let mask = MaskMode(rawValue: mode) else {
            throw packer.problem("mask_mode", mode, expected: "full, causal or causal_last")
        }
        maskMode = mask
        guard !graph["enc_transformer"].isGiven("adaLN_emb_read_key") else {
            throw graph["enc_transformer"].problem("adaLN_emb_read_key", "set", expected: "none in an encoder")
        }
        let head = graph["enc_to_latents"]
        try head.expect("dim", encoder.width)
        try head.expect("dim_out", levels.count)
        try head.expect("use_mup_readout", false, default: false)
        try head.expect("proj_bias", true, default: true)
        try head.expectNone("adaLN_emb_read_key")
        try head.expectPlainNorm()
    }

    private mutating func readDecoder(_ graph: OfficialGraph) throws {
        let width = decoder.width
        let codes = graph["dec_from_latents"]
        try codes.expectWhereGiven("dim_in", levels.count)
        try codes.expectWhereGiven("dim_out", width)
        try codes.expect("bias", true, default: true)
        let positions = graph["dec_registers_posemb_module"]
        try positions.expect("posemb_type", "learnable_sum")
        try positions.expect("dim", width)
        let extents = try positions.wholeNumbers("max_sizes")
        guard extents == [registers] else { throw positions.problem("max_sizes", "\(extents)", expected: "[\(registers)]") }
        try graph["dec_nested_dropout"].expect("dim", width)
        try graph["dec_latent_dropout"].expect("dim", width)
        let patches = graph["dec_noise_patch_emb"]
        let sizes = try patches.wholeNumbers("patch_sizes")
        guard sizes == [patchSize, patchSize] else {
            throw patches.problem("patch_sizes", "\(sizes)", expected: "those of the encoder, [\(patchSize), \(patchSize)]")
        }
        try patches.expect("channels_in", autoencoder.latentChannels)
        try patches.expect("dim", width)
        let found = try Self.grid(graph["dec_patches_posemb_module"], width: width)
        guard found == grid else {
            throw graph["dec_patches_posemb_module"].problem("max_sizes", "[\(found), \(found)]", expected: "those of the encoder, [\(grid), \(grid)]")
        }
        let packer = graph["dec_seq_packer"]
        guard (packer.text("mask_mode") ?? "full") == "full" else {
            throw packer.problem("mask_mode", packer.text("mask_mode") ?? "", expected: "full")
        }
        try packer.expect("per_subseq_embs", true, default: false)
        let time = graph["dec_time_embedder"]
        try time.expect("dim", width)
        try time.expect("frequency_embedding_size", FlexTokDecoder.frequencies, default: 256)
        maxTimestep = Float(try time.number("max_timestep") ?? 1000)
        guard graph["dec_transformer"].isGiven("adaLN_emb_read_key") else {
            throw graph["dec_transformer"].problem("adaLN_emb_read_key", "none", expected: "the embedding of time")
        }
        try graph["dec_transformer"].expect("adaLN_expansion", 2, default: 1)
        let head = graph["dec_to_patches"]
        try head.expect("dim", width)
        try head.expect("channels_out", autoencoder.latentChannels)
        let outputs = try head.wholeNumbers("patch_sizes")
        guard outputs == sizes else { throw head.problem("patch_sizes", "\(outputs)", expected: "\(sizes)") }
        try head.expect("use_mup_readout", false, default: false)
        try head.expect("proj_bias", true, default: true)
        try head.expect("adaLN_bias", true, default: true)
        guard head.isGiven("adaLN_emb_read_key") else {
            throw head.problem("adaLN_emb_read_key", "none", expected: "the embedding of time")
        }
        try head.expectPlainNorm()
    }

    /// The side of a table of sines and cosines.
    private static func grid(_ module: OfficialModule, width: Int) throws -> Int {
        try module.expect("posemb_type", "sincos", default: "sincos")
        try module.expect("posemb_scaling", "absolute", default: "absolute")
        try module.expect("dim", width)
        let sizes = try module.wholeNumbers("max_sizes")
        guard sizes.count == 2, sizes[0] == sizes[1] else {
            throw module.problem("max_sizes", "\(sizes)", expected: "two equal numbers")
        }
        return sizes[0]
    }
}

/// A list of modules, all of which are known.
private struct OfficialGraph {
    private let modules: [String: OfficialModule]

    /// - Parameter expected: the class of every module that the graph must have, by name.
    init(_ root: JSONValue, _ name: String, _ expected: [String: String]) throws {
        let wrapper = try OfficialModule(root, name, is: ["SequentialModuleDictWrapper"])
        guard let given = wrapper.values["module_dict"]?.members else {
            throw TensorCatalog.Problem("its configuration has no \(name).module_dict")
        }
        var found: [String: OfficialModule] = [:]
        for (key, value) in given.sorted(by: { $0.key < $1.key }) {
            let module = try OfficialModule(value, path: "\(name).\(key)")
            if let wanted = expected[key] {
                try module.expect(class: [wanted])
                found[key] = module
            } else if !key.hasPrefix("dec_repa") {
                // The heads of training's auxiliary loss are not run.
                try Self.checkMover(module)
            }
        }
        if let missing = expected.keys.sorted().first(where: { found[$0] == nil }) {
            throw TensorCatalog.Problem("its configuration has no \(name).\(missing)")
        }
        modules = found
    }

    /// Every expected module is there.
    subscript(name: String) -> OfficialModule { modules[name] ?? OfficialModule(path: name) }

    /// Throws unless a module only moves axes or takes sequences apart.
    private static func checkMover(_ module: OfficialModule) throws {
        switch module.className {
        case "SequenceUnpacker": return
        case "PerSampleOp":
            let operation = module.values["per_sample_op"]
            // A function is named by its own target, or by the path that Hydra looks it up by.
            let names = [operation?["path"]?.string, operation?["_target_"]?.string, operation?.string].compactMap { $0 }
            let known = ["channels_first_to_last", "channels_last_to_first"]
            guard names.contains(where: { name in known.contains(where: name.hasSuffix) }) else {
                throw module.problem("per_sample_op", names.first ?? "unknown", expected: known.joined(separator: " or "))
            }
        default:
            throw TensorCatalog.Problem("its configuration names the module \(module.path) of the class \(module.target), which is unknown here")
        }
    }
}

/// A module's settings, and where they stand.
private struct OfficialModule {
    let path: String
    let values: [String: JSONValue]

    init(path: String) {
        self.path = path
        values = [:]
    }

    init(_ value: JSONValue?, path: String) throws {
        guard let members = value?.members else { throw TensorCatalog.Problem("its configuration has no \(path)") }
        self.path = path
        values = members
    }

    init(_ root: JSONValue, _ name: String, is classes: [String]) throws {
        try self.init(root[name], path: name)
        try expect(class: classes)
    }

    /// The class with its place among Python's modules.
    var target: String { values["_target_"]?.string ?? "none" }

    /// The class alone: forks have it elsewhere.
    var className: String { Self.last(target) }

    private static func last(_ target: String) -> String { target.split(separator: ".").last.map(String.init) ?? target }

    func className(of key: String) -> String? {
        guard let value = values[key], value != .null else { return nil }
        return Self.last(value["_target_"]?.string ?? value["path"]?.string ?? value.string ?? "unknown")
    }

    func problem(_ key: String, _ found: String, expected: String) -> TensorCatalog.Problem {
        TensorCatalog.Problem("in its configuration \(path).\(key) is \(found), expected \(expected)")
    }

    func expect(class classes: [String]) throws {
        guard classes.contains(className) else {
            throw TensorCatalog.Problem(
                "its configuration names the class \(target) for \(path), expected \(classes.joined(separator: " or "))")
        }
    }

    /// Whether a key is there and not None.
    func isGiven(_ key: String) -> Bool { values[key].map { $0 != .null } ?? false }

    func text(_ key: String) -> String? { values[key]?.string }

    /// The number of a key; nil where it is absent or None.
    func number(_ key: String) throws -> Double? {
        guard isGiven(key), let value = values[key] else { return nil }
        guard let number = value.real else { throw problem(key, value.brief, expected: "a number") }
        return number
    }

    func wholeNumber(_ key: String, default fallback: Int? = nil) throws -> Int {
        guard isGiven(key), let value = values[key] else {
            guard let fallback else { throw problem(key, "missing", expected: "a whole number") }
            return fallback
        }
        guard let number = value.wholeNumber else { throw problem(key, value.brief, expected: "a whole number") }
        return number
    }

    func wholeNumbers(_ key: String) throws -> [Int] {
        guard let list = values[key]?.elements else { throw problem(key, values[key]?.brief ?? "missing", expected: "a list of whole numbers") }
        return try list.map { value in
            guard let number = value.wholeNumber else { throw problem(key, value.brief, expected: "whole numbers") }
            return number
        }
    }

    func flag(_ key: String, default fallback: Bool) throws -> Bool {
        guard isGiven(key), let value = values[key] else { return fallback }
        guard let flag = value.truth else { throw problem(key, value.brief, expected: "True or False") }
        return flag
    }

    func expect(_ key: String, _ wanted: Bool, default fallback: Bool) throws {
        guard try flag(key, default: fallback) == wanted else { throw problem(key, "\(!wanted)", expected: "\(wanted)") }
    }

    func expect(_ key: String, _ wanted: Int, default fallback: Int? = nil) throws {
        let found = try wholeNumber(key, default: fallback)
        guard found == wanted else { throw problem(key, "\(found)", expected: "\(wanted)") }
    }

    func expectWhereGiven(_ key: String, _ wanted: Int) throws {
        if isGiven(key) { try expect(key, wanted) }
    }

    func expect(_ key: String, _ wanted: String, default fallback: String? = nil) throws {
        let found = text(key) ?? fallback
        guard found == wanted else { throw problem(key, found ?? "missing", expected: wanted) }
    }

    func expectNone(_ key: String) throws {
        if isGiven(key) { throw problem(key, values[key]?.brief ?? "set", expected: "None") }
    }

    /// Norms have no parameters.
    func expectPlainNorm() throws {
        guard let norm = className(of: "norm_layer") else { return }
        guard norm == "Fp32LayerNorm" || norm == "LayerNorm", values["norm_layer"]?["elementwise_affine"]?.truth == false else {
            throw problem("norm_layer", norm, expected: "a layer norm without parameters")
        }
    }
}
