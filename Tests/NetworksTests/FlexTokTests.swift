import Checkpoints
import Foundation
import Layers
import ModelFolders
import Networks
import Sampling
import Tensors
import TestSupport
import Testing

/// FlexTok's settings as they are published, and what cannot be built of them.
@Suite struct FlexTokTests {
    /// Names and shapes of the parameters of settings.
    private static func shapes(_ settings: FlexTokSettings) throws -> [String: [Int]] {
        var found: [String: [Int]] = [:]
        let source = ExpectedWeights(holds: { _ in true }) { found[$0] = $1 }
        var configuration = try JSONDecoder().decode(FlexTokConfiguration.self, from: Data(settings.json.utf8))
        configuration.autoencoder.blockChannels = settings.vae_block_out_channels
        _ = FlexTok(configuration, weights: Weights(source))
        return found
    }

    private static func inferred(_ header: [String: String], _ settings: FlexTokSettings = .tiny) throws -> FlexTokConfiguration {
        try FlexTokConfiguration(inferredFrom: TensorCatalog(shapes(settings), metadata: header))
    }

    /// What is wrong with the tiny model's header after a change of one entry.
    private func problem(_ entry: String, _ change: (String) -> String) throws -> String {
        var header = FlexTokSettings.tiny.header
        let changed = change(try #require(header[entry]))
        #expect(changed != header[entry], "the change of \(entry) changes nothing")
        header[entry] = changed
        do {
            _ = try Self.inferred(header)
            return "nothing"
        } catch let problem as TensorCatalog.Problem {
            return problem.reason
        }
    }

    @Test func publishedSettings() throws {
        let found = try Self.inferred(FlexTokSettings.d18d28.header, .d18d28)
        #expect(found.publishedName == "flextok_d18_d28")
        #expect(found.summary == "FlexTok d18-d28, 1 to 256 tokens of 64000 codes, 256×256 pixels")
        #expect(found.encoder.hidden == 3072 && found.decoder.hidden == 4778 && found.maskMode == .causalLast && found.maxTimestep == 1)
        // 287.3 + 2169.7 + 83.8 million, tables of positions included (reference section 1).
        let count = try Self.shapes(.d18d28).values.reduce(found.tables.reduce(0) { $0 + $1.tensor.count }) { $0 + $1.reduce(1, *) }
        #expect((2_540_800_000...2_541_000_000).contains(count), "\(count)")
        // The same from config.json, under a key of its own as well, and from what is written here.
        for text in [FlexTokSettings.d18d28.json, "{\"config\": \(FlexTokSettings.d18d28.json)}"] {
            #expect(try JSONDecoder().decode(FlexTokConfiguration.self, from: Data(text.utf8)) == found)
        }
        #expect(try JSONDecoder().decode(FlexTokConfiguration.self, from: JSONEncoder().encode(found)) == found)
    }

    @Test func whatIsNotInTheSettingsIsToldByTheTensors() throws {
        let found = try Self.inferred(FlexTokSettings.tiny.header)
        #expect(found.autoencoder.blockChannels == [32, 32] && found.imageSize == 32)
        var old = try Self.shapes(.tiny)
        for side in ["encoder", "decoder"] {
            for (name, former) in [("to_q", "query"), ("to_k", "key"), ("to_v", "value"), ("to_out.0", "proj_attn")] {
                let place = "vae.vae.\(side).mid_block.attentions.0."
                old[place + former + ".weight"] = (old.removeValue(forKey: place + name + ".weight") ?? []) + [1, 1]
                old[place + former + ".bias"] = old.removeValue(forKey: place + name + ".bias")
            }
        }
        let former = try FlexTokConfiguration(inferredFrom: TensorCatalog(old, metadata: FlexTokSettings.tiny.header))
        #expect(former.autoencoder.attentionLayout == .formerConvolutions)
    }

    @Test func theScalingFactorIsNeverGuessed() throws {
        var header = FlexTokSettings.tiny.header
        header["vae"] = header["vae"]?.replacing("'scaling_factor': 0.5", with: "'scaling_factor': None")
        let folder = try TemporaryFolder()
        let shapes = try Self.shapes(.tiny)
        func configuration() throws -> FlexTokConfiguration {
            try FlexTokConfiguration(inferredFrom: TensorCatalog(shapes, metadata: header, folder: folder.path))
        }
        #expect(throws: TensorCatalog.Problem.self) { try configuration() }
        try folder.write("vae/config.json", #"{"_class_name": "AutoencoderKL", "scaling_factor": 0.625}"#)
        #expect(try configuration().autoencoder.scalingFactor == 0.625)
    }

    @Test func settingsThatAreMissing() throws {
        for header in [[:], ["format": "pt"], ["_target_": "flextok.flextok_wrapper.FlexTok"]] as [[String: String]] {
            do {
                _ = try Self.inferred(header)
                Issue.record("settings were made up")
            } catch let problem as TensorCatalog.Problem {
                #expect(problem.reason.contains("its configuration is missing"))
            }
        }
        for key in ["vae", "encoder", "decoder", "regularizer"] {
            var header = FlexTokSettings.tiny.header
            header[key] = nil
            #expect(throws: TensorCatalog.Problem.self) { try Self.inferred(header) }
            header[key] = "{'_target_': 'flextok"
            #expect(throws: TensorCatalog.Problem.self) { try Self.inferred(header) }
            header[key] = "17"
            #expect(throws: TensorCatalog.Problem.self) { try Self.inferred(header) }
        }
    }

    @Test(arguments: [
        ("encoder", "preprocessors.registers.Registers1D", "preprocessors.registers.Mystery", "encoder.enc_register_module"),
        ("encoder", "flextok.model.postprocessors.seq_unpacking.SequenceUnpacker", "os.system", "os.system"),
        ("encoder", "channels_first_to_last", "something_else", "something_else"),
        (
            "decoder", "'dec_unpacker': {'_target_': 'flextok.model.postprocessors.seq_unpacking.SequenceUnpacker'", "'dec_unpacker': {'_target_': 'x.Other'",
            "dec_unpacker"
        ),
        ("decoder", "'dec_latent_dropout'", "'dec_other'", "dec_other"),
        ("decoder", "LearnedNullCond", "ZeroNullCond", "ZeroNullCond"),
        ("decoder", "FlexTransformer", "FlexTransformerDecoder", "FlexTransformerDecoder"),
        ("vae", "StableDiffusionVAE", "OtherVAE", "OtherVAE"), ("regularizer", "FSQ", "VQ", "VQ"),
        ("encoder", "SequentialModuleDictWrapper", "Sequential", "Sequential"),
        // Options that change the graph.
        ("encoder", "'use_mup_readout': False", "'use_mup_readout': True", "use_mup_readout"),
        ("encoder", "'mlp_ratio': 4.0", "'mlp_ratio': 4.0, 'gated_mlp': False", "gated_mlp"),
        ("encoder", "'mlp_ratio': 4.0", "'mlp_ratio': 4.0, 'qk_norm': False", "qk_norm"),
        ("encoder", "'mlp_ratio': 4.0", "'mlp_ratio': 4.0, 'rope_forward_read_key': 'r'", "rope"),
        ("encoder", "'mlp_ratio': 4.0", "'mlp_ratio': 'much'", "mlp_ratio"), ("encoder", "'mlp_ratio': 4.0", "'mlp_ratio': -1", "mlp_ratio"),
        ("encoder", "'mlp_ratio': 4.0", "'mlp_ratio': 4.0, 'norm_layer': {'_target_': 'x.Fp32LayerNorm'}", "norm_layer"),
        ("encoder", "causal_last", "sideways", "mask_mode"), ("encoder", "'sincos'", "'learnable_sum'", "posemb_type"),
        ("encoder", "'absolute'", "'interpolate'", "posemb_scaling"), ("encoder", "[8, 8]", "[8, 9]", "max_sizes"),
        ("encoder", "'nested'", "'avg'", "ordering_mode"), ("encoder", "'dim': 64", "'dim': 128", "expected"),
        ("encoder", "'depth': 1", "'depth': 2", "is missing"), ("encoder", "'depth': 1", "'depth': 0", "encoder.depth"),
        ("encoder", "'depth': 1", "'depth': 9000000000000000000", "encoder.depth"),
        ("encoder", "'head_dim': 32", "'head_dim': 48", "does not divide"), ("encoder", "'n_max': 8", "'n_max': 16", "max_sizes"),
        ("decoder", "'adaLN_expansion': 2", "'adaLN_expansion': 1", "adaLN_expansion"),
        ("decoder", "'per_subseq_embs': True", "'per_subseq_embs': False", "per_subseq_embs"),
        ("decoder", "'mask_mode': 'full'", "'mask_mode': 'causal'", "mask_mode"),
        ("decoder", "'max_timestep': 1.0", "'max_timestep': 0.0", "max_timestep"), ("decoder", "[8, 8]", "[4, 4]", "max_sizes"),
        ("decoder", "'learnable_sum'", "'sincos'", "posemb_type"), ("decoder", "'adaLN_emb_read_key': 't'", "'adaLN_emb_read_key': None", "adaLN_emb_read_key"),
        ("regularizer", "[8, 8, 8, 5, 5, 5]", "[8, 8]", "dim_out"), ("regularizer", "[8, 8, 8, 5, 5, 5]", "[1, 8, 8, 5, 5, 5]", "levels"),
        ("regularizer", "[8, 8, 8, 5, 5, 5]", "[4000, 4000, 8, 5, 5, 5]", "codes"), ("vae", "'scaling_factor': 0.5", "'scaling_factor': 0", "scaling_factor"),
        ("vae", "'latent_channels': 4", "'latent_channels': 8", "channels_in"),
    ])
    func settingsThatCannotBeBuilt(entry: String, part: String, replacement: String, text: String) throws {
        let found = try problem(entry) { $0.replacing(part, with: replacement) }
        #expect(found.contains(text), "\(part): \(found)")
    }

    @Test func shapesThatContradictTheSettings() throws {
        let whole = try Self.shapes(.tiny)
        for (name, shape) in whole where !name.hasPrefix("vae") || name.contains("conv_in") {
            for other in [nil, [], shape + [1], shape.map { _ in 1 << 40 }, shape.map { _ in 0 }] as [[Int]?] {
                var changed = whole
                changed[name] = other
                #expect(throws: TensorCatalog.Problem.self, "\(name)") {
                    try FlexTokConfiguration(inferredFrom: TensorCatalog(changed, metadata: FlexTokSettings.tiny.header))
                }
            }
        }
    }

    @Test(.enabled(if: Goldens.areAvailable, Comment(rawValue: Goldens.absence)))
    func theReferencesCheckpointsAreRecognised() throws {
        for name in Goldens.cases(of: "flextok") {
            let names = try GoldenCase("flextok", name).parameters.map(\.name)
            guard names.contains(where: { $0.hasPrefix("encoder.") }) else { continue }
            #expect(RecognisedCheckpoint.signature(of: Set(names))?.family == .flexTok)
        }
    }

    // MARK: - What it does

    private func tiny() throws -> FlexTok {
        var configuration = try JSONDecoder().decode(FlexTokConfiguration.self, from: Data(FlexTokSettings.tiny.json.utf8))
        configuration.autoencoder.blockChannels = FlexTokSettings.tiny.vae_block_out_channels
        let parameters = try Self.shapes(.tiny).map { name, shape in
            (name, Tensor.normal(shape, seed: stableHash(name), scale: 0.2))
        }
        return FlexTok(configuration, weights: Weights(NamedTensors(Dictionary(uniqueKeysWithValues: parameters))))
    }

    @Test func anyPrefixDecodes() throws {
        let model = try tiny()
        let images = SyntheticValues.tensor("images", shape: [2, 3, 32, 32], base: 0.5, scale: 0.5)
        let tokens = try model.tokenize(images)
        guard case .indices(let codes) = tokens else {
            Issue.record("no codes")
            return
        }
        #expect(codes.map(\.count) == [8, 8] && codes[0] != codes[1])
        var steps: [Int] = []
        let options = DecodeOptions(seed: 3, steps: 3)
        let all = try model.detokenize(tokens, guidedBy: nil, options: options) { steps.append($0.step) }
        #expect(steps == [1, 2, 3] && all.shape == images.shape)
        // Images of a batch do not depend on each other, nor on the length of the other's codes.
        let mixed = try model.detokenize(.indices([codes[0], Array(codes[1].prefix(3))]), guidedBy: nil, options: options) { _ in }
        #expect(zip(mixed.values, all.values).prefix(all.count / 2).allSatisfy { abs($0 - $1) < 1e-5 })
        let prefix = try model.detokenize(tokens.prefix(3), guidedBy: nil, options: options) { _ in }
        #expect(zip(mixed.values, prefix.values).suffix(all.count / 2).allSatisfy { abs($0 - $1) < 1e-5 })
        #expect(prefix.values != all.values)
        // Other noise, other guidance and other steps are other images.
        for other in [
            DecodeOptions(seed: 4, steps: 3), DecodeOptions(seed: 3, steps: 4), DecodeOptions(seed: 3, steps: 3, guidance: 1),
            DecodeOptions(seed: 3, steps: 3, method: .classifierFree), DecodeOptions(seed: 3, steps: 3, rng: .torch),
        ] {
            #expect(try model.detokenize(tokens, guidedBy: nil, options: other) { _ in }.values != all.values)
        }
        #expect(try model.detokenize(tokens, guidedBy: nil, options: options) { _ in }.values == all.values)
        struct Stop: Error {}
        #expect(throws: Stop.self) { try model.detokenize(tokens, guidedBy: nil, options: options) { _ in throw Stop() } }
    }

    @Test func tokensThatItDoesNotHave() throws {
        let model = try tiny()
        for (codes, text) in [
            ([], "0 tokens, expected 1 to 8"), ([Int32](repeating: 0, count: 9), "9 tokens, expected 1 to 8"),
            ([64000], "token 0 of image 0 is 64000, expected 0 to 63999"), ([3, -1], "token 1 of image 0 is -1"),
        ] as [([Int32], String)] {
            #expect(refusal { try model.detokenize(.indices([codes])) }.text.contains(text))
        }
        #expect(refusal { try model.detokenize(.latents(.zeros([1, 8, 6]))) }.text.contains("latents"))
        #expect(refusal { try model.tokenize(.zeros([1, 3, 16, 32])) }.text.contains("[1, 3, 16, 32]"))
    }

    @Test func registersSeeWhatComesBeforeThem() throws {
        let model = try tiny()
        let latents = Tensor.normal([1, 4, 16, 16], seed: 5)
        let z = try model.encoder(latents)
        #expect(z.shape == [1, 8, 6])
        // The order of the registers matters: the first does not see the others.
        var parameters = try Self.shapes(.tiny).map { ($0, Tensor.normal($1, seed: stableHash($0), scale: 0.2)) }
        let place = try #require(parameters.firstIndex { $0.0.hasSuffix(".registers") })
        var values = parameters[place].1.values
        for i in values.count - 64..<values.count { values[i] += 1 }
        parameters[place].1 = Tensor(values, shape: parameters[place].1.shape)
        let changed = try FlexTok(model.configuration, weights: Weights(NamedTensors(Dictionary(uniqueKeysWithValues: parameters)))).encoder(latents)
        #expect(zip(z.values, changed.values).prefix(7 * 6).allSatisfy { abs($0 - $1) < 1e-6 })
        #expect(z.values.suffix(6) != changed.values.suffix(6))
    }

    @Test func itIsTrainedAsItIsServed() throws {
        let model = try tiny()
        let codes: [[Int32]] = [[5, 70, 900, 12], [1, 2]]
        let x = Tensor.normal([2, 4, 16, 16], seed: 6)
        // Served weights keep their modulation by time; recorded ones compute it.
        let parameters = try Self.shapes(.tiny).map { ($0, Tensor.normal($1, seed: stableHash($0), scale: 0.2)) }
        let folder = try TemporaryFolder()
        try Checkpoint.write(
            parameters + model.configuration.tables.map { ($0.name, $0.tensor) }, metadata: FlexTokSettings.tiny.header, to: folder("m.safetensors"))
        let served = try #require(try model.configuration.load(Checkpoint(path: folder("m.safetensors"))) as? FlexTok)
        let times: [Float] = [0.25, 0.75]
        let (first, second) = (model, served)
        let a = try first.decoder(x, times: times, registers: first.registers(codes))
        let b = try second.decoder(x, times: times, registers: second.registers(codes))
        #expect(zip(a.values, b.values).allSatisfy { abs($0 - $1) < 1e-4 })
    }
}

/// Guidance and the flow that FlexTok's decoder follows.
@Suite struct RectifiedFlowTests {
    @Test func straightLinesAreFollowedExactly() throws {
        let (data, noise) = (Tensor.normal([2, 3], seed: 1), Tensor.normal([2, 3], seed: 2))
        var times: [Float] = []
        let found = try RectifiedFlow.integrate(noise, steps: 5) { _, time in
            times.append(time)
            return noise - data
        }
        #expect(times == [1, 0.8, 0.6, 0.4, 0.2])
        #expect(zip(found.values, data.values).allSatisfy { abs($0 - $1) < 1e-5 })
        let between = RectifiedFlow.point(data: data, noise: noise, times: [0, 1])
        #expect(Array(between.values.prefix(3)) == Array(data.values.prefix(3)) && Array(between.values.suffix(3)) == Array(noise.values.suffix(3)))
        #expect(throws: SolverError.self) { try RectifiedFlow.integrate(noise, steps: 1) { _, _ in .filled([2, 3], with: .nan) } }
    }

    @Test func projectedGuidanceKeepsTheConditionalPart() {
        let (with, without) = (Tensor.normal([1, 40], seed: 3), Tensor.normal([1, 40], seed: 4))
        var guidance = ProjectedGuidance(scale: 1)
        #expect(guidance(conditional: with, unconditional: without).values == with.values)
        guidance = ProjectedGuidance(scale: 7.5)
        let guided = guidance(conditional: with, unconditional: without)
        let added = guided - with
        let along = zip(added.values, with.values).reduce(0) { $0 + Double($1.0) * Double($1.1) }
        #expect(abs(along) < 1e-4 && added.norm > 1 && added.norm <= 6.5 * 2.5 + 1e-4)
        // The next step remembers.
        var fresh = ProjectedGuidance(scale: 7.5)
        let other = Tensor.normal([1, 40], seed: 5)
        #expect(guidance(conditional: with, unconditional: other).values != fresh(conditional: with, unconditional: other).values)
    }
}
